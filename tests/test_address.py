"""The repository's address is set everywhere by one command; launch buttons wait for it. Binder's files."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.colab import ADDRESS, ROOT, serve

BIN = Path(sys.executable).parent
FORK = "https://github.com/an-organisation-with-a-long-name/a-fork-of-this-book-with-a-long-name"


def run(*command, cwd):
    """Run a command apart from the tests around it, and return it with its output."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "MAKE"))}
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of the repository, in git, whose address has been set."""
    folder = tmp_path_factory.mktemp("copy")
    serve(folder)
    (folder / "links.md").write_text(f"{ADDRESS}, {ADDRESS}.git, {ADDRESS}-2, {ADDRESS}s")
    done = run("make", "address", f"URL={FORK}", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_address_is_set_everywhere(copy):
    left = run("git", "grep", "--untracked", "-noF", ADDRESS, cwd=copy).stdout.splitlines()
    assert left == [f"links.md:1:{ADDRESS}"] * 2, (
        "all are set but those that go on, and so are other addresses"
    )
    assert (copy / "links.md").read_text() == f"{FORK}, {FORK}.git, {ADDRESS}-2, {ADDRESS}s"
    for name in ("_config.yml", "CITATION.cff", "README.md", ".github/ISSUE_TEMPLATE/config.yml"):
        assert FORK in (copy / name).read_text("utf-8"), name


def test_with_another_address_the_book_is_consistent(copy):
    names = "set_up_cell or (released_sheets and in_step)"
    files = "tests/test_lessons.py", "tests/homework/test_sheets.py"
    done = run(BIN / "pytest", "-p", "no:cacheprovider", *files, "-k", names, cwd=copy)
    assert done.returncode == 0, done.stdout
    for command in (["check"], ["format", "--check"]):
        done = run(BIN / "ruff", *command, "book", "homework", cwd=copy)
        assert done.returncode == 0, done.stdout


def test_setting_it_again_changes_nothing(copy):
    before = run("git", "diff", cwd=copy).stdout
    assert run("make", "address", f"URL={FORK}", cwd=copy).returncode == 0
    assert run("git", "diff", cwd=copy).stdout == before


@pytest.mark.parametrize(
    "url",
    [
        *("", "you/book", "http://github.com/you/book", "https://github.com/you"),
        *(f"{FORK}.git", f"{FORK}/", f"{FORK}|e", "https://github.com/NAME/BOOK"),
    ],
)
def test_a_bad_address_changes_nothing_and_is_answered_by_one_sentence(copy, url):
    before = run("git", "diff", cwd=copy).stdout
    done = run("make", "address", f"URL={url}", cwd=copy)
    assert done.returncode
    assert re.fullmatch(r"Give a repository .*\n", done.stdout)
    assert run("git", "diff", cwd=copy).stdout == before


def test_a_sheet_has_buttons_once_the_address_is_set(tmp_path):
    """Until then it has none: tests/site/test_design.py."""
    for name in ("_ext", "web", "index.md", "book"):
        (tmp_path / name).symlink_to(ROOT / name)
    config = (ROOT / "_config.yml").read_text("utf-8")
    (tmp_path / "_config.yml").write_text(config.replace(ADDRESS, "https://github.com/you/book"), "utf-8")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: index\nchapters: [file: book/homework/overfitting]"
    )
    done = run(BIN / "jupyter-book", "build", ".", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "_build/html/book/homework/overfitting.html").read_text("utf-8")
    buttons = re.findall(r'href="(https://[^"]*(?:colab|binder)[^"]*)"', page)
    path = "book/homework/overfitting.ipynb"
    assert buttons == [
        f"https://mybinder.org/v2/gh/you/book/main?urlpath=lab/tree/{path}",
        f"https://colab.research.google.com/github/you/book/blob/main/{path}",
    ]
    for link in ("https://github.com/you/book", "https://github.com/you/book/discussions"):
        assert f'href="{link}"' in page
    site, built = "https://you.github.io/book/", tmp_path / "_build/html"
    assert f'<link href="{site}book/homework/overfitting.html" rel="canonical"/>' in page
    [card] = re.findall(rf'<meta content="{site}([^"]+)" property="og:image"/>', page)
    assert (built / card).is_file()
    assert f"<loc>{site}book/homework/overfitting.html</loc>" in (built / "sitemap.xml").read_text()
    front = re.sub("<[^>]+>", "", (built / "index.html").read_text("utf-8"))
    assert "git clone https://github.com/you/book" in front, "how to get the book"


def test_what_binder_needs_is_there():
    """`repo2docker` cannot be run in a test, for want of Docker."""
    for name in re.findall(r"^-c (\S+)", (ROOT / "binder/requirements.txt").read_text("utf-8"), re.M):
        assert (ROOT / "binder" / name).is_file(), name
    assert os.access(ROOT / "binder/postBuild", os.X_OK)
