"""The process of one submission: start it, run its cells, call its functions, start it again if it ends."""

import re
import time
from dataclasses import dataclass

from homework.grader import messages
from homework.grader.hidden import CallError
from homework.grader.inside import wire
from homework.grader.process import MEMORY, Worker
from homework.grader.states import Gone, State

SYNTAX = re.compile(r"^(\w+): (.*) \(<cell \d+>, line (\d+)\)$", re.S)
STARTS = 12  # of one submission's process: each time without the cell or function that ended it


@dataclass(frozen=True)
class Limits:
    """How many seconds each may take, and how much memory."""

    cell: float = 20
    call: float = 10
    submission: float = 120
    load: float = 90  # importing torch on a busy machine
    grace: float = 5  # until what ignores its limit is killed
    memory: int = MEMORY  # not seconds but bytes, of all its processes together


class Session:
    """A process that hangs or ends is started again, without what did that."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.deadline = time.monotonic() + limits.submission + limits.load
        self.starts, self.dead, self.skipped = 0, {}, set()
        self.code: dict[int, str] = {}  # what runs, by the number of its cell
        self.stopped, self.ended = {}, {}  # what went wrong in cells, by number, and in functions, by name
        self.missing = {}  # (state, what) -> the cell that wanted it first
        self.state = State.WRONG  # of the test that is run
        self.worker = Worker(limits.memory)

    def close(self) -> None:
        """End the process."""
        if self.worker is not None:
            self.worker.close()

    def tell(self, request: dict, seconds: float) -> dict:
        """Ask the process; the time in which it could not run is not the submission's."""
        before = self.worker.waited()
        try:
            return self.worker.ask(request, seconds)
        finally:
            self.deadline += max(0, self.worker.waited() - before)

    def fails(self, state: State, why: str, *more) -> CallError:
        """The error of a call that gave no value."""
        self.state = state
        return CallError(why, *more)

    def ask(self, name: str, args: list, kwargs: dict) -> tuple[object, list]:
        """Call the student's function `name`, or raise CallError."""
        self.state = State.WRONG
        if name in self.dead:
            raise self.fails(*self.dead[name])
        if self.worker is None or self.starts == 0:
            self.start()
        if time.monotonic() > self.deadline:
            raise self.fails(State.OUT_OF_TIME, messages.TEST[State.OUT_OF_TIME])
        request = {"call": name, "args": wire.encode(args), "kwargs": wire.encode(kwargs)}
        try:
            reply = self.tell(request | {"seconds": self.limits.call}, self.limits.call + self.limits.grace)
        except Gone as gone:
            self.worker = None
            why = messages.WHEN_CALLED.format(name=name, why=messages.end(gone.state, gone.detail))
            raise self.kill(name, gone.state, why) from None
        try:
            if "value" in reply:
                return wire.decode(reply["value"]), wire.decode(reply["args"])
            error, names = str(reply["error"])[:400], tuple(map(str, reply["names"]))
        except (ValueError, KeyError, TypeError):  # a forged reply
            raise self.fails(State.NO_DATA, messages.TEST[State.NO_DATA].format(name)) from None
        if not names:
            raise self.fails(State.NO_FUNCTION, messages.TEST[State.NO_FUNCTION].format(name))
        if "TooLong" in names:
            why = messages.TOO_LONG.format(name=name, seconds=self.limits.call)
            raise self.kill(name, State.TOO_SLOW, why)
        what = messages.harmless(error, names)
        state = State.BLANK if "NotImplementedError" in names else State.RAISED
        raise self.fails(state, messages.RAISED.format(name=name, what=what), names, error)

    def kill(self, name: str, state: State, why: str) -> CallError:
        """Never call this function again."""
        self.dead[name] = (state, why)
        self.ended[name] = state
        return self.fails(state, why)

    def start(self) -> None:
        """Start a process and run the cells in it, once more those that came too early for a name."""
        while self.starts < STARTS and time.monotonic() < self.deadline:
            if self.starts or self.worker is None:
                self.worker = Worker(self.limits.memory)
            self.starts += 1
            self.stopped = {number: self.stopped[number] for number in self.skipped}
            try:
                torch = any("torch" in source for source in self.code.values())
                self.tell({"load": torch}, self.limits.load)
                early = self.run_cells(list(self.code), again=True)
                self.run_cells(early, again=False)
                return
            except Gone:
                self.worker = None
        raise self.fails(State.OUT_OF_TIME, messages.TEST[State.OUT_OF_TIME])

    def run_cells(self, which: list[int], *, again: bool) -> list[int]:
        """Run these cells; return those that miss a name, if they get another chance `again`."""
        early = []
        for number in which:
            if number in self.skipped:
                continue
            seconds = self.limits.cell if time.monotonic() < self.deadline else 1
            try:
                reply = self.tell({"run": self.code[number], "seconds": seconds}, seconds + self.limits.grace)
            except Gone as gone:
                self.skipped.add(number)
                why = messages.LEFT_OUT.format(why=messages.end(gone.state, gone.detail))
                self.stopped[number] = (gone.state, why)
                raise
            self.note_missing(reply, number)
            if again and "NameError" in str(reply.get("names")):
                early.append(number)
            elif reply.get("error"):
                said = str(reply["error"])[:300]
                state = State.TOO_SLOW if "TooLong" in str(reply.get("names")) else State.NOT_RUN
                self.stopped[number] = (state, SYNTAX.sub(r"\1 in line \3: \2", said))
        return early

    def note_missing(self, reply: dict, number: int) -> None:
        """Remember which packages and magics are not there, and which cell wanted each first.

        Only of cells: in a call, a name could carry what a hidden test called the function with.
        """
        for kind, state in [("absent", State.ABSENT), ("unknown", State.UNKNOWN_MAGIC)]:
            found = reply.get(kind)
            for what in found[:20] if isinstance(found, list) else ():
                self.missing.setdefault((state, str(what)[:60]), number)
