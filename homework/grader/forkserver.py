"""The fork server from outside: start it, and let it fork. What it does stands in inside/forkserver.py."""

import atexit
import functools
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from homework.grader.memory import family
from homework.grader.sandbox import HERE, empty, end, environment
from homework.grader.states import STOP, Stopped

START = "import sys; sys.path.insert(1, {home!r}); from inside import forkserver; forkserver.main()"
PATIENCE = 90  # seconds: it may still import PyTorch, on a busy machine
LOOK = 0.2  # seconds from one look at Ctrl-C to the next


class ForkServer:
    """A process that has imported PyTorch, and ends with this one."""

    def __init__(self):
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        # A child could write to /proc/self/exe, a user's own Python: so run the one that a sandbox shows,
        # read-only. HOME and the folder are none where others could put what Python would import.
        self._sandbox = empty()
        python = f"/proc/{family(self._sandbox.pid)[-1]}/root{Path(sys.executable).resolve()}"
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-s", "-c", START.format(home=str(HERE))], executable=python, cwd="/",
                    stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    env=environment() | {"HOME": "/"}, start_new_session=True,
                )  # fmt: skip
        except OSError:
            end(self._sandbox)
            self._control.close()
            raise

    def fork(self, sandbox: subprocess.Popen, requests: int, replies: int, user: int) -> list[int]:
        """Start a worker in an empty sandbox, as `user` if that is not 0; return its parent's number and its.

        Raises OSError if that cannot be done here, and from then on.
        """
        around = environment() | {"PWD": "/tmp"}  # as bubblewrap sets it
        request = json.dumps({"user": user, "environment": around}).encode()
        with self._lock:
            try:
                member = os.pidfd_open(family(sandbox.pid)[-1])
                try:
                    socket.send_fds(self._control, [request], [member, requests, replies])
                finally:
                    os.close(member)
                return self._reply()
            except AttributeError:  # this Python was built for an older Linux
                self.close()
                raise OSError("there is no os.pidfd_open") from None
            except BaseException:
                self.close()
                raise

    def _reply(self) -> list[int]:
        until = time.monotonic() + PATIENCE
        while not select.select([self._control], [], [], LOOK)[0]:
            if STOP.is_set():
                raise Stopped
            if time.monotonic() > until:
                raise TimeoutError
        reply = self._control.recv(1000).decode()
        if not reply[:1].isdigit():
            raise OSError(reply)
        return [int(number) for number in reply.split()]

    def close(self) -> None:
        """End it, but not the workers."""
        self._control.close()
        self._process.kill()
        self._process.wait()
        end(self._sandbox)


@functools.cache
def server() -> ForkServer:
    """The one of this process."""
    made = ForkServer()
    atexit.register(made.close)
    return made
