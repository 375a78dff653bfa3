"""Runs a student's cells and answers calls to their functions. Started inside the sandbox, by its path.

No test, no answer and no mark is ever sent here: whatever the student's code does to this process, it
finds nothing, and all that it can send back is data. One JSON line in, one out:
    {"read": bytes, …} and the notebook  ->  {"cells": …, "used": …} or {"unreadable": why}
    {"load": is torch needed}            ->  {}; importing it takes a while
    {"run": source}                      ->  {"error": text or None, "names": its classes}
    {"call": name, "args", "kwargs"}     ->  {"value", "args"} or {"error", "names"}
"""

import contextlib
import gc
import json
import os
import resource
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 (pathlib costs time)
import submission
import wire

MEMORY, FILE, PROCESSES = 6 << 30, 32 << 20, 16  # bytes, bytes of one file; torch alone maps 3 GB
SOURCE = 4 << 20  # of all cells together


class TooLong(BaseException):
    """The cell or call is out of time. Not an Exception, so that `except Exception` does not catch it."""


def limit(seconds: float) -> None:
    """Raise TooLong in `seconds`, or never if they are 0. Who catches that is killed by the grader."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def out_of_time(*_) -> None:
    """What the alarm does."""
    raise TooLong


def give_up_rights(user: int) -> None:
    """Set the limits, and become `user` if we are root: root has no limit on processes."""
    if user:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    for what, most in [("AS", MEMORY), ("FSIZE", FILE), ("NPROC", PROCESSES), ("CORE", 0)]:
        with contextlib.suppress(ValueError, OSError):  # macOS has no limit on memory
            resource.setrlimit(getattr(resource, f"RLIMIT_{what}"), (most, most))


def read(request: dict, data: bytes) -> dict:
    """Read the notebook, and look for forbidden calls, before anything of it is run."""
    try:
        cells = submission.read_cells(data)
        if sum(len(cell["source"]) for cell in cells) > SOURCE:
            raise ValueError("its cells hold more than 4 MB of text")
        # The sheet's own checks are no part of an answer, and may use what answers may not.
        code = [cell["source"] for cell in cells if cell["kind"] == "code"]
        code = [source for source in code if source.strip() not in request["checks"]]
        used = {
            question: submission.calls_found(code, set(look["own"]), set(look["others"]), look["forbidden"])
            for question, look in request["questions"].items()
        }
    except (ValueError, MemoryError, RecursionError) as problem:
        return {"unreadable": str(problem) or "it is too large"}
    return {"cells": cells, "used": used}


def load(needed: bool) -> dict:
    """Import what takes long, outside the student's time."""
    if needed:
        gc.disable()  # saves a fifth: an import makes much and leaves no rubbish
        import torch  # noqa: F401

        gc.enable()
    return {}


def namespace() -> dict:
    """What the cells see: input() gives nothing, and what only Jupyter has does nothing."""

    class Nothing:
        def __getattr__(self, name):
            return lambda *_, **__: None

    return {
        "__name__": "__main__",
        "input": lambda *_: "",
        "get_ipython": Nothing,
        "display": lambda *_, **__: None,
    }


def run(source: str, space: dict) -> dict:
    """Run one cell."""
    exec(compile(submission.plain_python(source), "<cell>", "exec"), space)
    return {"error": None, "names": []}


def call(request: dict, space: dict) -> dict:
    """Call one function."""
    if request["call"] not in space:
        return {"error": f"there is no function {request['call']}", "names": []}
    args, kwargs = wire.decode(request["args"]), wire.decode(request["kwargs"])
    value = space[request["call"]](*args, **kwargs)
    return {"value": wire.encode(value), "args": wire.encode(args)}


def answer(request: dict, space: dict) -> dict:
    """Run or call with a time limit; an error of any kind is an answer, too."""
    try:
        limit(request["seconds"])
        reply = run(request["run"], space) if "run" in request else call(request, space)
        limit(0)
        return reply
    except TooLong:
        return {"error": f"it ran longer than {request['seconds']:g} s", "names": ["TooLong"]}
    except BaseException as problem:
        limit(0)
        kind = type(problem)
        return {
            "error": f"{kind.__name__}: {str(problem)[:300]}",
            "names": [one.__name__ for one in kind.__mro__],
        }


def main() -> None:
    """Serve the grader until it closes the pipe."""
    give_up_rights(int(sys.argv[1]))
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)  # prints and warnings disturb nobody
    signal.signal(signal.SIGALRM, out_of_time)
    me, space = os.getpid(), namespace()
    for line in requests:
        request = json.loads(line)
        if "read" in request:
            reply = read(request, requests.read(request["read"]))
        elif "load" in request:
            reply = load(request["load"])
        else:
            reply = answer(request, space)
        if os.getpid() != me:
            os._exit(0)  # a fork of the student's
        replies.write(json.dumps(reply | {"number": request["number"]}).encode() + b"\n")
        replies.flush()


if __name__ == "__main__":
    main()
