"""What can become of a submission, a cell, a test or a process: codes, which messages.py puts into words."""

import threading
from enum import StrEnum


class State(StrEnum):
    """A code; as text it is its value, so that JSON can hold it."""

    # a submission
    GRADED = "graded"
    OTHER_SHEET = "other-sheet"
    NO_FUNCTIONS = "no-functions"
    NOT_HANDED_IN = "not-handed-in"
    GRADER_FAILED = "grader-failed"
    # why a submission cannot be read
    EMPTY = "empty"
    NOT_JSON = "not-json"
    NO_NOTEBOOK = "no-notebook"
    TOO_MUCH_TEXT = "too-much-text"
    TOO_LARGE = "too-large"
    LINK = "link"
    PACKED = "packed"
    RENAMED = "renamed"
    NO_FILE = "no-file"
    NOTHING_IN_FOLDER = "nothing-in-folder"
    SEVERAL = "several"
    SYSTEM = "system"
    # a test
    PASSED = "passed"
    WRONG = "wrong"
    FORBIDDEN = "forbidden"
    NO_FUNCTION = "no-function"
    BLANK = "blank"
    RAISED = "raised"
    NO_DATA = "no-data"
    # a test or a cell
    TOO_SLOW = "too-slow"
    ENDED = "ended"
    GROWN = "grown"
    LEFT_PROCESSES = "left-processes"
    NONSENSE = "nonsense"
    HUNG = "hung"
    OUT_OF_TIME = "out-of-time"
    # a cell
    NOT_RUN = "not-run"
    ABSENT = "absent"
    UNKNOWN_MAGIC = "unknown-magic"
    # an answer in words, or to be
    TO_BE_MARKED = "to-be-marked"
    NOT_ANSWERED = "not-answered"
    CHANGED = "changed"
    LATE = "late"


UNREADABLE = {
    *(State.EMPTY, State.NOT_JSON, State.NO_NOTEBOOK, State.TOO_MUCH_TEXT, State.TOO_LARGE, State.LINK),
    *(State.PACKED, State.RENAMED, State.NO_FILE, State.NOTHING_IN_FOLDER, State.SEVERAL, State.SYSTEM),
}


class Problem(Exception):
    """Something is in the way: which state it leads to, and what of."""

    def __init__(self, state: State, detail: str = ""):
        super().__init__(state, detail)
        self.state, self.detail = state, detail


class Gone(Problem):
    """The worker hung, ended, grew or answered nonsense, and is no more."""


class Stopped(BaseException):
    """The teacher has stopped the grader: whatever is under way ends."""


STOP = threading.Event()  # set by Ctrl-C: every worker ends
