"""A process that has imported PyTorch, which is most of what a submission costs, and forks for each.

It stands outside of all sandboxes, so it holds nothing that a student may not know: no test, no answer, no
mark. It runs no code of a student's. Each child enters the sandbox that bubblewrap has made for a submission
and gives up what a process started there would not have; only then is it a worker.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import random
import signal
import socket
import sys

from . import worker

PLACE = "/grader"  # of this package and of the book's helpers, in each sandbox
NAMESPACES = {  # clone(2); Python itself has os.setns only since 3.12
    "mnt": 0x20000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000, "pid": 0x20000000,
    "net": 0x40000000,
}  # fmt: skip
SET_DUMPABLE, DROP_BOUND, NO_NEW_PRIVILEGES = 4, 24, 38  # prctl(2)
CAPABILITIES, VERSION = 64, 0x20080522  # capset(2)

libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments) -> None:
    """Call a function of libc. Raises OSError if it fails."""
    if getattr(libc, name)(*arguments):
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def prctl(what: int, value: int) -> None:
    """Set an attribute of this process."""
    call("prctl", what, *map(ctypes.c_ulong, (value, 0, 0, 0)))


def which(namespace: str) -> str:
    """Return which namespace of a kind this process is in."""
    return os.readlink(f"/proc/self/ns/{namespace}")  # noqa: PTH115 (pathlib would read it as a path)


def serve(control: socket.socket) -> None:  # pragma: no cover (a process of its own, like all below)
    """For each request that comes, with a sandbox and two pipes, start a worker; answer with two numbers:

    that of its parent and its own.
    """
    outside = {name: which(name) for name in NAMESPACES}
    while True:
        request, files, *_ = socket.recv_fds(control, 1 << 16, 3)
        if not request:
            return  # the grader has ended
        if not os.fork():
            try:
                enter(control, outside, json.loads(request), *files)
            except OSError as problem:
                control.send(str(problem).encode())
            finally:
                os._exit(1)
        for file in files:
            os.close(file)


def enter(
    control: socket.socket, outside: dict[str, str], request: dict, sandbox: int, requests: int, replies: int
) -> None:  # pragma: no cover
    """Enter a sandbox and start a worker there: only a child of this process is in its PID namespace.

    This process stays, or a student's process could become a child of the server: clone(2), CLONE_PARENT.
    Where the worker becomes another user, the sandbox has no user namespace of its own.
    """
    if request["user"]:
        del outside["user"]
    call("setns", sandbox, sum(NAMESPACES[name] for name in outside))
    begun, begins = os.pipe()
    if child := os.fork():
        os.close(begins)
        well = os.read(begun, 1)
        control.send(f"{os.getpid()} {child}".encode() if well else b"a child is not shut in")
        os.closerange(0, os.sysconf("SC_OPEN_MAX"))
        with contextlib.suppress(ChildProcessError):  # it has no child any more
            while True:
                os.wait()
        return
    os.setsid()  # signals to its group reach nobody else
    control.detach()
    for number, file in enumerate([requests, replies, replies, begins]):
        os.dup2(file, number)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    os.chdir("/tmp")
    forget_rights(request["user"])
    if any(which(name) == there for name, there in outside.items()) or os.access("/proc/self/exe", os.W_OK):
        return  # never a student's code outside of a sandbox
    start_anew(request["environment"])
    os.write(3, b".")
    os.close(3)
    worker.main()


def forget_rights(user: int) -> None:  # pragma: no cover
    """Have no capabilities and no way to gain any: entering a user namespace has given them all in there."""
    prctl(SET_DUMPABLE, 1)  # as after exec: its files in /proc are its own
    prctl(NO_NEW_PRIVILEGES, 1)
    for capability in range(CAPABILITIES):
        with contextlib.suppress(OSError):  # this system has fewer
            prctl(DROP_BOUND, capability)
    worker.give_up_rights(user)
    call("capset", (ctypes.c_uint32 * 2)(VERSION, 0), (ctypes.c_uint32 * 6)())


def start_anew(environment: dict[str, str]) -> None:  # pragma: no cover
    """Be as a process that has just been started: in its surroundings, and with random numbers of its own."""
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sys.path[1] = PLACE
    sys.modules[__package__].__path__ = [f"{PLACE}/{__package__}"]
    importlib.invalidate_caches()
    random.seed()
    sys.modules["torch"].default_generator.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def main() -> None:  # pragma: no cover
    """Import, then serve the grader until it ends."""
    gc.disable()  # see worker.load
    import torch

    torch.optim.SGD([torch.zeros(1)], 0.1)  # the first optimizer imports another second's worth
    gc.enable()
    gc.collect()
    gc.freeze()  # what is here already, no child looks through or copies
    if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
        return  # a fork would lack the other threads
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to wait for a child that has ended
    serve(socket.socket(fileno=os.dup(0)))
