"""The set-up cell of every notebook, run as a program of its own; test_colab has its way in Colab."""

from __future__ import annotations

import os
import subprocess
import sys

import nbformat
import pytest
from test_lessons import ROOT, SET_UP, Lesson

IN_COLAB = "import sys; sys.modules['google.colab'] = sys\n"
FOREIGN = {
    "an empty file": ("utils.py", ""),
    "a file": ("utils.py", "def accuracy(y_hat, y):\n    return 1\n"),
    "a file that cannot be run": ("utils.py", "raise SystemExit('of a foreign file')\n"),
    "a package": ("utils/__init__.py", "import not_here\n"),
}


def run(code, folder, *options):
    """Run code with a folder's files in reach; return the last line of what it says."""
    reach = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, *options, "-c", code]
    done = subprocess.run(command, cwd=folder, env=reach, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().rpartition("\n")[2]


@pytest.mark.parametrize("colab", ["", IN_COLAB], ids=["here", "colab"])
def test_with_the_books_helpers_it_says_nothing(tmp_path, colab):
    assert run(f"{colab}{SET_UP}", tmp_path) == ""


@pytest.mark.parametrize("colab", ["", IN_COLAB], ids=["here", "colab"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_foreign_helpers_get_one_sentence_that_names_them(tmp_path, kind, colab):
    name, content = FOREIGN[kind]
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    said = run(f"{colab}{SET_UP}", tmp_path)
    assert said == f"RuntimeError: {tmp_path / name} hides the book's utils: rename it."


@pytest.mark.parametrize("options", [[], ["-S"]], ids=["here", "nothing installed"])
def test_a_folder_hides_the_helpers_too(tmp_path, options):
    """Where pip links to the book's folder, and in Colab, where then nothing would be installed."""
    (tmp_path / "utils").mkdir()
    said = run(f"{IN_COLAB}{SET_UP}", tmp_path, *options)
    assert said == "RuntimeError: A folder hides the book's utils: rename it."


def test_without_helpers_it_says_how_to_get_them(tmp_path):
    said = run(SET_UP, tmp_path, "-S")  # no installed packages
    assert said == "RuntimeError: Run `pip install -e .` in the book's folder; use its kernel."


@pytest.mark.parametrize("option", ["-O", "-OO"])
def test_a_python_that_skips_every_claim_is_told(tmp_path, option):
    said = run(SET_UP, tmp_path, option)
    assert said == "RuntimeError: Python runs with -O, which skips every check: start it without."


def test_every_notebook_has_this_cell():
    """Lessons and solutions are held to it by a rule, sheets by test_colab; these are all there are."""
    paths = {*ROOT.glob("book/**/*.ipynb"), *ROOT.glob("homework/sheets/*.ipynb")}
    paths |= set(ROOT.glob("tests/homework/example/sheets/*.ipynb"))
    for path in paths - set(ROOT.glob("**/.ipynb_checkpoints/*")):
        assert Lesson.read(path).code[0].source == SET_UP, path


def test_measurements_run_from_any_folder(tmp_path):
    cells = nbformat.read(ROOT / "book/reference/measurements.ipynb", 4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    first = sources[: 1 + next(k for k, source in enumerate(sources) if 'results("' in source)]
    assert run("\n".join(first), tmp_path).startswith("Python ")
