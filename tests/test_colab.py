"""The set-up cell in an emulated Colab; `make colab` runs every notebook there, whole."""

import ast
import html

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from test_lessons import SET_UP, Lesson, parse

from tools.colab import LESSONS, ROOT, SOLVED, VERSION, Colab, redirect, serve

pytestmark = pytest.mark.xdist_group("colab")  # one process installs what Colab has
FRAMES = """
import matplotlib.pyplot as plt
from utils import explore

import sys
from utils.notebook import has_reader

asked = []

def draw(n, k):
    asked.append((n, k))
    figure, axes = plt.subplots()
    axes.semilogy([1, 1000])
    return figure

def show():
    words = {"title": "Try it", "notice": "", "alt": "n = {n}, k = {k}".format}
    return explore.frames(draw, **words, n=explore.between(1, 9), k=[3, 4])

assert get_ipython().kernel.get_parent()["content"]["allow_stdin"] is has_reader() is False
display(show())
sys.modules["utils.explore.frames"].has_reader = lambda: True  # as one who runs the cell in Colab
shown = show()
shown.controls["n"].value = 5
assert asked[-1] == (5, 4)
shown
"""


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Serve the book from a local repository."""
    return serve(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module")
def colab(tmp_path_factory, address):
    """Return a Colab in which the set-up cell has run, and with it every import of the book and a figure."""
    colab = Colab(tmp_path_factory.mktemp("colab"), address)
    before = colab.installed()
    nodes = [
        n for path in [*LESSONS, *SOLVED] for c in Lesson.read(path).code for n in ast.walk(parse(c.source))
    ]
    imports = dict.fromkeys(ast.unparse(n) for n in nodes if isinstance(n, ast.Import | ast.ImportFrom))
    colab.first = notebook(SET_UP, "\n".join(imports), FRAMES)
    colab.run(colab.first)
    colab.new = colab.installed() ^ before
    return colab


def test_the_set_up_cell_installs_the_helpers_and_nothing_else(colab):
    assert colab.new == {f"from-lines-to-labels=={VERSION}"}
    assert not colab.first.cells[0].outputs


def test_sheets_have_the_set_up_cell():
    for path in SOLVED:
        assert Lesson.read(path).code[0].source == SET_UP, path.name


def test_frames_are_shown_and_a_reader_asks_with_ipywidgets_7(colab):
    executed, frames, controls = (output.data for output in colab.first.cells[2].outputs)
    assert "<explore-frames" in executed["text/html"]
    assert ">10²</text>" in html.unescape(executed["text/html"]), "words as words, by an older matplotlib"
    assert "<explore-frames" in frames["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in controls


def test_a_lesson_runs_whole_and_fetches_nothing_twice(colab, tmp_path):
    colab.variables = redirect(tmp_path)  # which is no repository
    colab.run(nbformat.read(ROOT / "book/linear-regression/a-line-through-points.ipynb", 4))


@pytest.mark.parametrize("fault", ["no network", "no such tag"])
def test_a_failure_says_what_to_do_in_one_sentence(tmp_path, address, fault):
    variables = redirect(tmp_path / "nowhere") if fault == "no network" else address
    cells = notebook(SET_UP.replace(f"@v{VERSION}", "@v9.9.9"))
    with pytest.raises(CellExecutionError):
        Colab(tmp_path, variables).run(cells)
    [error] = cells.cells[0].outputs
    assert error.ename == "RuntimeError"
    assert "connect to the internet and run this cell again" in error.evalue
    assert "\n" not in error.evalue
