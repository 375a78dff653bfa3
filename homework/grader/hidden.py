"""What hidden tests are written with: a `Sheet` of tests, forbidden calls, and known answers.

A sheet's hidden part is a folder: `tests.py`, which makes the `sheet`, and `answers/` (see answers.py). What
tests compare with stands in helpers.py.
"""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from homework.grader import answers
from homework.grader.answers import Answer


class CallError(Exception):
    """The student's function gave no value; the message says why, in words for the student."""

    def __init__(self, message: str, names: tuple[str, ...] = (), detail: str = ""):
        super().__init__(message)
        self.names = names  # of the exception's class and all that it inherits from
        self.detail = detail or message  # what the function itself said: it may quote what it was called with


class Call:
    """What a test receives as `call`: `call("softmax", X)` calls the student's function."""

    def __init__(self, ask: Callable[[str, list, dict], tuple[object, list]]):
        # (name, args, kwargs) -> (value, args as they are after the call), or raises CallError
        self._ask = ask
        self.forget()

    def forget(self) -> None:
        """Begin a new test: no function has been called yet."""
        self.name, self.value, self.due = "", ..., ""  # the last call, and the exception that it owes

    def __call__(self, name: str, *args, **kwargs):
        """Return what the student's function returns."""
        return self.after(name, *args, **kwargs)[0]

    def after(self, name: str, *args, **kwargs) -> tuple[object, list]:
        """Return the value and the arguments as the function left them: did it change them in place?"""
        value, args = self._ask(name, list(args), kwargs)
        self.name, self.value, self.due = name, value, ""
        return value, args

    def raises(self, error: str, name: str, *args, **kwargs) -> str | None:
        """Return the message if the function raises `error` ("ValueError") or a subclass of it, else None.

        A stub's NotImplementedError is a RuntimeError for Python, but not here.
        """
        try:
            self._ask(name, list(args), kwargs)
        except CallError as problem:
            if error in problem.names and "NotImplementedError" not in problem.names:
                return problem.detail
        self.name, self.due = name, error
        return None


@dataclass(frozen=True)
class Test:
    """One hidden test: `says` is all that the student ever reads of it."""

    question: str
    points: float
    says: str
    run: Callable[[Call], None]


@dataclass
class Sheet:
    """The hidden part of one homework sheet."""

    name: str
    tests: list[Test] = field(default_factory=list)
    forbidden: dict[str, tuple[str, ...]] = field(default_factory=dict)  # question -> dotted names
    wrongs: list[Answer] = field(default_factory=list)
    rights: list[Answer] = field(default_factory=list)
    equivalents: dict[tuple[str, str], str] = field(default_factory=dict)  # (question, mutant) -> the reason

    def test(self, question: str, *, points: float, says: str) -> Callable:
        """Add the decorated function as a test; any exception in it means that it is not passed."""

        def add(run: Callable[[Call], None]) -> Callable[[Call], None]:
            self.tests.append(Test(question, points, says, run))
            return run

        return add

    def forbid(self, question: str, *names: str) -> None:
        """Give the question no points if its answer calls one of these, as "torch.softmax"."""
        self.forbidden[question] = (*self.forbidden.get(question, ()), *names)

    def equivalent(self, question: str, mutant: str, *, because: str) -> None:
        """Say why this mutant, named as `check` prints it, is no mistake."""
        self.equivalents[question, mutant] = because

    @property
    def questions(self) -> list[str]:
        """The questions that have tests, in order."""
        return list(dict.fromkeys(test.question for test in self.tests))


def load(folder: Path) -> Sheet:
    """Return the sheet of `folder`/tests.py, with the known answers of `folder`/answers."""
    path = folder / "tests.py"
    spec = importlib.util.spec_from_file_location(f"hidden tests of {folder.name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for it
    spec.loader.exec_module(module)
    sheet = getattr(module, "sheet", None)
    if not isinstance(sheet, Sheet):
        raise ValueError(f"{path} has no `sheet = Sheet(…)`.")
    for file in sorted((folder / "answers").glob("*.py")):
        rights, wrongs = answers.read(file)
        sheet.rights += rights
        sheet.wrongs += wrongs
    return sheet


@dataclass(frozen=True)
class Outcome:
    """How one test went: `why` says more where the student may know more, `detail` is for the teacher."""

    question: str
    points: float
    of: float
    says: str
    why: str
    detail: str = ""


def run_test(test: Test, call: Call) -> Outcome:
    """Run one hidden test. Nothing of the test itself gets into the outcome."""
    why = detail = ""
    call.forget()
    try:
        test.run(call)
        return Outcome(test.question, test.points, test.points, test.says, why)
    except CallError as problem:
        why, detail = str(problem), problem.detail
    except Exception as problem:  # such as comparing None with a tensor
        why = cause(problem, call)
    return Outcome(test.question, 0, test.points, test.says, why, detail)


def cause(problem: Exception, call: Call) -> str:
    """Why a test ended with this exception, as far as the last call tells, in words for the student."""
    if call.due:
        return f"{call.name} raised no {call.due} where one is due"
    if call.value is None:
        return f"{call.name} returned nothing: does it end with return?"
    if isinstance(problem, AssertionError):
        return ""
    if isinstance(problem, KeyError) and isinstance(call.value, dict) and str(problem)[1:-1].isidentifier():
        return f"in what {call.name} returned the key {problem} is missing"
    return f"the answer has another type or shape than the test can use ({type(problem).__name__})"
