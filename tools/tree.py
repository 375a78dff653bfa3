"""The book's files, and a fingerprint of their content, on which a build depends. Standard library alone."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def files(*places: str, without: Iterable[str] = ()) -> Iterator[Path]:
    """Yield the files that a clone would hold, also where there is no git: all but what .gitignore names.

    Args:
        places: files and folders relative to the root to look in; none of them: everywhere.
        without: such files and folders to leave out.
    """
    lines = (ROOT / ".gitignore").read_text("utf-8").split()
    ignored = [".git", *(line.rstrip("/") for line in lines)]
    left_out = {ROOT / name for name in without}

    def below(path):
        if path in left_out or any(fnmatch(path.name, pattern) for pattern in ignored):
            return
        if path.is_dir() and not path.is_symlink():
            for inner in sorted(path.iterdir()):
                yield from below(inner)
        elif path.is_file():
            yield path

    for place in places or ["."]:
        yield from below(ROOT / place)


def copy_to(folder: Path) -> None:
    """Copy the book's files into a folder."""
    for path in files():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def lessons() -> list[Path]:
    """Return the notebooks of `book/` that are executed: all but the students' homework sheets."""
    return [path for path in files("book", without=["book/homework"]) if path.suffix == ".ipynb"]


def masters() -> list[Path]:
    """Return the solved homework sheets."""
    return [path for path in files("homework/sheets") if path.suffix == ".ipynb"]


def fingerprint(paths: Iterable[Path], *more: str) -> str:
    """Return the SHA-256 of the names and the content of files, and of other texts; not of their times."""
    whole = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(ROOT).as_posix()} {content}\n".encode())
    for text in more:
        whole.update(hashlib.sha256(text.encode()).digest())
    return whole.hexdigest()


# ── executed notebooks ──

EXECUTED = ROOT / "_build/executed"
PINS = "requirements.lock"
KEY = "from_lines_to_labels"  # of a notebook's metadata: what it was executed with, when, in how many seconds


def executed(notebook: Path) -> Path:
    """Return where the executed copy of a notebook is kept."""
    return EXECUTED / notebook.relative_to(ROOT)


def inputs(notebook: Path) -> str:
    """Return the fingerprint of what a notebook's outputs depend on.

    That is its code cells, the helpers, the packages, what lies beside it that is neither text nor another
    notebook, what executes it, and for the page of measurements all that was measured.
    """
    content = read(notebook)
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    places = ["utils", PINS, "tools/execute.py", "tools/tree.py"]
    places += ["bench"] if notebook.parent.name == "reference" else []
    beside = (path for path in sorted(notebook.parent.iterdir()) if path.suffix not in {".ipynb", ".md"})
    kernel = content["metadata"].get("kernelspec")
    return fingerprint(
        [*files(*places), *(path for path in beside if path.is_file())], json.dumps([code, kernel])
    )


def read(notebook: Path) -> dict:
    """Return the content of a notebook."""
    return json.loads(notebook.read_text("utf-8"))


def is_executed(notebook: Path) -> bool:
    """Is there an executed copy of a notebook, made with what it depends on as it is now?"""
    path = executed(notebook)
    return path.is_file() and read(path)["metadata"][KEY]["inputs"] == inputs(notebook)
