"""What looks after the repository: workflows, previews, release notes, and the files that GitHub shows."""

import re
import subprocess
import sys

import pytest
import yaml

from tools import contents, preview, release_notes
from tools.tree import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FILES = [*WORKFLOWS, *(ROOT / ".github/actions").glob("*/action.yml")]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def steps(path):
    """Return the steps of all jobs of a workflow."""
    jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_with_their_version(path):
    for used in re.findall(r"uses: (.+)", path.read_text("utf-8")):
        assert re.fullmatch(r"\./\S+|[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


def test_one_action_has_one_version():
    used = [re.findall(r"uses: ([\w/-]+)@(\S+)", path.read_text("utf-8")) for path in FILES]
    pairs = {pair for found in used for pair in found}
    assert len(dict(pairs)) == len(pairs)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_calls_targets_that_there_are(path):
    called = re.findall(r"^\s*make ([\w$\"-]+)", "\n".join(step.get("run", "") for step in steps(path)), re.M)
    assert called, "what a workflow does can be run by hand"
    for name in called:
        names = ["links", "versions"] if name == '"$CHECK"' else [name]
        assert {*names} <= TARGETS, name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_nothing_that_a_job_does_not_ask_for(path):
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert job["permissions"], name
        assert "contents: write" not in job["permissions"] or name == "release"


# ── the preview of a pull request ──


@pytest.fixture
def built(tmp_path):
    """Return the folder of a site with each page of the book."""
    html = tmp_path / "html"
    for name in ["index", *contents.pages()]:
        (html / name).parent.mkdir(parents=True, exist_ok=True)
        (html / f"{name}.html").write_text(name)
    (html / "_static").mkdir()
    (html / "_static/book.css").write_text("")
    return html


def test_a_preview_has_the_changed_pages_and_what_they_need(built, tmp_path):
    lesson = "book/linear-regression/concise"
    files = [f"{lesson}.ipynb", "index.md", "README.md", "book/no/longer/there.ipynb"]
    assert preview.preview(files, built, tmp_path / "out") == ["index", lesson]
    pages = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")}
    assert pages == {"index.html", "front-page.html", f"{lesson}.html", "_static/book.css"}
    text = (tmp_path / "out/index.html").read_text("utf-8")
    assert f'href="{lesson}.html"' in text
    assert 'href="front-page.html"' in text
    assert "Any page" not in text


def test_a_preview_says_that_all_pages_may_change(built, tmp_path):
    assert preview.preview(["utils/svg.py"], built, tmp_path / "out") == []
    text = (tmp_path / "out/index.html").read_text("utf-8")
    assert "No page's own text changed" in text
    assert "utils/svg.py" in text


def test_a_preview_against_nothing_is_one_sentence():
    command = [sys.executable, "-m", "tools.preview", "no-such-branch"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("git can't compare with no-such-branch")
    assert "Traceback" not in done.stderr


# ── the notes of a release ──


@pytest.fixture
def root(tmp_path):
    """Return a folder with what release notes are made from."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CITATION.cff").write_text("version: 1.2.0\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 1.2.0 (today)\n\nMore.\n\n## 1.1.0\n\nLess.\n")
    return tmp_path


def test_notes_are_the_versions_own_section(root):
    assert release_notes.notes("1.2.0", root) == "More.\n"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("pyproject.toml", '[project]\nversion = "1.1.0"\n', "pyproject.toml has version 1.1.0, not 1.2.0"),
        ("CITATION.cff", "version: 1.1.0\n", "CITATION.cff has version 1.1.0, not 1.2.0"),
        ("CHANGELOG.md", "# Changes\n\n## 1.1.0\n\nLess.\n", "CHANGELOG.md has nothing"),
        ("CHANGELOG.md", "# Changes\n\n## 1.2.0\n\n## 1.1.0\n\nLess.\n", "CHANGELOG.md has nothing"),
        ("CHANGELOG.md", "# Changes\n\n## 1.2.01\n\nLess.\n", "CHANGELOG.md has nothing"),
    ],
)
def test_notes_of_a_version_that_the_files_do_not_agree_on(root, name, text, problem):
    (root / name).write_text(text)
    with pytest.raises(ValueError, match=re.escape(problem)):
        release_notes.notes("1.2.0", root)


def test_the_book_can_be_released_as_it_is():
    """Its version is in the changelog, and everywhere the same."""
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)[1]
    assert release_notes.notes(version)
