"""What a mark depends on: where one of these differs, the submission is graded again."""

import hashlib
import importlib.util
from pathlib import Path

from homework.grader import sheets

REASONS = {  # part -> why it is graded again
    "submission": "handed in anew",
    "sheet": "the sheet has changed",
    "tests": "its hidden tests have changed",
    "grader": "the grader has changed",
    "helpers": "the book's helpers have changed",
}


def of_files(*paths: Path) -> str:
    """Return one number for what stands in these files, and in all of Python in these folders."""
    whole = hashlib.sha256()
    for top in paths:
        for path in sorted(top.rglob("*.py")) if top.is_dir() else [top]:
            content = path.read_bytes()
            whole.update(f"{path.relative_to(top.parent)} {len(content)}\n".encode() + content)
    return whole.hexdigest()


def of_sheet(master: sheets.Master) -> dict[str, str]:
    """Return what the marks of a sheet depend on, beside the submission."""
    hidden, utils = master.hidden_path, importlib.util.find_spec("utils")
    shared = sorted(hidden.parent.glob("*.py")) if hidden.is_dir() else []
    return {
        "sheet": of_files(master.path),
        "tests": of_files(hidden, *shared),
        "grader": of_files(Path(__file__).parent),
        "helpers": of_files(Path(utils.origin).parent) if utils else "",
    }


def of_submission(file) -> str:
    """Return one number for an open file."""
    whole = hashlib.sha256()
    while piece := file.read(1 << 20):
        whole.update(piece)
    return whole.hexdigest()


def differs(old: object, new: dict[str, str]) -> str:
    """Return which part of the fingerprint of a kept result is not as it is now: the first, or ""."""
    old = old if isinstance(old, dict) else {}
    if not old:
        return "grader"
    return next((part for part in REASONS if old.get(part) != new.get(part)), "")
