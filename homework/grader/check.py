"""Prove a sheet: its tests tell right answers from wrong ones, and notice small edits of the reference."""

import contextlib
import functools
import io
import signal
import time
from collections.abc import Callable, Iterator

from homework.grader import sheets
from homework.grader.hidden import Call, CallError, run_test
from homework.grader.inside import bans, source, wire
from homework.grader.mutants import mutants

SECONDS = 10  # of the processor, for one answer to one question's tests: a mutant may loop for ever
CLOCKS = {  # ten times as much of the wall clock's: others may use the processor, and a mutant may wait
    signal.ITIMER_PROF: (signal.SIGPROF, 1),
    signal.ITIMER_REAL: (signal.SIGALRM, 10),
}


def check(master: sheets.Master, say: Callable[[str], None] = print) -> list[str]:
    """Try all answers on the tests of `master`, in this process; return what is wrong, one sentence each."""
    found, started = [], time.monotonic()
    answers = {question: sheets.text(cell) for question, cell in master.answers.items()}
    blank = {
        question: sheets.SOLUTION.sub(r"\1raise NotImplementedError()\n", text)
        for question, text in answers.items()
    }
    for question in answers:
        if lost := failing(master, question, answers):
            found.append(f"{question}: the reference does not pass: {lost}")
        for test in master.hidden.tests:
            if test.question == question and not lost_by(master, [test], blank):
                found.append(f'{question}: a blank sheet passes "{test.says}"')
    found += public_checks(master, answers)
    for question in answers:
        wrongs = [one for one in master.hidden.wrongs if one.question == question]
        rights = [one for one in master.hidden.rights if one.question == question]
        if len(wrongs) < 4 or len(rights) < 2:
            found.append(
                f"{question}: has {len(wrongs)} wrong and {len(rights)} right answers, and needs 4 and 2."
            )
        for one in wrongs:
            if not failing(master, question, answers | {question: one.source}):
                found.append(f'{question}: the wrong answer "{one.why}" keeps full marks.')
        for one in rights:
            if lost := failing(master, question, answers | {question: one.source}):
                found.append(f'{question}: the right answer "{one.why}" loses marks: {lost}')
        found += try_mutants(master, question, answers, say)
    say(f"{master.name}: {len(found)} problems, {time.monotonic() - started:.0f} s")
    return found


def try_mutants(master: sheets.Master, question: str, answers: dict[str, str], say: Callable) -> list[str]:
    """Return the mutants of the reference that keep full marks without being listed as equivalent."""
    found, listed = [], {name: why for (of, name), why in master.hidden.equivalents.items() if of == question}
    tried = 0
    for name, mutant in mutants(answers[question]):
        tried += 1
        survives = not failing(master, question, answers | {question: mutant})
        if survives and name not in listed:
            found.append(f"{question}: this mutant keeps full marks: {name}")
        if not survives and name in listed:
            found.append(f"{question}: listed as equivalent, but loses marks: {name}")
        listed.pop(name, None)
    found += [f"{question}: listed as equivalent, but there is no such mutant: {name}" for name in listed]
    say(f"  {question}: {tried} mutants")
    return found


def failing(master: sheets.Master, question: str, answers: dict[str, str]) -> str:
    """Return why the first failing test of `question` fails with these answers, or "" if all pass."""
    tests = [test for test in master.hidden.tests if test.question == question]
    forbidden = list(master.hidden.forbidden.get(question, ()))
    others = set().union(*(master.functions(other) for other in answers if other != question))
    cells = map(read, code_cells(master, answers))
    if used := bans.uses(list(cells), master.functions(question), others, forbidden):
        return f"it uses {', '.join(used)}"
    return lost_by(master, tests, answers)


@functools.cache  # in each of a thousand tries all cells but one are the same
def read(cell: str) -> list:
    """Return the statements of a cell."""
    return source.with_magics(source.statements(cell))


def lost_by(master: sheets.Master, tests: list, answers: dict[str, str]) -> str:
    """Return the first of `tests` that these answers do not pass, with the reason, or ""."""
    try:
        with limit(SECONDS), quiet():
            call = Call(local(code_cells(master, answers)))
            for test in tests:
                outcome = run_test(test, call)
                if outcome.points < outcome.of:
                    return f"{outcome.says} {outcome.why}".strip()
    except TooLong:
        return f"more than {SECONDS} s"
    return ""


def code_cells(master: sheets.Master, answers: dict[str, str]) -> list[str]:
    """The code of the sheet with these answers in it, without the public checks."""
    cells, checks = [], master.checks
    for cell in master.notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if cell["cell_type"] == "code" and name not in checks:
            cells.append(source.plain_python(answers.get(name, sheets.text(cell))))
    return cells


def public_checks(master: sheets.Master, answers: dict[str, str]) -> list[str]:
    """Return which public checks, with nbgrader's hidden ones, the reference does not pass."""
    found, space = [], {"__name__": "__main__"}
    for cell in master.notebook["cells"]:
        if cell["cell_type"] == "code":
            try:
                with quiet():
                    exec(source.plain_python(sheets.text(cell)), space)
            except Exception as problem:
                name = cell["metadata"].get("nbgrader", {}).get("grade_id", "a cell without a grade_id")
                found.append(f"{name}: the solved sheet stops here: {type(problem).__name__}: {problem}")
    return found


def local(cells: list[str]) -> Callable:
    """Run `cells` here; return what calls their functions, with data that crosses as in the sandbox."""
    space = {"__name__": "__main__"}
    for cell in cells:
        try:
            exec(cell, space)
        except TooLong:
            raise
        except BaseException:  # exit(), too
            continue

    def ask(name: str, args: list, kwargs: dict) -> tuple[object, list]:
        if name not in space:
            raise CallError(f"there is no function {name}")
        args, kwargs = (wire.decode(wire.encode(data)) for data in (args, kwargs))
        try:
            value = space[name](*args, **kwargs)
            return wire.decode(wire.encode(value)), args
        except TooLong:
            raise
        except BaseException as problem:
            classes = tuple(one.__name__ for one in type(problem).__mro__)
            raise CallError(f"{name} raised {type(problem).__name__}: {problem}", classes) from None

    return ask


class TooLong(BaseException):
    """Not an Exception, so that neither a test nor an answer catches it."""


@contextlib.contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise TooLong in the main thread if this takes longer, by either clock."""

    def stop(*_):
        raise TooLong

    previous = {alarm: signal.signal(alarm, stop) for alarm, _ in CLOCKS.values()}
    for clock, (_, times) in CLOCKS.items():
        signal.setitimer(clock, times * seconds)
    try:
        yield
    finally:
        for clock, (alarm, _) in CLOCKS.items():
            signal.setitimer(clock, 0)
            signal.signal(alarm, previous[alarm])


def quiet() -> contextlib.AbstractContextManager:
    """Let what answers print go nowhere."""
    return contextlib.redirect_stdout(io.StringIO())
