"""Marks given by hand, in words.csv or any table with its columns."""

import hashlib
from pathlib import Path

from homework.grader import names, store
from homework.grader.sheets import SheetError
from homework.grader.tables import read_table, unknown

UNMARKED = {"points": "", "comment": "", "answer": "", "before": ""}  # answer: which one was marked


def as_points(text: str, most: float) -> str | None:
    """Return points as 1.5, even if written 1,5 or 1.50; "" if there are none; None if they cannot be."""
    try:
        points = float(text.strip().replace(",", ".") or 0)
    except ValueError:
        return None
    return (f"{points:g}" if text.strip() else "") if 0 <= points <= most else None


def hand_marks(out: Path, path: Path) -> dict[tuple[str, str], dict]:
    """Return the marks in a table by (student, question); refuse all that cannot be one, at once."""
    facts = store.facts(out)
    most = {question["name"]: question["points"] for question in facts["questions"] if question["words"]}
    students = [*facts["students"], *(one["student"] for one in store.results(out)), *facts["class"]]
    spelled = {names.key(student): student for student in students}
    marks, lines, wrong = {}, {}, []
    for line, row in read_table(path, "student,question,points,comment", students) if path.exists() else []:
        student, question = spelled.get(names.key(row["student"]), row["student"]), row["question"].strip()
        problem = unknown("student", student, students) or unknown("question in words", question, most)
        points = as_points(row["points"], most.get(question, 0))
        if None in row:
            problem = "there are more cells than in the first line: put a text with a comma into quotes."
        elif not problem and points is None:
            problem = f"{row['points']!r} is no number from 0 to {most[question]:g}."
        elif (student, question) in lines:
            problem = f"{student}'s {question} stands in line {lines[student, question]} already."
        if problem:
            wrong.append(f"{path}, line {line}: {problem}")
        lines[student, question] = line
        marks[student, question] = {name: row.get(name, "") for name in UNMARKED} | {"points": points}
        if points:
            marks[student, question]["before"] = ""
    if wrong:
        raise SheetError("\n".join([*wrong, "Nothing was merged."]))
    return marks


def current(mark: dict, answer: str) -> dict:
    """Return a mark as it counts for this answer: one given for another answer is only remembered."""
    text = f"x{hashlib.sha256(answer.encode('utf-8', 'replace')).hexdigest()[:8]}"  # x: no number for Excel
    if mark["points"] and mark["answer"] not in ("", text):
        mark = UNMARKED | {"before": f"{mark['points']} points. {mark['comment']}".strip()}
    return mark | {"answer": text}
