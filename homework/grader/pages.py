"""The pages that people read: a student's feedback, and all answers in words for the teacher."""

from collections.abc import Iterator
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

from homework.grader import messages, store
from homework.grader.marks import MISSING, blank, tests_of
from homework.grader.states import State
from homework.grader.words import segments

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
MARKDOWN = MarkdownIt("js-default")  # without HTML
TEMPLATES.filters["markdown"] = lambda text: Markup(MARKDOWN.render(text))
TEMPLATES.filters["segments"] = segments


def feedback(one: dict, row: dict, sheet: dict, given: dict) -> str:
    """One student's page: what each test is about and how it went, and never the test."""
    questions = [view(one, question, row, given) for question in sheet["questions"]]
    marked = [question for question in questions if question["given"]]
    of = sum(question["of"] for question in marked)
    details = [
        test for question in questions if not question["blank"]
        for test in question["tests"] if test["detail"] and test["state"] in (State.RAISED, State.BLANK)
    ]  # fmt: skip
    errors = [error for error in one["errors"] if error["state"] not in MISSING]
    return TEMPLATES.get_template("feedback.html").render(
        student=one["student"],
        sheet=sheet,
        unread=None
        if one["state"] == State.GRADED
        else messages.submission(State(one["state"]), one["detail"]),
        total=row["total"],
        of=of,
        left=float(row["of"]) - of,
        lost=next((question for question in marked if float(question["given"]) < question["of"]), None),
        questions=questions,
        others=[error for error in errors if not error["question"] and error["cell"]][:10],
        missing=[error["says"] for error in one["errors"] if error["state"] in MISSING],
        untold=bool(details),
    )


def view(one: dict, question: dict, row: dict, given: dict) -> dict:
    """What a student's page says of one question."""
    name = question["name"]
    errors = [error for error in one["errors"] if error["question"] == name and error["cell"]]
    return {
        "title": question["title"],
        "given": row[name],
        "of": question["points"],
        "stopped": [error["says"] for error in errors if error["state"] not in MISSING],
        "blank": "" if question["words"] else blank(one, name),
        "tests": tests_of(one, name),
        "comment": given[one["student"], name]["comment"] if question["words"] else "",
        "answer": one["answers"].get(name, ""),
    }


def words(out: Path, sheet: dict, given: dict) -> Iterator[str]:
    """All answers in words, question by question, for the teacher: in pieces, since images are large."""

    def answers(name: str) -> Iterator[dict]:
        for one in store.everyone(out, sheet):
            yield {
                "student": one["student"],
                "answer": one["answers"].get(name, ""),
                "before": given[one["student"], name]["before"],
            }

    questions = [question for question in sheet["questions"] if question["words"]]
    return TEMPLATES.get_template("words.html").generate(sheet=sheet, questions=questions, answers=answers)
