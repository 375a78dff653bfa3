"""The same jobs on a Dask cluster of two workers, of which one is killed midway."""

import os
import signal
import threading

import pytest
from handed_in import QUICK, marks, notebook, submit

from homework.grader.grade import grade

distributed = pytest.importorskip("distributed")


def test_no_mark_is_lost_when_a_worker_is_killed(tmp_path, averages):
    theirs = submit(
        tmp_path / "in", **{f"s{n}": notebook(first="import time\ntime.sleep(1)") for n in range(10)}
    )
    said, killed = [], threading.Event()
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs="CRITICAL"
    ) as cluster:
        with distributed.Client(cluster) as client:
            victim, *_ = client.run(os.getpid).values()

        def say(line: str) -> None:
            said.append(line)
            if ": 8 points" in line and not killed.is_set():
                os.kill(victim, signal.SIGKILL)
                killed.set()

        grade(theirs, averages, tmp_path / "out", scheduler=cluster.scheduler_address, limits=QUICK, say=say)
    assert killed.is_set()
    assert [row["total"] for row in marks(tmp_path / "out").values()] == ["8"] * 10
    assert sorted(line.split()[1] for line in said if ": 8 points" in line) == sorted(
        f"s{n}:" for n in range(10)
    )
