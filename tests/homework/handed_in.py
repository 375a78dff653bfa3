"""Notebooks that students may hand in, and what the grader made of them."""

import csv
import json
from pathlib import Path

from homework.grader import sheets
from homework.grader.session import Limits

ROOT = Path(__file__).parents[2]
EXAMPLE = Path(__file__).parent / "example"
QUICK = Limits(cell=2, call=2, submission=60, grace=3, memory=1 << 30)
RIGHT = {
    "mean": "def mean(numbers):\n    if not numbers:\n        raise ValueError('empty')\n"
    "    return math.fsum(numbers) / len(numbers)",
    "spread": "def spread(numbers):\n    return max(numbers) - min(numbers)",
    "explain-mean": "One large number moves it.",
}


def notebook(first: str = "", last: str = "", **answers: str) -> dict:
    """The example sheet "averages" as handed in: right but for what is given, and a cell before and after."""
    sheet = sheets.student_notebook(sheets.read("averages", EXAMPLE))
    answers = RIGHT | {name.replace("_", "-"): source for name, source in answers.items()}
    for cell in sheet["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(name, "".join(cell["source"]))
    for index, source in [(0, first), (len(sheet["cells"]), last)]:
        if source:
            sheet["cells"].insert(
                index, {"cell_type": "code", "id": f"own{index}", "metadata": {}, "source": source}
            )
    return sheet


def submit(folder: Path, **submissions: dict | str | bytes) -> Path:
    """Write submissions as STUDENT.ipynb."""
    folder.mkdir(parents=True, exist_ok=True)
    for student, what in submissions.items():
        what = json.dumps(what) if isinstance(what, dict) else what
        (folder / f"{student}.ipynb").write_bytes(what.encode() if isinstance(what, str) else what)
    return folder


def marks(out: Path) -> dict[str, dict]:
    """The lines of marks.csv, by student."""
    with (out / "marks.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}
