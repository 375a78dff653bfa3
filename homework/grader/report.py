"""Make marks.csv, words.csv, words.html and the feedback from the results."""

from collections.abc import Callable
from pathlib import Path

from homework.grader import pages, store
from homework.grader.byhand import UNMARKED, current, hand_marks
from homework.grader.marks import mark_row
from homework.grader.sheets import SheetError
from homework.grader.states import State
from homework.grader.tables import table, unknown


def write(out: Path, words: Path | None = None, say: Callable[[str], None] = print) -> int:
    """Write marks.csv, words.csv, words.html and the feedback; return how many submissions had a problem."""
    sheet = store.facts(out)
    questions = [question["name"] for question in sheet["questions"] if question["words"]]
    given = merged(out, words, say)
    marks, by_hand, noted = [], [], 0
    for one in store.everyone(out, sheet):
        for question in questions:
            answer, key = one["answers"].get(question, ""), (one["student"], question)
            given[key] = mark = current(given.get(key, UNMARKED), answer)
            if answer or mark["points"]:
                by_hand.append({"student": one["student"], "question": question, **mark})
        row = mark_row(one, sheet, given)
        marks.append(row)
        if one["student"] in sheet["students"]:
            noted += one["state"] != State.GRADED
            page = pages.feedback(one, row, sheet, given)
            store.put(out / "feedback" / f"{store.file_name(one['student'])}.html", page)
    by_hand += left_out(out, sheet, given, say)
    marks.sort(key=lambda row: row["student"])
    store.put(out / "marks.csv", table(marks))
    if questions:
        by_hand.sort(key=lambda row: questions.index(row["question"]))
        store.put(out / "words.csv", table(by_hand, ["student", "question", *UNMARKED]))
        store.put(out / "words.html", pages.words(out, sheet, given))
    return noted


def merged(out: Path, words: Path | None, say: Callable[[str], None]) -> dict:
    """Return the marks by hand that there were, and those of the table `words`; say which are replaced."""
    given = hand_marks(out, out / "words.csv")
    if words is None:
        return given
    if not words.is_file():
        raise SheetError(f"There is no file {words}.")
    for key, mark in hand_marks(out, words).items():
        old, new = given.get(key, UNMARKED)["points"], mark["points"]
        if new and old not in ("", new):
            say(f"{old} -> {new} ({', '.join(key)})")
        if new:
            given[key] = mark
    return given


def left_out(out: Path, sheet: dict, given: dict, say: Callable[[str], None]) -> list[dict]:
    """Say who is not as expected; return the marks by hand of those who are gone, in case they come back."""
    gone = [one["student"] for one in store.results(out) if one["student"] not in sheet["students"]]
    for student in gone:
        (out / "feedback" / f"{store.file_name(student)}.html").unlink(missing_ok=True)
        say(f"{student} is no longer among the submissions, so not in marks.csv.")
    for student in sheet["students"] if sheet["class"] else []:
        if why := unknown("student", student, sheet["class"]):
            say(f"In the class list {why}")
    gone = [student for student in gone if student not in sheet["class"]]
    return [
        {"student": student, "question": question, **mark}
        for (student, question), mark in given.items()
        if student in gone and mark["points"]
    ]
