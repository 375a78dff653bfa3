"""What states are called in English, for the marks and for the student: another edition has another table."""

import builtins

from homework.grader.states import UNREADABLE, State

# What a note in the marks, and a student's page, says. {} is the detail.
SUBMISSION = {
    State.OTHER_SHEET: "it looks like {}",
    State.NO_FUNCTIONS: "it holds none of the functions of {}",
    State.NOT_HANDED_IN: "nothing handed in",
    State.GRADER_FAILED: "the grader failed: {}",
    State.EMPTY: "the file is empty",
    State.NOT_JSON: "the file is not JSON, so it is no notebook",
    State.NO_NOTEBOOK: "the file is JSON, but no notebook",
    State.TOO_MUCH_TEXT: "its cells hold more than 4 MB of text, or 24 MB with images",
    State.TOO_LARGE: "the file is too large",
    State.LINK: "it is a symbolic link, which could lead anywhere",
    State.PACKED: "{} is packed: unpack it",
    State.RENAMED: "{} has a wrong ending: rename it so that it ends in .ipynb",
    State.NO_FILE: "it is no file with a name that ends in .ipynb",
    State.NOTHING_IN_FOLDER: "no notebook in the folder",
    State.SEVERAL: "{} notebooks, and none has the name of the sheet",
    State.SYSTEM: "{}",
    State.ENDED: "the process that read it ended",
    State.HUNG: "reading it took too long",
    State.GROWN: "reading it took more than {} GB of memory",
    State.LEFT_PROCESSES: "the process that read it left others behind",
    State.NONSENSE: "what was read of it cannot be understood",
}
# What went wrong, before the places where it did.
PROBLEM = {
    State.NOT_RUN: "cell did not run",
    State.ABSENT: "not installed here",
    State.UNKNOWN_MAGIC: "no such magic here",
    State.TOO_SLOW: "too slow",
    State.HUNG: "too slow",
    State.ENDED: "ended Python",
    State.GROWN: "used too much memory",
    State.LEFT_PROCESSES: "left processes running",
    State.NONSENSE: "answered nonsense",
    State.TO_BE_MARKED: "to be marked",
    State.NOT_ANSWERED: "not answered",
    State.CHANGED: "changed since it was marked",
    State.LATE: "late",
}
ENDS = {
    State.HUNG: "it did not stop when its time was over",
    State.ENDED: "the Python process ended",
    State.GROWN: "it used more than {} GB of memory",
    State.LEFT_PROCESSES: "it left processes running",
    State.NONSENSE: "the answer cannot be read",
}
# Why a test is not passed.
TEST = {
    State.FORBIDDEN: "your answer uses {}, which this question does not allow",
    State.NO_FUNCTION: "there is no function {}",
    State.NO_DATA: "what {} returned cannot be read",
    State.OUT_OF_TIME: "your notebook kept ending its own Python process, or used up its time",
}
BLANK = "the cell still has raise NotImplementedError()"
TOO_LONG = "{name} took too long: it ran longer than {seconds:g} s"
WHEN_CALLED = "when {name} was called, {why}"
RAISED = "{name} raised {what}"
LEFT_OUT = "it was left out: {why}"
CODE_CELL = "code cell {}"
CUT = "\n\n[Cut here: the answer has {} characters more.]"
NO_IMAGE = "[an image that cannot be shown]"

# Pieces of Python's and torch's own messages, and what a student is told of them.
KNOWN = {
    "is no tensor, array, number": "what it returns is no tensor, array, number or text, nor made of these",
    "shapes cannot be multiplied": "the shapes of a matrix product do not fit",
    "must match the size of tensor": "the shapes of two tensors do not fit",
    "size mismatch": "the shapes of two tensors do not fit",
    "Dimension out of range": "a tensor has fewer axes than it expects",
    "out of range": "an index is too large",
    "out of bounds": "an index is too large",
    "is not defined": "it uses a name that neither it nor its imports define",
    "before assignment": "it uses a name before it has a value",
    "not associated with a value": "it uses a name before it has a value",
    "Absent": "it uses a package that is not installed here",
    "has no attribute": "a value is of another kind than it expects",
    "positional argument": "it takes other arguments than the sheet says",
    "keyword argument": "it takes other arguments than the sheet says",
    "scalar type": "the dtypes of two tensors do not fit",
    "dtype": "the dtypes of two tensors do not fit",
    "two bool tensors": "two bool tensors were subtracted: turn them into numbers first",
    "does not require grad": "a tensor without gradient has no backward",
    "second time": "backward was called twice on one graph",
    "NVIDIA": "there is no GPU here",
    "CUDA": "there is no GPU here",
}
ERRORS = {
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
}


def submission(state: State, detail: str) -> str:
    """What the marks say of a submission that could not be graded."""
    said = SUBMISSION[state].format(detail)
    process = state in ENDS
    return f"unreadable: {said}" if state in UNREADABLE or process else said


def end(state: State, detail: str) -> str:
    """How a process ended."""
    return ENDS[state].format(detail)


def harmless(error: str, names: tuple[str, ...]) -> str:
    """Return what may be told of an exception, in words of our own.

    Its message, and even the name of its class, could carry what a hidden test called the function with.
    """
    kind = next((name for name in names if name in ERRORS), "an exception")
    told = next((told for piece, told in KNOWN.items() if piece in error), "")
    return f"{kind}: {told}" if told else kind
