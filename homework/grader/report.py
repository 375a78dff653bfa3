"""What grading leaves behind: a folder of results, and the tables and pages that are made of them.

sheet.json             the sheet's questions
results/STUDENT.json   one submission, written in one go: it is there or it is not
words.csv              the marks given by hand: to be filled in; kept when the rest is written anew
marks.csv, feedback/STUDENT.html, words.html
"""

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from homework.grader import sheets

UNTOLD = (
    "What Python said in full is not shown, since it could quote a hidden test. "
    "To see it, call your function with numbers and shapes of your own."
)
STYLE = """body { font: 1.05rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto;
  padding: 0 1rem; color: #1a1a1a; background: #fff } pre { background: #f3f3f3; padding: .7rem;
  white-space: pre-wrap; overflow-wrap: anywhere } .no { color: #8b1a1a } .yes { color: #14532d }"""


def begin(out: Path, master: sheets.Master) -> None:
    """Make the folder for a sheet's results, or go on with one that is of the same sheet."""
    questions = [
        {
            "name": question,
            "title": master.titles[question],
            "points": master.points(question),
            "words": question in master.words,
            "model": sheets.text(master.words[question]) if question in master.words else "",
        }
        for question in master.titles
        if question in master.answers or question in master.words
    ]
    if (out / "sheet.json").exists() and facts(out)["sheet"] != master.name:
        raise sheets.SheetError(
            f"{out} holds the marks of {facts(out)['sheet']}: take another folder for {master.name}."
        )
    for folder in (out / "results", out / "feedback"):
        folder.mkdir(parents=True, exist_ok=True)
    put(out / "sheet.json", json.dumps({"sheet": master.name, "questions": questions}, indent=1))


def facts(out: Path) -> dict:
    """What `begin` wrote."""
    try:
        return json.loads((out / "sheet.json").read_text("utf-8"))
    except (OSError, ValueError):
        raise sheets.SheetError(f"{out} is no folder that `grade` has written.") from None


def put(path: Path, text: str) -> None:
    """Write a file so that it is old or new at any moment, and never half."""
    new = path.with_name(f".{os.getpid()}.new")
    new.write_text(text, "utf-8", "replace", newline="")
    new.replace(path)


def file_name(student: str) -> str:
    """Return the student's name as a file's: letters and digits stay; what had to change adds a number."""
    plain = re.sub(r"[^\w .-]", "_", student)[:50].strip(" .")
    return plain if plain == student else f"{plain or '_'}-{hashlib.sha256(student.encode()).hexdigest()[:8]}"


def save(out: Path, result: dict) -> None:
    """Keep one submission's result."""
    put(out / "results" / f"{file_name(result['student'])}.json", json.dumps(result))


def result(out: Path, student: str) -> dict:
    """Return the result that is kept for this student, or {}."""
    try:
        return json.loads((out / "results" / f"{file_name(student)}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def results(out: Path) -> Iterator[dict]:
    """Yield the results one by one, by student."""
    for path in sorted((out / "results").glob("[!.]*.json")):
        yield json.loads(path.read_text("utf-8"))


# ── tables ──


def cell(text: str) -> str:
    """Return a text as a table's cell: a spreadsheet would run one that begins with = + - or @."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


def table(rows: list[dict]) -> str:
    """Return CSV as spreadsheets read it: with a byte-order mark, for names in any script."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0] if rows else ["student"])
    writer.writeheader()
    writer.writerows(
        {key: cell(value) if isinstance(value, str) else value for key, value in row.items()} for row in rows
    )
    return "\ufeff" + text.getvalue()


def read_table(path: Path) -> list[dict]:
    """Read a CSV that a spreadsheet may have written."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise sheets.SheetError(f"{path} cannot be read: {problem}.") from None


def hand_marks(out: Path, path: Path) -> dict[tuple[str, str], dict]:
    """Return the marks in a words.csv by (student, question); refuse what cannot be one."""
    most = {question["name"]: question["points"] for question in facts(out)["questions"] if question["words"]}
    students = {cell(one["student"]) for one in results(out)}
    marks = {}
    for number, row in enumerate(read_table(path) if path.exists() else [], 2):
        where, question, points = (
            f"{path}, line {number}",
            row.get("question"),
            (row.get("points") or "").strip(),
        )
        if row.get("student") not in students or question not in most:
            raise sheets.SheetError(f"{where}: there is no answer of {row.get('student')!r} to {question!r}.")
        try:
            if points and not 0 <= float(points.replace(",", ".")) <= most[question]:
                raise ValueError
        except ValueError:
            raise sheets.SheetError(
                f"{where}: {points!r} is no number from 0 to {most[question]:g}."
            ) from None
        marks[row["student"], question] = {
            "points": points.replace(",", "."),
            "comment": row.get("comment") or "",
        }
    return marks


# ── everything that is made of the results ──


def write(out: Path, words: Path | None = None) -> int:
    """Write marks.csv, words.csv, words.html and the feedback; return how many submissions had a problem."""
    questions = facts(out)["questions"]
    given = hand_marks(out, out / "words.csv")
    if words is not None:
        if not words.is_file():
            raise sheets.SheetError(f"There is no file {words}.")
        given |= {key: mark for key, mark in hand_marks(out, words).items() if mark["points"]}
    marks, by_hand, said, noted = [], [], {q["name"]: [] for q in questions if q["words"]}, 0
    for one in results(out):
        noted += bool(one["note"])
        for question in said:
            answer = one["answers"].get(question, "")
            mark = given.get((cell(one["student"]), question), {"points": "", "comment": ""})
            if not answer and not mark["points"]:
                mark = {"points": "0", "comment": "no answer"}
            given[cell(one["student"]), question] = mark
            by_hand.append({"student": one["student"], "question": question, **mark})
            said[question].append((one["student"], answer))
        row = mark_row(one, questions, given)
        marks.append(row)
        put(out / "feedback" / f"{file_name(one['student'])}.html", feedback(one, row, questions, given))
    put(out / "marks.csv", table(marks))
    if said:
        put(out / "words.csv", table(by_hand))
        put(out / "words.html", words_page(facts(out), said))
    return noted


def mark_row(one: dict, questions: list[dict], given: dict) -> dict:
    """One student's line in marks.csv: a question still to be marked by hand is empty."""
    row = {"student": one["student"]}
    for question in questions:
        if question["words"]:
            points = given[cell(one["student"]), question["name"]]["points"]
            row[question["name"]] = float(points) if points else ""
        else:
            row[question["name"]] = sum(
                o["points"] for o in one["outcomes"] if o["question"] == question["name"]
            )
    row["total"] = sum(points for points in list(row.values())[1:] if points != "")
    row["of"] = sum(question["points"] for question in questions)
    row = {key: f"{value:g}" if isinstance(value, int | float) else value for key, value in row.items()}
    open_ones = [question["name"] for question in questions if row[question["name"]] == ""]
    return row | {"note": one["note"] or ("to be marked: " + ", ".join(open_ones) if open_ones else "")}


def page(title: str, body: list[str]) -> str:
    """A web page that needs nothing else."""
    return "\n".join([
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(title)}</title>',
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>',
        f"<body><main>\n<h1>{escape(title)}</h1>", *body, "</main></body>\n</html>\n",
    ])  # fmt: skip


def feedback(one: dict, row: dict, questions: list[dict], given: dict) -> str:
    """One student's page: what each test is about and how it went, and never the test."""
    body = [f"<p><strong>{row['total']} of {row['of']} points.</strong> {escape(row['note'])}</p>"]
    for question in questions:
        name = question["name"]
        points = (
            f"{row[name]} of {question['points']:g} points" if row[name] else "to be marked by your teacher"
        )
        body.append(f"<h2>{escape(question['title'])}</h2>\n<p>{points}</p>")
        tests = [outcome for outcome in one["outcomes"] if outcome["question"] == name]
        if tests:
            body.append("<ul>")
        for test in tests:
            passed = test["points"] == test["of"]
            state = (
                '<strong class="yes">passed</strong>' if passed else '<strong class="no">not passed</strong>'
            )
            why = f"<br>{escape(test['why'])}" if test["why"] else ""
            body.append(
                f"<li>{state} ({test['points']:g} of {test['of']:g}): {escape(test['says'])}{why}</li>"
            )
        if tests:
            body.append("</ul>")
        if any(test.get("detail") and " raised " in test["why"] for test in tests):
            body.append(f"<p>{UNTOLD}</p>")
        if comment := question["words"] and given[cell(one["student"]), name]["comment"]:
            body.append(f"<p>{escape(comment)}</p>")
        answer = one["answers"].get(name, "")
        body.append(
            f"<p>Your answer:</p>\n<pre>{escape(answer)}</pre>" if answer else "<p>No answer was found.</p>"
        )
    if one["errors"]:
        body.append("<h2>Cells that did not run to their end</h2>\n<ul>")
        body += [f"<li>{escape(error)}</li>" for error in one["errors"][:10]] + ["</ul>"]
    return page(f"Feedback for {one['student']}", body)


def words_page(sheet: dict, said: dict[str, list[tuple[str, str]]]) -> str:
    """All answers in words, question by question, for the teacher."""
    body = ["<p>The marks go into words.csv beside this page; then <code>report</code> merges them.</p>"]
    for question in sheet["questions"]:
        if question["words"]:
            body.append(f"<h2>{escape(question['title'])} ({question['points']:g} points)</h2>")
            body.append(f"<p>Model answer:</p>\n<pre>{escape(question['model'])}</pre>")
            for student, answer in said[question["name"]]:
                body.append(f"<h3>{escape(student)}</h3>\n<pre>{escape(answer) or '(no answer)'}</pre>")
    return page(f"Answers in words: {sheet['sheet']}", body)
