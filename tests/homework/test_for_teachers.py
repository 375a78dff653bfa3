"""The teacher's page: each command on it is run, and prints what the page shows."""

import contextlib
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from handed_in import ROOT, marks
from secret import leaked

from homework.grader import intake, names
from homework.grader.sandbox import missing
from tools.nbgrader import PACKAGES, programs

pytestmark = pytest.mark.xdist_group("for-teachers")  # one term, so one process

SHEET = "softmax-from-scratch"  # which the page assigns
PAGE = (ROOT / "book" / "reference" / "for-teachers.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.S | re.M)
ELSEWHERE = (
    "_build",
    "node_modules",
    ".venv",
    ".git",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
    ".coverage*",
)


@pytest.fixture(scope="session")
def term(tmp_path_factory):
    """Do what the page says, in a copy of the repository; return it, what was printed, and how to do more."""
    copy = tmp_path_factory.mktemp("term") / "book"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*ELSEWHERE))
    (copy / ".venv").symlink_to(sys.prefix)
    who = {
        f"GIT_{role}_{what}": "t@example.edu"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    environment = os.environ | who | {
        "PATH": f"{programs()}:{os.environ['PATH']}",
        "PYTHONPATH": str(copy),
        "HOME": str(copy.parent),
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip

    def bash(text: str) -> str:
        run = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", text], cwd=copy, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            printed, _ = run.communicate(timeout=300)
        finally:  # whatever a failed command has left in the background
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGTERM)
        assert run.returncode == 0, f"{text}\n{printed}"
        return printed

    bash("git init --quiet && git add . && git commit --quiet --message 'The book'")
    printed = []
    for kind, text in BLOCKS:
        if kind == "bash":
            printed.append(bash(text))
        elif kind == "python":
            how, path = re.match(r"# (save as|append to) (\S+)\n", text).groups()
            with (copy / path).open("w" if how == "save as" else "a", encoding="utf-8") as file:
                file.write(text.split("\n", 1)[1])
    return copy, printed, bash


def lines(text: str) -> list[str]:
    """The lines without the count before them: two submissions end in any order."""
    return [re.sub(r"^\d+/\d+  ", "", line).strip("\ufeff\r") for line in text.splitlines()]


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_the_commands_print_what_the_page_shows(term):
    printed, shown = iter(term[1]), 0
    for kind, text in BLOCKS:
        if kind == "bash":
            said = lines(next(printed))
        elif kind == "text" and "://" not in text:
            shown += 1
            assert not set(lines(text)) - set(said), f"{text}\nis not in\n{said}"
    assert shown == 6


def test_the_term_is_run_by_one_process(request, worker_id):
    """Two would share the cluster's port, and do everything twice."""
    assert worker_id == "master" or request.node.nodeid.endswith("@for-teachers")


def test_what_is_not_run_says_so():
    assert {kind for kind, _ in BLOCKS} == {"bash", "python", "text", "sh"}
    before = re.findall(r"([^\n]+)\n\n```sh\n", PAGE)
    assert len(before) == [kind for kind, _ in BLOCKS].count("sh") > 0
    assert all("Not run by our tests" in paragraph for paragraph in before)
    needed = dict(one.split("==") for one in PACKAGES)
    assert re.findall(r"nbgrader==?(\S+)", PAGE) == [needed["nbgrader"]]


def test_the_handout_and_the_public_copy_hold_no_solution(term):
    home = term[0].parent
    with zipfile.ZipFile(home / "handout.zip") as packed:
        sheets = {name: packed.read(name).decode() for name in packed.namelist()}
    assert sorted(sheets) == ["overfitting.ipynb", "softmax-from-scratch.ipynb"]
    public = [path.relative_to(home / "public") for path in (home / "public").rglob("*")]
    assert Path("book/homework/overfitting.ipynb") in public
    assert not [path for path in public if path.parts[:2] in (("homework", "sheets"), ("homework", "hidden"))]
    for text in [*sheets.values(), (home / "student" / f"{SHEET}.ipynb").read_text("utf-8")]:
        assert "NotImplementedError" in text
        assert not leaked(text)


def test_the_marks_and_the_feedback_are_there(term):
    table = marks(term[0].parent / "term" / "marks")
    assert [row["total"] for row in table.values()] == ["29.5", "0", "0"]
    assert "How would you confirm" in (term[0].parent / "term" / "marks" / "feedback" / "ana.html").read_text(
        "utf-8"
    )
    assert {
        name: row["softmax"] for name, row in marks(term[0].parent / "term" / "marks-of-cluster").items()
    } == {
        "ana": "3",
        "ben": "0",
    }


def test_a_folder_of_clones_is_a_folder_of_students(term):
    clones = term[0].parent / "term" / "clones"
    (ben,) = intake.find(clones, SHEET, term[0].parent / "out")
    assert (ben.student, ben.path, ben.problem) == ("ben", clones / "ben" / f"{SHEET}.ipynb", None)


def test_the_page_says_what_a_platforms_names_become():
    rows = re.findall(r"^\| (?:Moodle|Canvas).*\| `(.+?)(?:/|\.ipynb)` \| ([^|;]+?)(;[^|]*)? \|$", PAGE, re.M)
    assert len(rows) == 3
    for name, student, late in rows:
        named = names.read(name)
        assert (named.student, named.late) == (student, bool(late))


def test_the_link_names_the_handout_and_a_sheet_in_it():
    (link,) = re.findall(r"^https://hub\S+$", PAGE, re.M)
    assert urlparse(link).path == "/hub/user-redirect/git-pull"
    parts = {key: value for key, (value,) in parse_qs(urlparse(link).query, strict_parsing=True).items()}
    assert set(parts) == {"repo", "branch", "urlpath"}
    folder = parts["repo"].rsplit("/", 1)[1]
    assert (parts["branch"], parts["urlpath"]) == ("main", f"lab/tree/{folder}/{SHEET}.ipynb")


def test_a_later_pull_keeps_what_the_student_wrote(term):
    home, bash = term[0].parent, term[2]
    edited = (
        (home / "student" / f"{SHEET}.ipynb")
        .read_text("utf-8")
        .replace("raise NotImplementedError()", "return 7")
    )
    (home / "student" / f"{SHEET}.ipynb").write_text(edited, "utf-8")
    handout = home / "handout" / f"{SHEET}.ipynb"
    handout.write_text(handout.read_text("utf-8").replace("A camera that moved", "A moved camera"), "utf-8")
    bash("git -C ../handout commit --quiet --all --message Corrected; gitpuller ../handout main ../student")
    pulled = (home / "student" / f"{SHEET}.ipynb").read_text("utf-8")
    assert "return 7" in pulled
    assert "A moved camera" in pulled


def test_nbgrader_makes_the_same_sheets_of_the_masters(term):
    """All that differs is what nbgrader writes into its metadata."""
    course = term[0].parent / "term" / "nbgrader"
    for master in (term[0] / "homework" / "sheets").glob("*.ipynb"):
        (course / "source" / master.stem).mkdir(exist_ok=True)
        shutil.copy(master, course / "source" / master.stem)
    script = "from nbgrader.apps import NbGraderAPI\napi = NbGraderAPI()\n"
    script += (
        "for name in api.get_source_assignments(): assert api.generate_assignment(name)['success'], name"
    )
    (course / "all.py").write_text(script)
    term[2](f"cd ../term/nbgrader && {programs()}/python all.py")
    for path in (ROOT / "book" / "homework").glob("*.ipynb"):
        ours, theirs = (
            [
                (cell["cell_type"], "".join(cell["source"]))
                for cell in json.loads(one.read_text("utf-8"))["cells"]
            ]
            for one in (path, course / "release" / path.stem / path.name)
        )
        assert ours == theirs, path.stem


def test_nbgrader_gives_the_solution_full_marks_in_each_question(term):
    with (term[0].parent / "term" / "nbgrader" / "grades.csv").open() as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores == {"ana": 25, "ben": 0, "cat": 22}
