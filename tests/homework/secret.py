"""What must not reach a student by any way: solutions, model answers and hidden tests, as searchable text."""

import ast
import json
import re
from functools import cache
from pathlib import Path

from homework.grader import sheets

ROOT = Path(__file__).parents[2]
LEAST = 25  # letters and digits: less could stand anywhere by chance


def plain(text: str) -> str:
    """Only the letters and digits, whatever markup and line breaks stand between them."""
    return re.sub(r"[\W_]+", "", text)


@cache
def public() -> str:
    """All that students may read: the lessons, their solutions and the students' sheets."""
    texts = [sheets.student_source(c) for name in sheets.names() for c in sheets.read(name).notebook["cells"]]
    for path in (ROOT / "book").glob("*/*.ipynb"):
        if path.parent.name != "homework":
            texts += map(sheets.text, json.loads(path.read_text("utf-8"))["cells"])
    return "\n".join(map(plain, texts))


def hidden_sources(master: sheets.Master) -> list[str]:
    """The texts of a sheet's hidden tests and known answers, a file each."""
    return [path.read_text("utf-8") for path in sorted(master.hidden_path.rglob("*.py"))]


@cache
def secrets(name: str) -> frozenset[str]:
    """Whole solutions and tests of a sheet, and each of their lines, if it is long enough and not public."""
    master, found = sheets.read(name), []
    for cell in master.notebook["cells"]:
        source = sheets.text(cell)
        for pattern in (sheets.SOLUTION, sheets.HIDDEN_TESTS):
            found += [re.sub(r"(?m)^\s*#.*$", "", one.group()) for one in pattern.finditer(source)]
    found += map(sheets.text, master.words.values())
    for hidden in hidden_sources(master):
        code = [node for node in ast.parse(hidden).body if not isinstance(node, ast.Import | ast.ImportFrom)]
        found += [ast.get_source_segment(hidden, node) for node in code]
    pieces = {plain(piece) for one in found for piece in [one, *one.splitlines()]}
    return frozenset(piece for piece in pieces if len(piece) >= LEAST and piece not in public())


def leaked(text: str) -> set[str]:
    """Return the secrets of any sheet that stand in a text."""
    text = plain(text)
    return {secret for name in sheets.names() for secret in secrets(name) if secret in text}
