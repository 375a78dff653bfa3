"""`make site` and `make test` of a small book: what is killed is done again, and so is what was edited."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import build
from tools.tree import ROOT, files

pytestmark = pytest.mark.xdist_group("small book")  # one process builds it
COPIED = ["Makefile", "tools", "_ext/executed.py", ".gitignore"]
COPIED += [".github", "pyproject.toml", "requirements.lock", "package.json", "package-lock.json"]
TEXTS = {
    "README.md": "A small book.\n",
    "index.md": "# A small book\n",
    "_config.yml": """title: A small book
only_build_toc_files: true
exclude_patterns: [".*", node_modules]
execute: {execute_notebooks: "off"}
sphinx:
  local_extensions: {executed: _ext}
  config: {html_static_path: [web]}
""",
    "web/book.css": "p { color: red; }\n",
    "_toc.yml": "format: jb-book\nroot: index\nchapters:\n  - file: book/small/lesson\n",
    "utils/__init__.py": '"""Helpers."""\n',
    "homework/grader/__init__.py": '"""The grader."""\n',
    "utils/data.py": 'print("The data are here.")\n',
    "tests/test_unit.py": """import homework.grader  # noqa: F401
import utils.data  # noqa: F401
import waits


def test_unit():
    waits.at("unit")
""",
    "waits.py": """import os
import time
from pathlib import Path


def at(moment):
    with Path(os.environ["MOMENTS"], moment).open("a") as file:
        file.write("x")
    while os.environ["STAY"] == moment and not Path(os.environ["MOMENTS"], "go").exists():
        time.sleep(0.01)
""",
    "tests/site/test_pages.py": """import waits


def test_pages():
    waits.at("pages")
""",
    "bench/results/small.json": "{}\n",
}


# The kernel sends what was printed so far while it pauses.
IN_PIECES = 'print("It was ", end="", flush=True)\ntime.sleep(0.5)\nprint("executed.")'


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Return the folder of a book of one lesson, with spaces and Chinese letters in its path, and no git."""
    folder = tmp_path_factory.mktemp("a small book") / "从线 到 标签"
    folder.mkdir()
    for path in files(*COPIED):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for name, text in TEXTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    for name in (".venv", "node_modules"):
        (folder / name).symlink_to((ROOT / name).resolve())
    cells = [
        new_markdown_cell("# A lesson", id="title"),
        new_code_cell('import time\n\nimport waits\n\nwaits.at("notebook")\n' + IN_PIECES, id="wait"),
    ]
    notebook = new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (folder / "book/small").mkdir(parents=True)
    nbformat.write(notebook, folder / "book/small/lesson.ipynb")
    (folder.parent / "moments").mkdir()
    if {"environment", "packages"} & undone(folder):
        pytest.fail("What is installed is older than the lock: make test installs it anew.", pytrace=False)
    return folder


def variables(book, stay=""):
    """Return the environment of a build of its own, in which the test or notebook named `stay` waits."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    return mine | {"MOMENTS": str(book.parent / "moments"), "STAY": stay, "CORES": "0"}


def start(book, target, stay=""):
    """Start `make TARGET` as the leader of a process group; the test or notebook named `stay` waits."""
    options = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "text": True,
        "start_new_session": True,
    }
    return subprocess.Popen(
        ["make", target, f"PYTHON={sys.executable}"], cwd=book, env=variables(book, stay), **options
    )


def make(book, target):
    """Run `make TARGET`, which must succeed, and return what it prints."""
    process = start(book, target)
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 0, printed
    return printed


def wait(process, moment):
    """Wait until a folder is there, or a file with something in it, which is made while the process runs."""
    end = time.monotonic() + 300
    while not (moment.is_dir() or (moment.exists() and moment.stat().st_size)):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.002)


def kill(book, target, moment):
    """Run `make TARGET` until this test, notebook or file begins; kill it all; return what it printed."""
    process = start(book, target, stay=moment)
    wait(process, book / moment if "/" in moment else book.parent / "moments" / moment)
    os.killpg(process.pid, signal.SIGKILL)
    return process.communicate()[0]


def runs(book):
    """Return how often each test and notebook was begun since the last call."""
    found = {path.name: len(path.read_text()) for path in (book.parent / "moments").iterdir()}
    for name in found:
        (book.parent / "moments" / name).unlink()
    return found


def undone(book):
    """Return the steps of `make test` that are to be done."""
    script = """if True:
        import json
        from tools import build, tree
        missing = [name for name, step in build.STEPS.items() if step.inputs and not build.recorded(name)]
        missing += [path.stem for path in tree.lessons() if not tree.is_executed(path)]
        print(json.dumps(missing))"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=book, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_a_site_that_was_killed_is_built_by_the_next_call(book):
    """While a notebook is executed, while pages are written, and when the front page is there."""
    kill(book, "site", "notebook")
    assert runs(book) == {"notebook": 1}
    kill(book, "site", "_build/site/_build/html")
    assert runs(book) == {"notebook": 1}
    kill(book, "site", "_build/site/_build/html/index.html")
    assert runs(book) == {}, "what was executed is not executed again"
    assert not (book / "_build/html").exists()
    make(book, "site")
    assert runs(book) == {}
    assert "It was executed." in (book / "_build/html/book/small/lesson.html").read_text("utf-8")
    assert [path.name for path in (book / "_build").iterdir() if "site" in path.name] == []


def test_tests_that_were_killed_are_run_by_the_next_call(book):
    """While a notebook, the unit tests and the build of the site, and the tests of the pages run."""
    (book / "utils/data.py").write_text('print("The data are still here.")\n')
    printed = [kill(book, "test", "notebook")]
    assert runs(book) == {"notebook": 1}
    printed += [kill(book, "test", "unit")]
    assert runs(book) == {"notebook": 1, "unit": 1}
    printed += [kill(book, "test", "pages")]
    assert runs(book) == {"unit": 1, "pages": 1}
    assert "All of it passes" not in "".join(printed)
    last = make(book, "test").partition("All of it passes:")[2]
    assert runs(book) == {"pages": 1}
    assert re.search(r"(?s)notebooks: 1 cells of 1 notebooks.*unit: 1 passed.*pages: 1 passed", last)


@pytest.fixture
def passed(book):
    """Return the book after a `make test` that passed."""
    make(book, "test")
    runs(book)
    return book


def test_nothing_is_done_twice(passed):
    """Nor after all files were touched."""
    for path in passed.rglob("*"):
        if not path.is_symlink() and ".venv" not in path.parts:
            os.utime(path)
    begun = sum(os.times()[2:4])  # seconds of the processor, of what is started here
    printed = make(passed, "test")
    assert sum(os.times()[2:4]) - begun < 5, printed
    assert runs(passed) == {}
    assert len(printed.splitlines()) < 10, printed


ALL = {"lint", "unit", "site", "pages"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("README.md", {"lint", "unit"}),
        ("tests/test_unit.py", {"lint", "unit", "pages"}),
        ("tests/site/test_pages.py", {"lint", "unit", "pages"}),
        ("bench/results/small.json", ALL),
        ("Makefile", ALL),
        ("_config.yml", ALL),
        ("web/book.css", ALL),
        ("_ext/executed.py", ALL),
        ("tools/build.py", ALL),
        ("tools/execute.py", {*ALL, "lesson"}),
        ("utils/data.py", {*ALL, "lesson", "data"}),
        ("pyproject.toml", {*ALL, "environment"}),
        ("requirements.lock", {*ALL, "lesson", "environment"}),
        ("package.json", {*ALL, "packages"}),
        ("a new file.txt", ALL),
    ],
)
def test_an_edit_is_never_missed(passed, name, expected):
    path = passed / name
    before = path.read_text("utf-8") if path.exists() else None
    times = path.stat() if path.exists() else None
    path.write_text((before or "") + "\n", "utf-8")
    if times:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    found = undone(passed)
    if before is None:
        path.unlink()
    else:
        path.write_text(before, "utf-8")
    assert found == expected
    assert undone(passed) == set(), "it is as it was when it passed"


@pytest.mark.parametrize(("kind", "expected"), [("markdown", ALL), ("code", {*ALL, "lesson"})])
def test_a_lesson_is_executed_again_if_its_code_is_edited(passed, kind, expected):
    path = passed / "book/small/lesson.ipynb"
    before = path.read_text("utf-8")
    notebook = nbformat.read(path, 4)
    next(cell for cell in notebook.cells if cell.cell_type == kind).source += "  # edited"
    nbformat.write(notebook, path)
    found = undone(passed)
    path.write_text(before, "utf-8")
    assert found == expected


def test_an_edit_during_the_work_is_never_missed(passed):
    """What was done before the edit, and what was at work, is to be done again."""
    path = passed / "utils/data.py"
    path.write_text(path.read_text() + "# edited\n")
    process = start(passed, "test", stay="notebook")
    wait(process, passed.parent / "moments/notebook")
    path.write_text(path.read_text() + "# edited again\n")
    (passed.parent / "moments/go").touch()
    printed, _ = process.communicate(timeout=300)
    assert process.returncode
    assert "Edited while it was tested" in printed
    assert "All of it passes" not in printed
    assert undone(passed) == {"data", "lesson", *ALL}
    runs(passed)


def test_two_at_once_wait_for_each_other(book):
    path = book / "utils/data.py"
    path.write_text(path.read_text() + "# two\n")
    first = start(book, "site")
    wait(first, book.parent / "moments/notebook")
    second = start(book, "site")
    printed, _ = second.communicate(timeout=300)
    assert "Another make is at work in this folder" in printed
    first.communicate(timeout=300)
    assert first.returncode == second.returncode == 0
    assert runs(book) == {"notebook": 1}


def test_without_make_jupyter_book_builds_the_site(book):
    """As the documentation of Jupyter Book says, and its settings stand in the book's root."""
    path = book / "utils/data.py"
    path.write_text(path.read_text() + "# by hand\n")
    mine = {name: value for name, value in variables(book).items() if name not in ("MAKING", "PYTHONPATH")}
    command = [ROOT / ".venv/bin/jupyter-book", "build", "."]
    done = subprocess.run(command, cwd=book, env=mine, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert runs(book) == {"notebook": 1}
    assert "It was executed." in (book / "_build/html/book/small/lesson.html").read_text("utf-8")


def test_what_fails_is_not_passed(book):
    """Also when it is again as it was when it passed."""
    make(book, "site")
    runs(book)
    test = book / "tests/site/test_pages.py"
    before = test.read_text()
    for text, passes in [(before, True), ("def test_pages():\n    raise OSError\n", False), (before, None)]:
        test.write_text(text)
        if passes is not None:
            command = [sys.executable, "-m", "tools.build", "pages"]
            done = subprocess.run(command, cwd=book, env=variables(book), capture_output=True, check=False)
            assert (done.returncode == 0) == passes
        assert ("pages" in undone(book)) == (not passes)


def test_tests_with_a_browser_come_last(tmp_path):
    """Also when they are a large group, which pytest-xdist by itself takes first."""
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "test_order.py").write_text("""import pytest


@pytest.fixture
def browser():
    return None


@pytest.mark.xdist_group("pages")
@pytest.mark.parametrize("n", range(5))
def test_page(n, browser):
    pass


@pytest.mark.xdist_group("pages")
def test_of_the_same_group():
    pass


def test_alone():
    pass


@pytest.mark.xdist_group("pair")
@pytest.mark.parametrize("n", range(2))
def test_pair(n):
    pass
""")
    command = [sys.executable, "-m", "pytest", "-v", "-n", "1", *build.GROUPS, "test_order.py"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    order = re.findall(r"PASSED test_order.py::test_(\w+)", printed)
    assert order[:3] == ["pair", "pair", "alone"]
    assert len(order) == 9
