"""One student's process: start it, ask it, watch over its time and memory, end it."""

import itertools
import json
import os
import select
import tempfile
import time

from homework.grader.inside import clock
from homework.grader.memory import family, memory
from homework.grader.sandbox import end, missing
from homework.grader.start import start
from homework.grader.states import STOP, Gone, State, Stopped

REPLY = 40 << 20  # bytes of one answer
MEMORY = 2 << 30  # bytes of all processes together
LOOK = 0.2  # seconds from one look at the memory to the next
PATIENCE = 5  # times as long as it may run, a process may wait for a processor


class Worker:
    """One worker process. Use it in one thread: bubblewrap ends with the thread that started it."""

    def __init__(self, most: int = MEMORY):
        self._most, self._look, self._alone = most, 0.0, 0
        self._numbers, self._buffer = itertools.count(), b""
        self._folder = tempfile.TemporaryDirectory(prefix="homework-") if missing() else None
        requests, self._in = os.pipe()
        self._out, replies = os.pipe()
        self._pipes = [os.fdopen(self._in, "wb", 0), os.fdopen(self._out, "rb", 0)]
        with os.fdopen(requests, "rb", 0), os.fdopen(replies, "wb", 0):
            self._process, forked = start(requests, replies, self._folder.name if self._folder else "")
        self._parent, self._pid = forked or (0, 0)
        os.set_blocking(self._in, False)

    def ask(self, request: dict, seconds: float, data: bytes = b"") -> dict:
        """Send one request and return its reply, or raise Gone."""
        number, self._before = next(self._numbers), self.waited()
        self._deadline, self._most_wait = time.monotonic() + seconds, self._before + PATIENCE * seconds
        try:
            self._send(json.dumps(request | {"number": number}).encode() + b"\n" + data)
            reply = json.loads(self._line())
            if not isinstance(reply, dict) or reply.get("number") != number:
                raise ValueError
            self._leave_none_behind(reply)
            return reply
        except Stopped:
            self.close()
            raise
        except ChildProcessError:
            state = State.LEFT_PROCESSES
        except MemoryError:
            state = State.GROWN
        except TimeoutError:
            state = State.HUNG
        except (OSError, EOFError):
            state = State.ENDED
        except (ValueError, RecursionError):
            state = State.NONSENSE
        self.close()
        raise Gone(state, f"{self._most / 2**30:g}" if state is State.GROWN else "")

    def _family(self) -> list[int]:
        """Its processes, whatever has become of their parents; its own parent is no part of it."""
        tops = [self._process.pid, self._parent] if self._parent else [self._process.pid]
        return [pid for pid in family(*tops) if pid != self._parent]

    def _leave_none_behind(self, reply: dict) -> None:
        """Raise ChildProcessError if what failed has left processes, whose memory the next would pay for."""
        if not self._alone or reply.get("error"):
            pids = self._family()
            self._alone, self._pid = self._alone or len(pids), self._pid or pids[-1]
            if len(pids) > self._alone:
                raise ChildProcessError

    def waited(self) -> float:
        """Return the seconds in which the process could not run, since others did."""
        return clock.waited(self._pid) if self._pid else 0.0

    def _send(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            self._wait([], [self._in])
            left = left[os.write(self._in, left[: 1 << 16]) :]

    def _wait(self, read: list[int], write: list[int]) -> None:
        """Wait until the pipe is ready; meanwhile watch over time and memory."""
        while True:
            now = time.monotonic()
            if STOP.is_set():
                raise Stopped
            if now >= self._look:
                self._look = now + LOOK
                pids = self._family()
                if memory(pids) > self._most and memory(pids, exactly=True) > self._most:
                    raise MemoryError
            if any(select.select(read, write, [], LOOK)):
                return
            waited = min(self.waited(), self._most_wait) - self._before
            if now >= self._deadline + waited:
                raise TimeoutError

    def _line(self) -> bytes:
        pieces = [self._buffer]
        while b"\n" not in pieces[-1]:
            self._wait([self._out], [])
            pieces.append(os.read(self._out, 1 << 16))
            if not pieces[-1]:
                raise EOFError
            if len(pieces) > REPLY >> 10 and sum(map(len, pieces)) > REPLY:
                raise ValueError
        line, self._buffer = b"".join(pieces).split(b"\n", 1)
        return line

    def close(self) -> None:
        """End the process and all that it started, and remove its files."""
        end(self._process)
        for pipe in self._pipes:
            pipe.close()
        if self._folder:
            self._folder.cleanup()
