"""Before a batch: would a solved sheet have its marks here? A wrong set-up must cost no student a point."""

import json
from pathlib import Path

from homework.grader import messages, sheets
from homework.grader.session import Limits
from homework.grader.states import Gone, Problem, State
from homework.grader.student import Student

DATA = "from utils.data import load_fashion_mnist as load\nload()\ndel load"


def refuse_optimized() -> None:
    """Raise SheetError where Python drops `assert`: hidden tests are made of them."""
    if not __debug__:
        raise sheets.SheetError("Python runs without assert: unset PYTHONOPTIMIZE, and leave out -O.")


def trial(sheet: str, homework: Path, limits: Limits) -> str:
    """Run a solved sheet in the sandbox: its imports, its data, one question. Return what fails, or ""."""
    refuse_optimized()
    master = sheets.read(sheet, homework)
    question = master.hidden.questions[0]
    student = Student(master, limits)
    try:
        student.read_data(json.dumps(master.notebook).encode())
        if "load_fashion_mnist" in json.dumps(master.notebook):
            number = max(student.code) + 1
            student.code[number] = {"name": "", "source": DATA}
            student.session.code[number] = DATA
        lost = [one for one in student.outcomes(question) if one["state"] != State.PASSED]
        for error in student.errors():
            return f"{messages.PROBLEM[State(error['state'])]}: {error['says']}"
        for one in lost:
            return f"the model answer to {question} is not accepted. {one['detail'] or one['why']}".strip()
    except (Gone, Problem) as problem:
        return messages.submission(problem.state, problem.detail)
    finally:
        student.close()
    return ""
