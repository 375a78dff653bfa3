"""Stopping the grader, and using it wrongly: nothing is lost, and one sentence says what to do."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from handed_in import EXAMPLE, QUICK, ROOT, marks, notebook, submit

from homework.grader import sandbox, store
from homework.grader.__main__ import main
from homework.grader.grade import grade

COMMAND = [sys.executable, "-m", "homework.grader", "--homework", str(EXAMPLE)]
PROCESSES = 2 if sandbox.missing() else 14  # of two workers: with a sandbox 5 of each, and the server's 4
SLEEPS = "import time\ntry:\n    time.sleep(15)\nexcept BaseException:\n    time.sleep(15)"


def test_ctrl_c_ends_within_two_seconds_and_loses_nothing(tmp_path):
    slow = {f"z{number}": notebook(first=SLEEPS) for number in range(4)}
    theirs = submit(tmp_path / "in", ana=notebook(), ben=notebook(), **slow)
    out = tmp_path / "out"
    command = [*COMMAND, "grade", str(theirs), "--sheet", "averages", "--out", str(out), "--jobs", "2"]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    mine = psutil.Process(run.pid)
    while len(list(out.glob("results/[ab]*.json"))) < 2 or len(mine.children(recursive=True)) < PROCESSES:
        assert run.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)  # both are asleep
    workers, started = mine.children(recursive=True), time.monotonic()
    run.send_signal(signal.SIGINT)
    said, complained = run.communicate(timeout=20)
    took = time.monotonic() - started
    assert complained == "Stopped. The same command goes on from here.\n"
    assert run.returncode == 130
    assert took < 2 + busy()
    assert not psutil.wait_procs(workers, timeout=5)[1]
    assert sorted(path.name for path in (out / "results").iterdir()) == ["ana.json", "ben.json"]
    assert said.count(": 8 points") == 2


def busy() -> float:
    """Seconds that a machine on which much else runs may take longer."""
    return max(0, os.getloadavg()[0] / (os.cpu_count() or 1) - 1)


def test_what_is_finished_when_ctrl_c_comes_is_saved(tmp_path, averages):
    """Ctrl-C comes just as the first mark is said: others are done at the same time."""
    theirs, said = submit(tmp_path / "in", **{f"s{number}": notebook() for number in range(6)}), []
    before = signal.getsignal(signal.SIGINT)  # a shell's background job is started with it ignored

    def say(line: str) -> None:
        said.append(line)
        if line.startswith("1/6"):
            time.sleep(5)  # the others under way get done
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        grade(theirs, averages, tmp_path / "out", jobs=2, limits=QUICK, say=say)
    kept = list((tmp_path / "out" / "results").glob("*.json"))
    assert len(kept) == sum("points" in line for line in said) >= 2
    assert all(json.loads(path.read_text("utf-8"))["state"] == "graded" for path in kept)
    assert signal.getsignal(signal.SIGINT) is before
    grade(theirs, averages, tmp_path / "out", jobs=2, limits=QUICK, say=said.append)
    assert f"6 submissions, {len(kept)} of them graded before." in said
    assert [row["total"] for row in marks(tmp_path / "out").values()] == ["8"] * 6


def wrong(capsys, *arguments: str) -> str:
    """Use the command wrongly; return its one sentence."""
    try:
        code = main(["--homework", str(EXAMPLE), *map(str, arguments)])
    except SystemExit as problem:  # from argparse
        code = problem.code
    assert code == 2
    said = capsys.readouterr().err.strip()
    assert "Traceback" not in said
    return said.splitlines()[-1]


@pytest.mark.parametrize("jobs", ["-1", "0", "two", "1.5", ""])
def test_a_number_of_jobs_that_cannot_be_is_refused(tmp_path, capsys, jobs):
    said = wrong(
        capsys, "grade", tmp_path, "--sheet", "averages", "--out", tmp_path / "out", f"--jobs={jobs}"
    )
    assert "it must be at least 1" in said


def test_a_zip_in_a_folder_that_is_not_there_is_refused_before_anything_is_written(tmp_path, capsys):
    to, packed = tmp_path / "to", tmp_path / "missing" / "x.zip"
    assert wrong(capsys, "release", "--to", to, "--zip", packed) == f"There is no folder {packed.parent}."
    assert not to.exists()


def test_a_zip_that_is_a_folder_and_a_folder_that_is_a_file_are_one_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert (
        wrong(capsys, "release", "--to", tmp_path / "to", "--zip", tmp_path) == f"{tmp_path}: Is a directory."
    )
    assert wrong(capsys, "release", "--to", tmp_path / "file") == f"{tmp_path / 'file'}: File exists."


def test_marks_in_a_file_are_refused(tmp_path, capsys):
    theirs, out = submit(tmp_path / "in", ana=notebook()), tmp_path / "file"
    out.write_text("mine")
    said = wrong(capsys, "grade", theirs, "--sheet", "averages", "--out", out)
    assert said == f"{out} is a file: name a folder for the marks."
    below = wrong(capsys, "grade", theirs, "--sheet", "averages", "--out", out / "marks")
    assert below.endswith(": Not a directory.")
    assert out.read_text() == "mine"
    assert wrong(capsys, "report", out) == f"{out} is no folder that `grade` has written."
    assert (
        wrong(capsys, "grade", out, "--sheet", "averages", "--out", tmp_path / "out")
        == f"There is no folder {out}."
    )


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, capsys):
    theirs = submit(tmp_path / "in", ana=notebook())
    said = wrong(capsys, "grade", theirs, "--sheet", "averages", "--out", "/proc/marks")
    assert said.startswith("/proc/marks")
    assert said.endswith((": No such file or directory.", ": Permission denied."))


def test_a_full_disk_ends_the_batch_in_one_sentence_and_keeps_what_is_there(tmp_path, capsys, monkeypatch):
    theirs = submit(tmp_path / "in", ana=notebook(), ben=notebook())
    put, written = store.put, []

    def full(path, text):
        written.append(path)
        if path.parent.name == "results" and len(written) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        put(path, text)

    monkeypatch.setattr(store, "put", full)
    said = wrong(capsys, "grade", theirs, "--sheet", "averages", "--out", tmp_path / "out", "--jobs", "1")
    assert said.endswith("ben.json: No space left on device.")
    assert [path.name for path in (tmp_path / "out" / "results").iterdir()] == ["ana.json"]


def test_a_file_is_old_or_new_and_never_half(tmp_path):
    store.put(tmp_path / "x", "old")

    def pieces():
        yield "new"
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        store.put(tmp_path / "x", pieces())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x", "old")]


@pytest.mark.skipif(bool(sandbox.missing()), reason=sandbox.missing())
def test_a_process_that_is_stopped_leaves_none_behind(averages):
    from homework.grader.process import STOP, Worker
    from homework.grader.states import Stopped

    worker = Worker()
    STOP.set()
    try:
        with pytest.raises(Stopped):
            worker.ask({"run": "1", "seconds": 5}, 20)
    finally:
        STOP.clear()
    assert worker._process.poll() is not None
