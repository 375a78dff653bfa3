"""What runs inside the sandbox, here: one JSON line in, one out."""

import io
import json
import os
import signal
import subprocess
import sys

import pytest
from handed_in import ROOT, notebook

from homework.grader.inside import clock, worker
from homework.grader.inside.cells import Cells


@pytest.fixture(autouse=True)
def alarm():
    """The alarm is as in the process."""
    before = signal.signal(signal.SIGALRM, worker.out_of_time)
    yield
    signal.signal(signal.SIGALRM, before)


def replies(*requests: dict, data: bytes = b"") -> list[dict]:
    """Serve these requests; return the replies."""
    lines = [json.dumps(one | {"number": n}).encode() + b"\n" for n, one in enumerate(requests)]
    said = io.BytesIO()
    worker.serve(io.BytesIO(lines[0] + data + b"".join(lines[1:])), said, Cells())
    return [json.loads(line) for line in said.getvalue().splitlines()]


def call(name: str, *args, **kwargs) -> dict:
    """A request to call a function."""
    return {"call": name, "args": {"kind": "list", "items": list(args)},
            "kwargs": {"kind": "dict", "items": list(kwargs.items())}, "seconds": 5}  # fmt: skip


def test_a_notebook_is_read_run_and_called():
    book = json.dumps(notebook()).encode()
    questions = {"mean": {"own": ["mean"], "others": [], "forbidden": ["math.fsum"]}}
    source = (
        "import seaborn\ndef f(x):\n    x.append(1)\n    return x\ndef g(): raise KeyError('k' * 999)\n1 / 0"
    )
    read, load, run, f, g, none = replies(
        {"read": len(book), "questions": questions, "checks": {}},
        {"load": False},
        {"run": source, "seconds": 5},
        call("f", {"kind": "list", "items": []}),
        call("g"),
        call("h"),
        data=book,
    )
    assert [cell["name"] for cell in read["cells"]].count("mean") == 1
    assert read["used"] == {"mean": ["math.fsum"]}
    assert load == {"number": 1}
    assert (run["error"], run["absent"]) == ("ZeroDivisionError: division by zero", ["seaborn"])
    assert f["value"] == {"kind": "list", "items": [1]}
    assert f["args"]["items"] == [f["value"]]
    assert len(g["error"]) <= 310
    assert "LookupError" in g["names"]
    assert none == {"error": "there is no function h", "names": [], "number": 5}


def test_torch_is_loaded_beforehand():
    assert replies({"load": True}) == [{"number": 0}]
    assert "torch" in sys.modules


def test_time_in_which_the_process_could_not_run_does_not_count(monkeypatch):
    waits = iter([0.0, *[0.5] * 1000])  # half a second is spent in waiting, as the system says
    monkeypatch.setattr(clock, "waited", lambda: next(waits))
    spend = "import time\nend = time.monotonic() + {}\nwhile time.monotonic() < end: pass"
    enough, too_long = (replies({"run": spend.format(s), "seconds": 0.4}) for s in (0.6, 5))
    assert enough[0]["error"] is None
    waits = iter([0.0, *[0.5] * 1000])
    assert too_long[0]["names"] == ["TooLong"]


def test_how_long_a_process_waited_is_what_the_system_says():
    assert clock.waited() >= 0
    assert clock.waited(2**30) == 0


def test_rights_are_given_up(tmp_path):
    """In a process of its own, since they are gone for good."""
    code = "import resource; from homework.grader.inside import worker; worker.give_up_rights(0); "
    code += (
        "print(*(resource.getrlimit(getattr(resource, 'RLIMIT_' + w))[0] for w in ('AS', 'FSIZE', 'CORE')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=os.environ
    )
    assert run.stdout.split() == [str(worker.MEMORY), str(worker.FILE), "0"]
