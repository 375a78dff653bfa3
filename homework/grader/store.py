"""What grading leaves behind: a folder with a file for each submission, from which all else can be made anew.

sheet.json             the sheet's questions, who has handed in, who is in the class
results/STUDENT.json   one submission, written in one go: it is there or it is not
words.csv              the marks given by hand: to be filled in; kept when the rest is written anew
marks.csv, feedback/STUDENT.html, words.html
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from homework.grader import sheets
from homework.grader.states import State


def begin(
    out: Path, master: sheets.Master, students: Iterable[str] = (), expected: dict[str, dict] | None = None
) -> None:
    """Make the folder for a sheet's results, or go on with one that is of the same sheet.

    `students` have handed something in; `expected` is what `class_list` returns.
    """
    questions = [
        {
            "name": question,
            "title": re.sub(r" \([\d.]+ points?\)$", "", master.titles[question]),
            "points": master.points(question),
            "words": question in master.words,
            "model": sheets.text(master.words[question]) if question in master.words else "",
            "text": text_of(master, question) if question in master.words else "",
        }
        for question in master.titles
        if question in master.answers or question in master.words
    ]
    if out.exists() and not out.is_dir():
        raise sheets.SheetError(f"{out} is a file: name a folder for the marks.")
    if (out / "sheet.json").exists() and facts(out)["sheet"] != master.name:
        raise sheets.SheetError(
            f"{out} holds the marks of {facts(out)['sheet']}: take another folder for {master.name}."
        )
    for folder in (out / "results", out / "feedback"):
        folder.mkdir(parents=True, exist_ok=True)
    first = sheets.text(master.notebook["cells"][0])
    sheet = {
        "sheet": master.name,
        "title": "".join(re.findall(r"^# (.+)", first, re.M)[:1]) or master.name,
        "chapter": "".join(re.findall(r"chapter \*(.+?)\*", first)[:1]),
        "questions": questions,
        "students": list(students),
        "class": expected or {},
    }
    put(out / "sheet.json", json.dumps(sheet, indent=1))


def text_of(master: sheets.Master, question: str) -> str:
    """The question as students read it: the cells between the last cell that is marked and its answer."""
    found = []
    for one in master.notebook["cells"]:
        name = one["metadata"].get("nbgrader", {}).get("grade_id")
        if name == question:
            break
        found = [] if name else [*found, sheets.text(one)]
    return re.sub(r"^#+ .*\n", "", "\n\n".join(found))  # the page has the heading


def facts(out: Path) -> dict:
    """What `begin` wrote."""
    try:
        return json.loads((out / "sheet.json").read_text("utf-8"))
    except (OSError, ValueError):
        raise sheets.SheetError(f"{out} is no folder that `grade` has written.") from None


def put(path: Path, text: str | Iterable[str]) -> None:
    """Write a file, whole or in pieces, so that it is old or new at any moment, and never half."""
    new = path.with_name(f".{os.getpid()}.new")
    try:
        with new.open("w", encoding="utf-8", errors="replace", newline="") as file:
            file.writelines([text] if isinstance(text, str) else text)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def file_name(student: str) -> str:
    """Return the student's name as a file's: letters and digits stay; what had to change adds a number."""
    plain = re.sub(r"[^\w .-]", "_", student)[:50].strip(" .")
    return plain if plain == student else f"{plain or '_'}-{hashlib.sha256(student.encode()).hexdigest()[:8]}"


def save(out: Path, result: dict) -> None:
    """Keep one submission's result."""
    put(out / "results" / f"{file_name(result['student'])}.json", json.dumps(result))


def new_result(student: str, state: State, detail: str = "", fingerprint: dict | None = None) -> dict:
    """Return the result of a submission of which nothing could be graded, or nothing yet."""
    return {
        "student": student,
        "fingerprint": fingerprint or {},
        "state": state,
        "detail": detail,
        "late": False,
        "outcomes": [],
        "answers": {},
        "errors": [],
    }


def result(out: Path, student: str) -> dict:
    """Return the result that is kept for this student, or {}."""
    try:
        return json.loads((out / "results" / f"{file_name(student)}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def results(out: Path) -> Iterator[dict]:
    """Yield the results one by one, by student; what an earlier version has kept is left out."""
    for path in sorted((out / "results").glob("[!.]*.json")):
        one = json.loads(path.read_text("utf-8"))
        if "state" in one:
            yield one


def everyone(out: Path, sheet: dict) -> Iterator[dict]:
    """Yield the results of those whose submission is there, and of those in the class who have none."""
    students = set(sheet["students"])
    yield from (one for one in results(out) if one["student"] in students)
    for student in sheet["class"]:
        if student not in students:
            yield new_result(student, State.NOT_HANDED_IN)
