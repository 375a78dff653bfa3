"""Read a master notebook, and write the student's sheet from it."""

import ast
import copy
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from homework.grader.hidden import Sheet, load

HOMEWORK = Path(__file__).parents[1]
RELEASED = HOMEWORK.parent / "book" / "homework"

SOLUTION = re.compile(r"^([ \t]*)#+ ?BEGIN SOLUTION.*?#+ ?END SOLUTION[^\n]*\n?", re.S | re.M)
MARKING = re.compile(r"^\|\s*points?\s*\|", re.I | re.M)  # a table of what earns the points
HIDDEN_TESTS = re.compile(r"^[ \t]*#+ ?BEGIN HIDDEN TESTS.*?#+ ?END HIDDEN TESTS[^\n]*\n?", re.S | re.M)


class SheetError(Exception):
    """A sheet is not as it should be; the message says where and how, in one sentence."""


@dataclass
class Master:
    """One sheet: the master notebook, read, and its hidden part."""

    name: str
    path: Path
    hidden_path: Path  # a folder
    notebook: dict
    hidden: Sheet

    def cells(self, **wanted) -> dict[str, dict]:
        """The cells whose nbgrader metadata has these values, by grade_id."""
        found = {}
        for cell in self.notebook["cells"]:
            nbgrader = cell["metadata"].get("nbgrader", {})
            if nbgrader and all(nbgrader.get(key, False) == value for key, value in wanted.items()):
                found[nbgrader["grade_id"]] = cell
        return found

    @property
    def answers(self) -> dict[str, dict]:
        """The answer cells in code, by question."""
        return self.cells(solution=True, grade=False)

    @property
    def checks(self) -> dict[str, dict]:
        """The cells of public checks, by their own grade_id."""
        return self.cells(solution=False, grade=True)

    def checks_of(self, question: str) -> list[dict]:
        """The cells that check a question: NAME-check, and if that is long, NAME-check-2 and so on."""
        name = re.compile(rf"{re.escape(question)}-check(-\d+)?")
        return [cell for grade_id, cell in self.checks.items() if name.fullmatch(grade_id)]

    @property
    def words(self) -> dict[str, dict]:
        """The cells answered in words, by question."""
        return self.cells(solution=True, grade=True)

    @property
    def titles(self) -> dict[str, str]:
        """The heading under which each question stands."""
        titles, heading = {}, ""
        for cell in self.notebook["cells"]:
            question = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if question:
                titles[question] = heading
            elif lines := re.findall(r"^#+ (.+)$", text(cell), re.M):
                heading = lines[-1]
        return titles

    def points(self, question: str) -> float:
        """What the question is worth."""
        if question in self.words:
            return self.words[question]["metadata"]["nbgrader"]["points"]
        return sum(test.points for test in self.hidden.tests if test.question == question)

    def functions(self, question: str) -> set[str]:
        """The names that the question's answer defines."""
        body = ast.parse(text(self.answers[question])).body
        return {node.name for node in body if isinstance(node, ast.FunctionDef)}


def text(cell: dict) -> str:
    """A cell's source as one text."""
    return "".join(cell["source"])


def names(folder: Path = HOMEWORK) -> list[str]:
    """The sheets that there are."""
    return sorted(path.stem for path in (folder / "sheets").glob("*.ipynb"))


def read(name: str, folder: Path = HOMEWORK) -> Master:
    """Return the sheet `name`, or raise SheetError if master and hidden tests do not fit together."""
    path, hidden = folder / "sheets" / f"{name}.ipynb", folder / "hidden" / name
    for needed in (path, hidden / "tests.py"):
        if not needed.is_file():
            raise SheetError(f"There is no {needed}; the sheets are: {', '.join(names(folder)) or 'none'}.")
    try:
        master = Master(name, path, hidden, json.loads(path.read_text("utf-8")), load(hidden))
    except (ValueError, SyntaxError) as problem:
        raise SheetError(f"{name} cannot be read: {problem}") from None
    for problem in problems(master):
        raise SheetError(f"{name}: {problem}")
    return master


def problems(master: Master) -> list[str]:
    """What keeps a master and its hidden tests from fitting together, each in one sentence."""
    hidden, found = master.hidden, []
    ids = [
        c["metadata"]["nbgrader"]["grade_id"] for c in master.notebook["cells"] if "nbgrader" in c["metadata"]
    ]
    found += [f'the grade_id "{one}" stands on two cells.' for one in sorted(set(ids)) if ids.count(one) > 1]
    if set(hidden.questions) != set(master.answers):
        differ = ", ".join(sorted(set(hidden.questions) ^ set(master.answers)))
        found.append(f"each answer cell needs hidden tests and each test an answer cell; look at: {differ}.")
        return found
    for question, cell in master.answers.items():
        checks, points = master.checks_of(question), master.points(question)
        if not SOLUTION.search(text(cell)):
            found.append(f"{question}: no solution between ### BEGIN SOLUTION and ### END SOLUTION.")
        if not checks:
            found.append(f"{question}: there is no cell {question}-check.")
        elif sum(check["metadata"]["nbgrader"]["points"] for check in checks) != points:
            found.append(f"{question}: the tests give {points:g} points, its check cells say otherwise.")
    read = [
        c for c in master.notebook["cells"] if c["cell_type"] != "code" and c not in master.words.values()
    ]
    found += [
        f"students would read what earns the points: move the table into the answer: {text(cell)[:40]!r}."
        for cell in read
        if MARKING.search(text(cell))
    ]
    named = {
        *hidden.forbidden,
        *(a.question for a in hidden.wrongs + hidden.rights),
        *(q for q, _ in hidden.equivalents),
    }
    found += [
        f'the hidden tests or answers speak of "{one}", which is no question.'
        for one in sorted(named - set(master.answers))
    ]
    return found


def student_source(cell: dict) -> str:
    """Return a cell's source as students get it."""
    source = text(cell)
    if cell["cell_type"] == "code":
        source = SOLUTION.sub(r"\1# YOUR CODE HERE\n\1raise NotImplementedError()\n", source)
        source = HIDDEN_TESTS.sub("", source)
    elif cell["metadata"].get("nbgrader", {}).get("solution"):
        source = "YOUR ANSWER HERE"
    if re.search(r"(BEGIN|END) (SOLUTION|HIDDEN)", source):
        raise SheetError(
            f"A cell opens or closes a solution or a hidden test, but not both: {source[:60]!r}."
        )
    return source.rstrip("\n")


def student_notebook(master: Master) -> dict:
    """Return the sheet as students get it: no solution, no hidden test, no output."""
    notebook = copy.deepcopy(master.notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        cell["source"] = student_source(cell).splitlines(keepends=True)
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["deletable"] = False
            if cell["metadata"]["nbgrader"]["locked"]:
                cell["metadata"]["editable"] = False
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook["metadata"] = {"kernelspec": kernel}
    return notebook


def release(masters: list[Master], folder: Path = RELEASED, archive: Path | None = None) -> list[Path]:
    """Write the students' sheets into `folder`, and all of them into a zip: the same bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for master in masters:
        path = folder / f"{master.name}.ipynb"
        path.write_text(json.dumps(student_notebook(master), indent=1, ensure_ascii=False) + "\n", "utf-8")
        written.append(path)
    if archive is not None:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
            for path in written:
                file.writestr(
                    zipfile.ZipInfo(path.name), path.read_bytes()
                )  # dated 1980, as every zip's default
    return written
