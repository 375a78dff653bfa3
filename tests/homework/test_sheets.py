"""Masters are read, released and proved; nothing of a solution gets out."""

import ast
import copy
import json
import shutil
import zipfile

import pytest
import torch
from handed_in import EXAMPLE, ROOT
from secret import leaked

from homework.grader import hidden, sheets
from homework.grader.__main__ import main
from homework.grader.check import check
from homework.grader.inside.source import plain_python
from homework.grader.messages import harmless
from homework.grader.mutants import mutants

MASTER, TESTS = "sheets/averages.ipynb", "hidden/averages/tests.py"
MEAN, SPREAD = (f"hidden/averages/answers/{question}.py" for question in ("mean", "spread"))


def broken(tmp_path, old: str, new: str, where=TESTS):
    """The example sheet with one edit."""
    shutil.copytree(EXAMPLE, tmp_path, ignore=shutil.ignore_patterns("probabilities*"), dirs_exist_ok=True)
    text = (tmp_path / where).read_text("utf-8")
    assert old in text
    (tmp_path / where).write_text(text.replace(old, new, 1), "utf-8")
    return tmp_path


def said_by_check(tmp_path, old: str, new: str, where=TESTS) -> str:
    return "\n".join(check(sheets.read("averages", broken(tmp_path, old, new, where)), say=lambda _: None))


@pytest.mark.parametrize("name", sheets.names())
def test_a_question_says_what_it_forbids(name):
    master = sheets.read(name)
    texts = {}  # by question: the Markdown since the cell of the last one
    since = ""
    for cell in master.notebook["cells"]:
        if question := cell["metadata"].get("nbgrader", {}).get("grade_id"):
            texts[question], since = since, ""
        else:
            since += sheets.text(cell)
    silent = [question for question in master.hidden.forbidden if "not allowed" not in texts[question]]
    assert not silent, "an answer would lose its marks without a warning"


@pytest.mark.parametrize("name", ["averages", "probabilities"])
def test_the_examples_are_proved(name):
    assert main(["--homework", str(EXAMPLE), "check", name]) == 0


@pytest.mark.parametrize(
    ("where", "old", "new", "complaint"),
    [
        (SPREAD, "return high - low", "return 1", 'the right answer "max and min" loses marks'),
        (SPREAD, "return low - high", "low = low", 'the wrong answer "the wrong way round" keeps full'),
        (TESTS, "== 1 / 3", "!= 2", "keeps full marks"),
        (TESTS, "abs(call", "abs(1 + call", "the reference does not pass"),
        (
            TESTS,
            'raises("ValueError"',
            'raises("Exception"',
            "this mutant keeps full marks: raise ValueError",
        ),
        (TESTS, 'assert call.raises("ValueError", "mean", [])', "pass", "a blank sheet passes"),
        (
            SPREAD,
            '    if bug("the wrong way round"):\n        return low - high\n',
            "",
            "has 3 wrong and 2 right",
        ),
        (TESTS, '"statistics.mean", "statistics.fmean"', '"statistics.mean"', "asks the library"),
        (TESTS, "sheet.forbid", 'sheet.equivalent("mean", "a -> b", because="")\nsheet.forbid', "a -> b"),
        (TESTS, "sheet.forbid", 'sheet.equivalent("spread", "-1 -> 1", because="")\nsheet.forbid', "-1 -> 1"),
        (MEAN, "math.fsum(n) / len(n)", "math.fsum(n) / len(n) if n else exit()", "refuses at the end"),
    ],
)
def test_check_finds(tmp_path, where, old, new, complaint):
    assert complaint in said_by_check(tmp_path, old, new, where)


def test_a_mutant_that_loops_for_ever_loses_marks(tmp_path, monkeypatch):
    monkeypatch.setattr("homework.grader.check.SECONDS", 0.2)
    loop = '@right("endless")\ndef spread(numbers):\n    while True:\n        pass\n\n\n@wrong("the largest")'
    assert "more than 0.2 s" in said_by_check(tmp_path, '@wrong("the largest")', loop, SPREAD)


@pytest.mark.parametrize(("waits", "found"), [(0.3, ""), (5, "more than 0.2 s")])
def test_time_that_an_answer_only_waits_counts_a_tenth(tmp_path, monkeypatch, waits, found):
    """Nor does time count that others take on a busy machine."""
    monkeypatch.setattr("homework.grader.check.SECONDS", 0.2)
    slow = f"    import time; time.sleep({waits} if numbers == [4, 9, 1] else 0)\n    low = high"
    said = said_by_check(tmp_path, "    low = high", slow, SPREAD)
    assert found in said
    assert bool(found) == bool(said)


@pytest.mark.parametrize(
    ("old", "new", "where", "complaint"),
    [
        ('"points": 4', '"points": 5', MASTER, "the tests give 4 points"),
        ("### END SOLUTION", "### END", MASTER, "no solution between"),
        ('"grade_id": "mean-check"', '"grade_id": "mean-test"', MASTER, "no cell mean-check"),
        ('"grade_id": "mean"', '"grade_id": "spread"', MASTER, "two cells"),
        ('test("spread"', 'test("sprawl"', TESTS, "sprawl"),
        ('forbid("mean"', 'forbid("median"', TESTS, 'speak of "median", which is no question'),
        ('"numpy.mean")', '"numpy.mean")\ndel sheet', TESTS, "has no `sheet = "),
        ('@right("a loop")', "", SPREAD, "spread.py, line 17: mark this answer with @right"),
        ('@right("a loop")', '@right("a loop"', SPREAD, r"cannot be read: .* \(spread.py, line 1"),
        (
            "When is the mean misleading?",
            "When?\\n\\n| Points | for |\\n|---|---|\\n| 1 | an outlier |\\n\\nAnd",
            MASTER,
            "students would read what earns the points",
        ),
    ],
)
def test_a_master_that_does_not_fit_its_tests_is_refused(tmp_path, old, new, where, complaint):
    with pytest.raises(sheets.SheetError, match=complaint):
        sheets.read("averages", broken(tmp_path, old, new, where))


def test_answers_to_what_is_no_question_are_refused(tmp_path):
    answers = broken(tmp_path, "", "") / SPREAD
    answers.rename(answers.with_name("sprawl.py"))
    with pytest.raises(sheets.SheetError, match='"sprawl", which is no question'):
        sheets.read("averages", tmp_path)


def test_hidden_tests_may_hold_a_dataclass_and_annotations_that_are_not_evaluated(tmp_path):
    head = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    data = "\n\n@dataclass\nclass Case:\n    numbers: list[int]\n\n\nassert Case([1]).numbers == [1]\n"
    folder = broken(tmp_path, "from homework", head + "from homework")
    (folder / TESTS).write_text((folder / TESTS).read_text() + data)
    assert sheets.read("averages", folder).hidden.questions == ["mean", "spread"]


def test_an_unknown_sheet_is_wrong_use(capsys):
    assert main(["--homework", str(EXAMPLE), "check", "nothing"]) == 2
    assert "the sheets are: averages, probabilities" in capsys.readouterr().err


@pytest.mark.parametrize("where", ["before", "after"])
def test_the_folder_of_the_sheets_stands_before_or_after_the_command(tmp_path, capsys, where):
    folder, release = ["--homework", str(EXAMPLE)], ["release", "--to", str(tmp_path)]
    assert main(folder + release if where == "before" else release + folder) == 0
    assert f"The sheets are those of {EXAMPLE}." in capsys.readouterr().out
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["averages", "probabilities"]


def test_a_folder_that_is_not_there_is_named(tmp_path, capsys):
    assert main(["check", "--homework", str(tmp_path / "coarse")]) == 2
    assert capsys.readouterr().err == f"There is no folder {tmp_path / 'coarse' / 'sheets'}.\n"


def test_the_students_sheet_has_no_solution_and_no_hidden_test(averages):
    student = sheets.student_notebook(averages)
    text = json.dumps(student)
    for secret in ("SECRET", "SOLUTION", "HIDDEN", "sorted(numbers)"):
        assert secret not in text
    assert text.count("raise NotImplementedError()") == 2
    assert text.count("YOUR ANSWER HERE") == 1
    assert "def mean(numbers):" in text
    assert "did you forget to divide?" in text
    assert len(student["cells"]) == len(averages.notebook["cells"])


@pytest.mark.parametrize("name", sheets.names())
def test_no_cell_is_long(name):
    """Neither for a student nor, with solution and hidden tests, for a teacher."""
    cells = [cell for cell in sheets.read(name).notebook["cells"] if cell["cell_type"] == "code"]
    long = [cell["id"] for cell in cells if len(cell["source"]) > 20]
    assert long == [], "split each into NAME-check and NAME-check-2, and its points with it"


def test_a_check_of_two_cells_gives_its_points_in_parts(tmp_path):
    folder = broken(tmp_path, '"points": 4', '"points": 3', "sheets/averages.ipynb")
    path = folder / "sheets" / "averages.ipynb"
    notebook = json.loads(path.read_text())
    second = {"grade": True, "grade_id": "mean-check-2", "points": 1, "locked": True, "solution": False}
    cell = {"cell_type": "code", "id": "mean-check-2", "source": "assert mean([4]) == 4", "outputs": []}
    notebook["cells"].append(cell | {"metadata": {"nbgrader": second}, "execution_count": None})
    path.write_text(json.dumps(notebook))
    master = sheets.read("averages", folder)
    assert len(master.checks_of("mean")) == 2
    assert check(master) == []


def test_a_solution_that_is_not_closed_is_not_released(averages):
    cell = {"cell_type": "code", "metadata": {}, "source": "### BEGIN SOLUTION\nsecret"}
    with pytest.raises(sheets.SheetError, match="not both"):
        sheets.student_source(cell)


def test_release_writes_the_same_bytes_every_time(tmp_path):
    for folder in ("one", "two"):
        to, packed = tmp_path / folder, tmp_path / f"{folder}.zip"
        assert main(["--homework", str(EXAMPLE), "release", "--to", str(to), "--zip", str(packed)]) == 0
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as file:
        assert file.namelist() == ["averages.ipynb", "probabilities.ipynb"]
        assert b"SECRET" not in b"".join(file.read(name) for name in file.namelist())


@pytest.mark.no_cover  # it would take a third longer, and the examples' proofs are covered
@pytest.mark.parametrize("name", sheets.names())
def test_the_books_sheets_are_proved(name):
    assert check(sheets.read(name)) == []


def cells_before_the_questions(master: sheets.Master) -> list[str]:
    """The imports, and the function that begins every check."""
    return [sheets.text(cell) for cell in master.notebook["cells"] if cell["id"] in ("imports", "returned")]


@pytest.mark.parametrize(
    ("value", "told"), [(None, "does it end with return?"), (object(), "the function returns object, not ")]
)
@pytest.mark.parametrize("name", sheets.names())
def test_a_check_says_at_once_that_nothing_or_the_wrong_type_is_returned(name, value, told):
    master, space = sheets.read(name), {}
    for source in cells_before_the_questions(master):
        exec(source, space)
    for question in master.answers:
        space |= dict.fromkeys(master.functions(question), lambda *_, **__: value)
        with pytest.raises(AssertionError) as said:
            exec(sheets.text(master.checks[f"{question}-check"]), space)
        assert told in str(said.value), question


@pytest.mark.parametrize(
    ("name", "question", "answer"),
    [
        ("softmax-from-scratch", "gradient", "def gradient(X, truth, W, b, decay): return judge(decay)"),
        ("softmax-concise", "descend", "def descend(w, g, lrs, *others): return by_torch(*others)"),
    ],
)
def test_no_answer_can_ask_what_its_check_compares_it_with(name, question, answer):
    master, space = sheets.read(name), {}
    for source in [*cells_before_the_questions(master), answer]:
        exec(source, space)
    for cell in master.checks_of(question):
        with pytest.raises(NameError):
            exec(sheets.text(cell), space)


@pytest.mark.parametrize("name", sheets.names())
def test_the_released_sheets_are_in_step_with_their_masters(name, tmp_path):
    (path,) = sheets.release([sheets.read(name)], tmp_path)
    committed = ROOT / "book" / "homework" / path.name
    assert committed.is_file(), f"run: python -m homework.grader release {name}"
    assert committed.read_bytes() == path.read_bytes(), f"run: python -m homework.grader release {name}"


def test_no_solution_is_in_the_released_sheets_and_their_zip(tmp_path):
    sheets.release(list(map(sheets.read, sheets.names())), tmp_path, tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as packed:
        texts = {name: packed.read(name).decode() for name in packed.namelist()}
    assert len(texts) == 5
    texts |= {str(path): path.read_text("utf-8") for path in (ROOT / "book" / "homework").glob("*.ipynb")}
    for name, text in texts.items():
        cells = "\n".join(map(sheets.text, json.loads(text)["cells"]))
        assert not leaked(cells), name
        assert not leaked(text), name
        assert not sheets.MARKING.search(cells), name


def shape(function: ast.FunctionDef) -> str:
    """What a function does, whatever its names: without docstring, annotations and messages."""
    function, names = copy.deepcopy(function), {}
    if ast.get_docstring(function):
        del function.body[0]
    for node in ast.walk(function):
        if isinstance(node, ast.Name | ast.arg):
            key = "id" if isinstance(node, ast.Name) else "arg"
            setattr(node, key, names.setdefault(getattr(node, key), f"n{len(names)}"))
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = None
        if isinstance(node, ast.JoinedStr):
            node.values = []
    return "".join(map(ast.dump, [function.args, *function.body]))


def functions(source: str) -> list[ast.FunctionDef]:
    """All functions in a cell, or none if it is not Python alone."""
    try:
        return [
            node for node in ast.walk(ast.parse(plain_python(source))) if isinstance(node, ast.FunctionDef)
        ]
    except SyntaxError:
        return []


def test_no_homework_answer_stands_in_the_lessons_their_solutions_or_the_helpers():
    public = {}
    for path in [*(ROOT / "book").glob("*/*.ipynb"), *(ROOT / "utils").glob("*.py")]:
        text = path.read_text("utf-8")
        sources = [text] if path.suffix == ".py" else map(sheets.text, json.loads(text)["cells"])
        for function in [one for source in sources for one in functions(source)]:
            if path.parent.name != "homework":
                public[shape(function)] = f"{path}: {function.name}"
    assert len(public) > 200
    for name in sheets.names():
        for question, cell in sheets.read(name).answers.items():
            for function in functions(sheets.text(cell)):
                assert shape(function) not in public, f"{name}, {question} is {public[shape(function)]}"


def test_two_functions_that_differ_in_names_alone_have_one_shape():
    one, two, other = functions(
        "def f(a: int, b):\n    'Doc.'\n    return a - b\n"
        "def g(x, y): return x - y\ndef h(x, y): return y - x"
    )
    assert shape(one) == shape(two) != shape(other)


@pytest.mark.parametrize(
    ("value", "test", "told"),
    [
        (None, lambda call: call("f").shape, "f returned nothing: does it end with return?"),
        (None, lambda call: fail_unless(call("f") == 1), "f returned nothing: does it end with return?"),
        ({}, lambda call: call("f")["accuracy"], "in what f returned the key 'accuracy' is missing"),
        ({}, lambda call: {}[1], "(KeyError)"),
        ("", lambda call: call("f").shape, "(AttributeError)"),
        (
            1,
            lambda call: fail_unless(call.raises("ValueError", "f")),
            "f raised no ValueError where one is due",
        ),
        (2, lambda call: fail_unless(call("f") == 1), ""),
    ],
)
def test_the_student_reads_why_a_test_failed_where_that_is_known(value, test, told):
    outcome = hidden.run_test(hidden.Test("f", 1, "It works.", test), hidden.Call(lambda *_: (value, [])))
    assert outcome.points == 0
    assert outcome.why.endswith(told)
    assert bool(outcome.why) == bool(told)


def fail_unless(right) -> None:
    assert right


def test_two_bool_tensors_that_were_subtracted_are_no_untouched_answer():
    yes = torch.tensor(True)
    with pytest.raises(RuntimeError) as problem:
        yes - yes
    assert "two bool tensors were subtracted" in harmless(str(problem.value), ("RuntimeError",))


def test_mutants_are_named_by_the_edited_piece():
    source = "def f(X):\n    'Sum 1.'\n    if X > 1:\n        raise ValueError\n"
    source += "    X = not X\n    return X.sum(1, keepdim=True) - 1"
    names = [name for name, _ in mutants(source)]
    assert names == [
        "if X > 1: raise ValueError -> if not X > 1: raise ValueError",
        "return X.sum(1, keepdim=True) - 1 -> return None",
        "X > 1 -> X >= 1",
        "raise ValueError -> pass",
        "not X -> X",
        "X.sum(1, keepdim=True) - 1 -> X.sum(1, keepdim=True) + 1",
        "1 -> 2",
        "X.sum(1, keepdim=True) -> X.sum(1)",
        "1 -> 2 (no. 2)",
        "X.sum -> X.mean",
        "1 -> 2 (no. 3)",
        "True -> False",
    ]
