"""Which submissions there are: whose, and which notebook, or what is in the way of that."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from homework.grader import names
from homework.grader.sheets import SheetError
from homework.grader.states import Problem, State

ARCHIVES = (".tar.gz", ".tar.bz2", ".tar.xz", ".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")
RENAMED = (".ipynb.json", ".ipynb.txt")  # by a browser
LARGEST = 300 << 20  # bytes of a notebook: mostly outputs, which nobody reads


@dataclass(frozen=True)
class Submission:
    """What one student has handed in."""

    student: str
    path: Path
    problem: State | None = None
    detail: str = ""
    late: bool = False


def find(folder: Path, sheet: str, out: Path) -> Iterator[Submission]:
    """Yield the submission of each student to `sheet`; refuse two students of one name."""
    if not folder.is_dir():
        raise SheetError(f"There is no folder {folder}.")
    students = {}  # what stands for a student -> the files and folders of that student
    for entry in sorted(folder.iterdir()):
        if handed_in(entry) and folder.resolve() / entry.name != out.resolve():
            name = names.read(stem(printable(entry.name)))
            students.setdefault((names.key(name.student), name.number), []).append((name, entry))
    same = {}
    for number_of in students:
        same.setdefault(number_of[0], []).append(number_of)
    for numbers in same.values():
        for which in numbers:
            one = chosen(students[which], sheet)
            if len(numbers) > 1 and all(number for _, number in numbers):
                one = replace(one, student=f"{one.student} ({which[1]})")
            elif len(numbers) > 1:
                raise fall_together([entry for which in numbers for _, entry in students[which]])
            yield one


def chosen(entries: list[tuple[names.Named, Path]], sheet: str) -> Submission:
    """Return the submission of one student, of whom there may be several files."""
    name, late = entries[0][0], any(one.late for one, _ in entries)
    tried = [(one, *attempt(entry, sheet)) for one, entry in entries]
    good = [attempt for attempt in tried if attempt[2] is None]
    if name.number and len(good) > 1:  # several files, handed in through a learning platform
        good = [one for one in good if is_called(stem(one[0].file) or one[1].stem, sheet)] or good
        if len(good) > 1:
            problem = Problem(State.SEVERAL, f"{len(good)}")
            return Submission(name.student, entries[0][1], problem.state, problem.detail, late)
    if len(good) > 1 or (len(tried) > 1 and not name.number and not good):
        raise fall_together([entry for _, entry in entries])
    _, path, problem = (good or tried)[0]
    return Submission(name.student, path, problem and problem.state, problem.detail if problem else "", late)


def attempt(entry: Path, sheet: str) -> tuple[Path, Problem | None]:
    """Return the notebook that an entry is or holds, or the entry and what is in the way."""
    try:
        path = notebook_of(entry, sheet)
        opened(path).close()
        return path, None
    except Problem as problem:
        return entry, problem
    except OSError as problem:
        return entry, Problem(State.SYSTEM, problem.strerror or str(problem))


def fall_together(entries: list[Path]) -> SheetError:
    """Two files for one name: which one is meant?"""
    listed = " and ".join(printable(entry.name) for entry in entries)
    return SheetError(f"{listed} are one student's name: keep one of them, or rename one.")


def printable(name: str) -> str:
    """A name of which some bytes are no text, as text."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def plain(name: str) -> str:
    """A file's name without what is not seen in its ending."""
    return names.shown(name).lower()


def stem(name: str) -> str:
    """A file's name without the ending of a notebook or archive."""
    for ending in (".ipynb", *RENAMED, *ARCHIVES):
        if plain(name).endswith(ending):
            return names.shown(name)[: -len(ending)] or name
    return name


def is_called(name: str, sheet: str) -> bool:
    """Is this the sheet's name, perhaps numbered as the platform or the browser does?"""
    return re.fullmatch(rf"{re.escape(sheet)}([-_ ]?\(?\d+\)?)?", name, re.I) is not None


def handed_in(entry: Path) -> bool:
    """Is this some student's, readable or not? All else that may lie in the folder is not."""
    if entry.is_file() and not entry.is_symlink():
        return plain(entry.name).endswith((".ipynb", *RENAMED, *ARCHIVES)) and not entry.name.startswith("._")
    return plain(entry.name).endswith(".ipynb") or not entry.name.startswith((".", "__MACOSX"))


def notebook_of(entry: Path, sheet: str) -> Path:
    """Return the one notebook that `entry` is or holds, or raise Problem. Links are not followed."""
    if entry.is_symlink():
        raise Problem(State.LINK)
    if not entry.is_dir():
        name = plain(entry.name)
        if name.endswith(".ipynb"):
            return entry
        for endings, state in [(RENAMED, State.RENAMED), (ARCHIVES, State.PACKED)]:
            if name.endswith(endings) and entry.is_file():
                raise Problem(state, printable(entry.name))
        raise Problem(State.NO_FILE)
    found, beside = [], []
    for folder, folders, files in os.walk(entry):
        folders[:] = sorted(one for one in folders if not one.startswith((".", "__MACOSX")))
        for file in sorted(one for one in files if not one.startswith(".")):
            (found if plain(file).endswith(".ipynb") else beside).append(Path(folder, file))
    if len(found) > 1:
        exact = [path for path in found if stem(path.name) == sheet]
        found = exact or [path for path in found if is_called(stem(path.name), sheet)] or found
    if len(found) == 1:
        return found[0]
    if found:
        raise Problem(State.SEVERAL, f"{len(found)}")
    for endings, state in [(RENAMED, State.RENAMED), (ARCHIVES, State.PACKED)]:
        for path in beside:
            if plain(path.name).endswith(endings):
                raise Problem(state, printable(path.name))
    raise Problem(State.NOTHING_IN_FOLDER)


def opened(path: Path):
    """Open a regular file of a sensible size, and nothing else: a pipe would wait for ever."""
    number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    file = os.fdopen(number, "rb")
    facts = os.fstat(number)
    if not stat.S_ISREG(facts.st_mode):
        file.close()
        raise Problem(State.NO_FILE)
    if facts.st_size > LARGEST:
        file.close()
        raise Problem(State.TOO_LARGE, f"{LARGEST >> 20}")
    return file
