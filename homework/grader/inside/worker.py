"""Runs a student's cells and answers calls to their functions. Started inside the sandbox.

No test, no answer and no mark is ever sent here: whatever the student's code does to this process, it
finds nothing, and all that it can send back is data. One JSON line in, one out:
    {"read": bytes, …} and the notebook  ->  {"cells": …, "used": …} or {"unreadable": code}
    {"load": is torch needed}            ->  {}; importing it takes a while
    {"run": source}                      ->  {"error": text or None, "names": its classes}
    {"call": name, "args", "kwargs"}     ->  {"value", "args"} or {"error", "names"}
The last two may say which packages are "absent" and which magics "unknown".
"""

import ast
import contextlib
import gc
import json
import os
import resource
import signal
import sys
import time

from . import bans, clock, notebook, wire
from .cells import Cells, TooLong
from .source import Given, statements, with_magics

MEMORY, FILE, PROCESSES = 6 << 30, 32 << 20, 16  # bytes, bytes of one file; torch alone maps 3 GB
DEEP = 20_000  # calls within calls, for expressions that are as deep as Python can run


def limit(seconds: float) -> None:
    """Raise TooLong in `seconds`, or never if they are 0. Who catches that is killed by the grader.

    On a busy machine the time in which the process could not run does not count.
    """
    clock.started, clock.seconds = time.monotonic() - clock.waited(), seconds
    signal.setitimer(signal.ITIMER_REAL, seconds)


def out_of_time(*_) -> None:
    """What the alarm does."""
    left = clock.started + clock.seconds - (time.monotonic() - clock.waited())
    if left < 0.01:
        raise TooLong
    signal.setitimer(signal.ITIMER_REAL, left)


def give_up_rights(user: int) -> None:  # pragma: no cover (for good, so in a process of its own)
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
    usual = sys.getrecursionlimit()
    try:
        cells = notebook.read_cells(data)
        sys.setrecursionlimit(DEEP)
        given = Given(request["checks"])
        code, bodies = [cell for cell in cells if cell["kind"] == "code"], []
        for cell in code:
            own = given.own(cell)
            cell["run"] = cell["source"] if own is None else "\n".join(map(ast.unparse, own))
            bodies.append(with_magics(statements(cell["source"]) if own is None else own))
        used = {
            question: bans.uses(bodies, set(look["own"]), set(look["others"]), look["forbidden"])
            for question, look in request["questions"].items()
        }
    except (ValueError, MemoryError, RecursionError) as problem:
        return {"unreadable": str(problem) if isinstance(problem, notebook.NotRead) else "too-large"}
    finally:
        sys.setrecursionlimit(usual)
    return {"cells": cells, "used": used}


def load(needed: bool) -> dict:
    """Import what takes long, outside the student's time."""
    if needed:
        gc.disable()  # saves a fifth: an import makes much and leaves no rubbish
        import torch  # noqa: F401

        gc.enable()
    return {}


def call(request: dict, space: dict) -> dict:
    """Call one function."""
    if request["call"] not in space:
        return {"error": f"there is no function {request['call']}", "names": []}
    args, kwargs = wire.decode(request["args"]), wire.decode(request["kwargs"])
    value = space[request["call"]](*args, **kwargs)
    return {"value": wire.encode(value), "args": wire.encode(args)}


def answer(request: dict, cells: Cells) -> dict:
    """Run or call with a time limit; an error of any kind is an answer, too."""
    reply = {"error": None, "names": []}
    try:
        limit(request["seconds"])
        if "run" in request:
            cells.run(request["run"])
        else:
            reply = call(request, cells.space)
        limit(0)
    except TooLong:
        reply = {"error": f"it ran longer than {request['seconds']:g} s", "names": ["TooLong"]}
    except BaseException as problem:
        limit(0)
        kind = type(problem)
        reply = {
            "error": f"{kind.__name__}: {str(problem)[:300]}",
            "names": [one.__name__ for one in kind.__mro__],
        }
    return reply | cells.notes()


def serve(requests, replies, cells: Cells) -> None:
    """Answer each request until the pipe is closed."""
    me = os.getpid()
    for line in requests:
        request = json.loads(line)
        if "read" in request:
            reply = read(request, requests.read(request["read"]))
        elif "load" in request:
            reply = load(request["load"])
        else:
            reply = answer(request, cells)
        if os.getpid() != me:
            os._exit(0)  # a fork of the student's
        replies.write(json.dumps(reply | {"number": request["number"]}).encode() + b"\n")
        replies.flush()


def main() -> None:  # pragma: no cover (the process itself: its pipes)
    """Serve the grader until it closes the pipe."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)  # prints and warnings disturb nobody
    signal.signal(signal.SIGALRM, out_of_time)
    cells = Cells()
    cells.become_main()
    serve(requests, replies, cells)
