"""One student's line in the marks: points for each question, and a note of what went wrong."""

from homework.grader import messages
from homework.grader.states import State

COLUMNS = ("total", "of", "note")  # of the marks, beside the student and the questions
MISSING = (State.ABSENT, State.UNKNOWN_MAGIC)


def mark_row(one: dict, sheet: dict, given: dict) -> dict:
    """One student's line in marks.csv: a question still to be marked by hand is empty."""
    points, questions = {}, sheet["questions"]
    for question in questions:
        name = question["name"]
        if question["words"]:
            by_hand = given[one["student"], name]["points"]
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
        | {"note": note(one, questions, given)}
    )


def tests_of(one: dict, question: str) -> list[dict]:
    """How the tests of a question went."""
    return [outcome for outcome in one["outcomes"] if outcome["question"] == question]


def blank(one: dict, question: str) -> str:
    """Return why there is no answer in code, or ""."""
    tests = tests_of(one, question)
    if any(test["points"] for test in tests):
        return ""
    stub = "raise NotImplementedError" in one["answers"].get(question, "")
    if stub and any(test["state"] == State.BLANK for test in tests):
        return messages.BLANK
    return next((test["why"] for test in tests if test["state"] == State.NO_FUNCTION), "")


def note(one: dict, questions: list[dict], given: dict) -> str:
    """What a teacher should know of a submission: each problem, and where it is."""
    late = [messages.PROBLEM[State.LATE]] if one["late"] else []
    if one["state"] != State.GRADED:
        return "; ".join([*late, messages.submission(State(one["state"]), one["detail"])])
    found = {}
    for error in one["errors"]:
        where = error["question"] or (messages.CODE_CELL.format(error["cell"]) if error["cell"] else "")
        if error["state"] in MISSING:
            where = f"{error['says']} ({where})" if where else error["says"]
        found.setdefault(error["state"], []).append(where)
    stopped = {error["question"] for error in one["errors"]}
    for question in questions:
        name = question["name"]
        if question["words"]:
            mark = given[one["student"], name]
            answered = State.TO_BE_MARKED if one["answers"].get(name) else State.NOT_ANSWERED
            state = State.CHANGED if mark["before"] else None if mark["points"] else answered
        else:
            state = State.NOT_ANSWERED if name not in stopped and blank(one, name) else None
        if state:
            found.setdefault(state, []).append(name)
    places = {}
    for state, where in found.items():  # several states may have one name
        places.setdefault(messages.PROBLEM[State(state)], []).extend(where)
    return "; ".join(
        [*late, *(f"{problem}: {', '.join(dict.fromkeys(where))}" for problem, where in places.items())]
    )
