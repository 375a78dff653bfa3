"""What grading leaves behind: a folder of results, and the tables and pages that are made of them.

sheet.json             the sheet's questions
results/STUDENT.json   one submission, written in one go: it is there or it is not
words.csv              the marks given by hand: to be filled in; kept when the rest is written anew
marks.csv, feedback/STUDENT.html, words.html
"""

import csv
import difflib
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

from homework.grader import sheets

UNTOLD = (
    "What Python said in full is not shown, since it could quote a hidden test. "
    "To see it, call your function with numbers and shapes of your own."
)
UNMARKED = {"points": "", "comment": "", "answer": "", "before": ""}  # answer: which one was marked
STYLE = """body { font: 1.05rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto;
  padding: 0 1rem; color: #1a1a1a; background: #fff } pre { background: #f3f3f3; padding: .7rem;
  white-space: pre-wrap; overflow-wrap: anywhere } .no { color: #8b1a1a } .yes { color: #14532d }
  td, th { border: 1px solid #888; padding: .2rem .5rem } table { border-collapse: collapse }"""


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


def everyone(out: Path, sheet: dict) -> Iterator[dict]:
    """Yield the results of those whose submission is there, and of those in the class who have none."""
    students = set(sheet["students"])
    yield from (one for one in results(out) if one["student"] in students)
    for student in sheet["class"]:
        if student not in students:
            nothing = {"outcomes": [], "answers": {}, "errors": []}
            yield {"student": student, "note": "nothing handed in"} | nothing


# ── tables ──


def cell(text: str) -> str:
    """Return a text as a table's cell: a spreadsheet would run one that begins with = + - or @."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


def table(rows: list[dict], columns: Iterable[str] = ("student",)) -> str:
    """Return CSV as spreadsheets read it: with a byte-order mark, for names in any script."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0] if rows else columns)
    writer.writeheader()
    writer.writerows(
        {key: cell(value) if isinstance(value, str) else value for key, value in row.items()} for row in rows
    )
    return "\ufeff" + text.getvalue()


def read_table(path: Path, columns: str) -> list[tuple[int, dict]]:
    """Return the rows of a CSV that a spreadsheet may have written, each after its last line's number."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="", strict=True)
            rows = [(reader.line_num, row) for row in reader if any(row.values())]
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise sheets.SheetError(f"{path} cannot be read: {problem}.") from None
    first = list(reader.fieldnames or [])
    if not set(columns.split(",")) <= set(first):
        raise sheets.SheetError(
            f"{path}: the first line must name the columns {columns}, separated by commas, "
            f"but it is {','.join(first)!r}."
        )
    return rows


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Say that there is no such name, and which may be meant, or "" if there is."""
    if name in known:
        return ""
    meant = difflib.get_close_matches(name, known, 1)
    return f"there is no {what} {name!r}" + (f"; did you mean {meant[0]!r}?" if meant else ".")


def class_list(path: Path) -> dict[str, dict]:
    """Read who is in the class: for each student what else the table holds, as a number or an e-mail."""
    found, lines = {}, {}
    for line, row in read_table(path, "student"):
        student = row.pop("student")
        if None in row:
            raise sheets.SheetError(f"{path}, line {line}: there are more cells than in the first line.")
        if student in found:
            raise sheets.SheetError(
                f"{path}, line {line}: {student} stands in line {lines[student]} already."
            )
        found[student], lines[student] = row, line
    return found


def as_points(text: str, most: float) -> str | None:
    """Return points as 1.5, even if written 1,5 or 1.50; "" if there are none; None if they cannot be."""
    try:
        points = float(text.strip().replace(",", ".") or 0)
    except ValueError:
        return None
    return (f"{points:g}" if text.strip() else "") if 0 <= points <= most else None


def hand_marks(out: Path, path: Path) -> dict[tuple[str, str], dict]:
    """Return the marks in a words.csv by (student, question); refuse all that cannot be one, at once."""
    most = {question["name"]: question["points"] for question in facts(out)["questions"] if question["words"]}
    students = {
        cell(student) for student in [*(one["student"] for one in results(out)), *facts(out)["class"]]
    }
    marks, lines, wrong = {}, {}, []
    for line, row in read_table(path, "student,question,points,comment") if path.exists() else []:
        student, question = key = row["student"], row["question"]
        problem = unknown("student", student, students) or unknown("question in words", question, most)
        points = as_points(row["points"], most.get(question, 0))
        if None in row:
            problem = "there are more cells than in the first line: put a text with a comma into quotes."
        elif not problem and points is None:
            problem = f"{row['points']!r} is no number from 0 to {most[question]:g}."
        elif key in lines:
            problem = f"{student}'s {question} stands in line {lines[key]} already."
        if problem:
            wrong.append(f"{path}, line {line}: {problem}")
        lines[key] = line
        marks[key] = {name: row.get(name, "") for name in UNMARKED} | {"points": points}
        if points:
            marks[key]["before"] = ""
    if wrong:
        raise sheets.SheetError("\n".join([*wrong, "Nothing was merged."]))
    return marks


def current(mark: dict, answer: str) -> dict:
    """Return a mark as it counts for this answer: one given for another answer is only remembered."""
    text = f"x{hashlib.sha256(answer.encode('utf-8', 'replace')).hexdigest()[:8]}"  # x: no number for Excel
    if mark["points"] and mark["answer"] not in ("", text):
        mark = UNMARKED | {"before": f"{mark['points']} points. {mark['comment']}".strip()}
    return mark | {"answer": text}


# ── everything that is made of the results ──


def write(out: Path, words: Path | None = None, say: Callable[[str], None] = print) -> int:
    """Write marks.csv, words.csv, words.html and the feedback; return how many submissions had a problem."""
    sheet = facts(out)
    questions = sheet["questions"]
    given = hand_marks(out, out / "words.csv")
    if words is not None:
        if not words.is_file():
            raise sheets.SheetError(f"There is no file {words}.")
        for key, mark in hand_marks(out, words).items():
            old, new = given.get(key, UNMARKED)["points"], mark["points"]
            if new and old not in ("", new):
                say(f"{old} -> {new} ({', '.join(key)})")
            if new:
                given[key] = mark
    marks, by_hand, said, noted = [], [], {q["name"]: [] for q in questions if q["words"]}, 0
    for one in everyone(out, sheet):
        for question in said:
            answer = one["answers"].get(question, "")
            key = cell(one["student"]), question
            given[key] = mark = current(given.get(key, UNMARKED), answer)
            if answer or mark["points"]:
                by_hand.append({"student": one["student"], "question": question, **mark})
            said[question].append((one["student"], answer, mark["before"]))
        row = mark_row(one, sheet, given)
        marks.append(row)
        if one["student"] in sheet["students"]:
            noted += bool(one["note"])
            put(out / "feedback" / f"{file_name(one['student'])}.html", feedback(one, row, sheet, given))
    by_hand += left_out(out, sheet, given, say)
    marks.sort(key=lambda row: row["student"])
    put(out / "marks.csv", table(marks))
    if said:
        by_hand.sort(key=lambda row: list(said).index(row["question"]))
        put(out / "words.csv", table(by_hand, ["student", "question", *UNMARKED]))
        put(out / "words.html", words_page(sheet, said))
    return noted


def left_out(out: Path, sheet: dict, given: dict, say: Callable[[str], None]) -> list[dict]:
    """Say who is not as expected; return the marks by hand of those who are gone, in case they come back."""
    gone = [one["student"] for one in results(out) if one["student"] not in sheet["students"]]
    for student in gone:
        (out / "feedback" / f"{file_name(student)}.html").unlink(missing_ok=True)
        say(f"{student} is no longer among the submissions, so not in marks.csv.")
    for student in sheet["students"] if sheet["class"] else []:
        if why := unknown("student", student, sheet["class"]):
            say(f"In the class list {why}")
    gone = {cell(student): student for student in gone if student not in sheet["class"]}
    return [
        {"student": gone[student], "question": question, **mark}
        for (student, question), mark in given.items()
        if student in gone and mark["points"]
    ]


def mark_row(one: dict, sheet: dict, given: dict) -> dict:
    """One student's line in marks.csv: a question still to be marked by hand is empty."""
    points, questions = {}, sheet["questions"]
    for question in questions:
        name = question["name"]
        if question["words"]:
            by_hand = given[cell(one["student"]), name]["points"]
            points[name] = float(by_hand) if by_hand else "" if one["answers"].get(name) else 0
        else:
            points[name] = sum(test["points"] for test in tests_of(one, name))
    points["total"] = sum(value for value in points.values() if value != "")
    points["of"] = sum(question["points"] for question in questions)
    columns = next(iter(sheet["class"].values()), {})
    return (
        {"student": one["student"]}
        | sheet["class"].get(one["student"], dict.fromkeys(columns, ""))
        | {name: value if value == "" else f"{value:g}" for name, value in points.items()}
        | {"note": one["note"] or note(one, questions, given)}
    )


def tests_of(one: dict, question: str) -> list[dict]:
    """How the tests of a question went."""
    return [outcome for outcome in one["outcomes"] if outcome["question"] == question]


def blank(one: dict, question: str) -> str:
    """Return why there is no answer in code, or ""."""
    tests, stub = tests_of(one, question), r"^\s*raise NotImplementedError\b"
    if any(test["points"] for test in tests):
        return ""
    if any("raised NotImplementedError" in test["why"] for test in tests) and re.search(
        stub, one["answers"].get(question, ""), re.M
    ):
        return "the cell still has raise NotImplementedError()"
    return next((test["why"] for test in tests if "there is no function" in test["why"]), "")


def note(one: dict, questions: list[dict], given: dict) -> str:
    """What a teacher should know of a submission: each problem, and where it is."""
    found = {}
    for error in one["errors"]:
        found.setdefault(error["problem"], []).append(error["question"] or f"code cell {error['cell']}")
    stopped = {error["question"] for error in one["errors"]}
    for question in questions:
        name = question["name"]
        if question["words"]:
            mark = given[cell(one["student"]), name]
            problem = "" if mark["points"] else "to be marked" if one["answers"].get(name) else "not answered"
            problem = "changed since it was marked" if mark["before"] else problem
        else:
            problem = "not answered" if name not in stopped and blank(one, name) else ""
        if problem:
            found.setdefault(problem, []).append(name)
    return "; ".join(f"{problem}: {', '.join(dict.fromkeys(names))}" for problem, names in found.items())


def page(title: str, body: list[str]) -> str:
    """A web page that needs nothing else."""
    return "\n".join([
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(title)}</title>',
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>',
        f"<body><main>\n<h1>{escape(title)}</h1>", *body, "</main></body>\n</html>\n",
    ])  # fmt: skip


def feedback(one: dict, row: dict, sheet: dict, given: dict) -> str:
    """One student's page: what each test is about and how it went, and never the test."""
    body = opening(one, row, sheet)
    for question in sheet["questions"]:
        name = question["name"]
        points = (
            f"{row[name]} of {question['points']:g} points" if row[name] else "to be marked by your teacher"
        )
        body.append(f"<h2>{escape(question['title'])}</h2>\n<p>{points}</p>")
        body += code_feedback(one, name)
        if comment := question["words"] and given[cell(one["student"]), name]["comment"]:
            body.append(f"<p>Your teacher: {escape(comment)}</p>")
        answer = one["answers"].get(name, "")
        body.append(
            f"<p>Your answer:</p>\n<pre>{escape(answer)}</pre>" if answer else "<p>No answer was found.</p>"
        )
    if others := [error for error in one["errors"] if not error["question"]]:
        body.append("<h2>Other cells that did not run to their end</h2>\n<ul>")
        body += [f"<li>Code cell {error['cell']}: {escape(error['says'])}</li>" for error in others[:10]]
        body.append("</ul>")
    if any(
        t.get("detail") and " raised " in t["why"] and not blank(one, t["question"]) for t in one["outcomes"]
    ):
        body.append(f"<p>{UNTOLD}</p>")
    return page(f"{sheet['title']}: feedback for {one['student']}", body)


def opening(one: dict, row: dict, sheet: dict) -> list[str]:
    """How a student's page begins: the points so far, what is still to be marked, and what to do next."""
    if one["note"]:
        return [
            f"<p><strong>Your notebook could not be graded: {escape(one['note'])}.</strong></p>",
            "<p>Next: ask your teacher whether you may hand it in once more.</p>",
        ]
    marked = [question for question in sheet["questions"] if row[question["name"]]]
    of = sum(question["points"] for question in marked)
    points, left = f"{row['total']} of {of:g} points", float(row["of"]) - of
    body = [
        "<p>Thank you for handing in this sheet. "
        + (
            f"You have <strong>{points} so far</strong>; your teacher has still to mark {left:g} points.</p>"
            if left
            else f"You have <strong>{points}</strong>.</p>"
        )
    ]
    lost = [question for question in marked if float(row[question["name"]]) < question["points"]]
    if not lost:
        return [*body, "<p>Everything that is marked is right: well done.</p>"]
    where = f"; the chapter <em>{escape(sheet['chapter'])}</em> has what it needs" if sheet["chapter"] else ""
    return [*body, f"<p>Next: look again at <em>{escape(lost[0]['title'])}</em>{where}.</p>"]


def code_feedback(one: dict, question: str) -> list[str]:
    """How an answer in code went: test by test, unless it is blank or its cell does not run."""
    tests, why = tests_of(one, question), blank(one, question)
    said = [e["says"] for e in one["errors"] if e["question"] == question and e["cell"]]
    body = [f'<p class="no">The cell does not run to its end: {escape(says)}</p>' for says in said]
    if why:
        return body or [f'<p class="no">Not answered yet: {escape(why)}</p>']
    if not tests:
        return body
    body.append("<ul>")
    for test in tests:
        passed = test["points"] == test["of"]
        state = '<strong class="yes">passed</strong>' if passed else '<strong class="no">not passed</strong>'
        why = f"<br>{escape(test['why'])}" if test["why"] else ""
        body.append(f"<li>{state} ({test['points']:g} of {test['of']:g}): {escape(test['says'])}{why}</li>")
    return [*body, "</ul>"]


def words_page(sheet: dict, said: dict[str, list[tuple[str, str, str]]]) -> str:
    """All answers in words, question by question, for the teacher."""
    body = ["<p>The marks go into words.csv beside this page; then <code>report</code> merges them.</p>"]
    markdown = MarkdownIt("js-default").render  # without HTML
    for question in sheet["questions"]:
        if question["words"]:
            body.append(f"<h2>{escape(question['title'])} ({question['points']:g} points)</h2>")
            body.append(markdown(question["text"]))
            body.append(f"<p>Model answer:</p>\n<blockquote>{markdown(question['model'])}</blockquote>")
            answers = [one for one in said[question["name"]] if one[1]]
            without = len(said[question["name"]]) - len(answers)
            body.append(f"<p>Answers: {len(answers)}. Without one: {without}.</p>")
            for student, answer, before in answers:
                body.append(f"<h3>{escape(student)}</h3>\n<pre>{escape(answer)}</pre>")
                if before:
                    body.append(f"<p>Changed since it was marked: {escape(before)}</p>")
    return page(f"Answers in words: {sheet['title']}", body)
