"""Grade one submission: run its cells in a sandbox, and the hidden tests here."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from homework.grader import messages, sheets, words
from homework.grader.hidden import Call, Outcome, run_test
from homework.grader.intake import opened
from homework.grader.session import Limits, Session
from homework.grader.states import Problem, State


def both(check: dict) -> list[str]:
    """A check as students have it, and as it stands in the master, which a teacher may hand in."""
    return [sheets.student_source(check), sheets.text(check)]


class Student:
    """A submission in its sandbox."""

    def __init__(self, master: sheets.Master, limits: Limits):
        self.master, self.session = master, Session(limits)

    def read(self, path: Path) -> None:
        """Read the notebook of a path, in the sandbox, before anything of it runs."""
        with opened(path) as file:
            self.read_data(file.read())

    def read_data(self, data: bytes) -> None:
        """Read a notebook. Raises Problem if it is none."""
        functions = {question: self.master.functions(question) for question in self.master.answers}
        look = {
            question: {
                "own": sorted(own),
                "others": sorted(set().union(*functions.values()) - own),
                "forbidden": self.master.hidden.forbidden.get(question, ()),
            }
            for question, own in functions.items()
        }
        checks = {name: both(check) for name, check in self.master.checks.items()}
        reply = self.session.worker.ask({"read": len(data), "questions": look, "checks": checks}, 60, data)
        if "unreadable" in reply:
            raise Problem(State(reply["unreadable"]))
        self.cells, self.used = reply["cells"], reply["used"]
        self.asked = {name: question for question, names in functions.items() for name in names}
        code = [cell for cell in self.cells if cell["kind"] == "code"]  # numbered as in the notebook
        self.code = dict(enumerate(code, 1))
        self.session.code = {number: cell["run"] for number, cell in self.code.items() if cell["run"].strip()}

    def doubt(self) -> Problem | None:
        """Say so if the notebook seems to be another sheet, or none: whose functions does it define?"""
        function = re.compile(r"\bdef +(\w+)")
        theirs = {name for cell in self.code.values() for name in function.findall(cell["source"])}
        masters = sorted(self.master.path.parent.glob("*.ipynb"))
        fits = {
            one.stem: len(theirs.intersection(function.findall(one.read_text("utf-8")))) for one in masters
        }
        name, best = self.master.name, max(fits, key=fits.get)
        if fits[best] > fits[name]:
            return Problem(State.OTHER_SHEET, f"{best}, and not like {name}")
        return None if fits[name] else Problem(State.NO_FUNCTIONS, name)

    def question_of(self, cell: dict) -> str:
        """Return the question that a cell in code answers: by its name, else by the functions it defines."""
        if cell["name"] in self.master.answers:
            return cell["name"]
        defined = re.findall(r"^def +(\w+)", cell["source"], re.M)
        return next((self.asked[name] for name in defined if name in self.asked), "")

    def outcomes(self, only: str = "") -> Iterator[dict]:
        """Run the hidden tests here, against functions over there; yield each Outcome, and its state.

        Of all questions, or of the one that is named.
        """
        for test in [one for one in self.master.hidden.tests if only in ("", one.question)]:
            self.session.state = State.WRONG
            if used := self.used[test.question]:
                why = messages.TEST[State.FORBIDDEN].format(", ".join(used))
                outcome = Outcome(test.question, 0, test.points, test.says, why)
                self.session.state = State.FORBIDDEN
            else:
                outcome = run_test(test, Call(self.session.ask))
            passed = outcome.points == outcome.of
            yield asdict(outcome) | {"state": State.PASSED if passed else self.session.state}

    def errors(self) -> list[dict]:
        """What went wrong outside the tests: question or "", its cell's number or 0, a state, and more."""
        found = [
            {"question": self.question_of(self.code[number]), "cell": number, "state": state, "says": says}
            for number, (state, says) in sorted(self.session.stopped.items())
        ]
        found += [
            {"question": self.asked.get(name, name), "cell": 0, "state": state, "says": ""}
            for name, state in self.session.ended.items()
        ]
        return found + [
            {"question": "", "cell": number, "state": state, "says": what}
            for (state, what), number in self.session.missing.items()
        ]

    def answers(self) -> dict[str, str]:
        """What stands in the answer cells, for the feedback and for marking by hand."""
        return words.answers(self.master, self.cells, self.question_of)

    def close(self) -> None:
        """End the process."""
        self.session.close()
