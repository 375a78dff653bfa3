"""Copy the built pages that a branch changes: python -m tools.preview BASE (a commit or branch of git)

They lie in _build/preview with what they show, and its index.html lists them: a reviewer reads the pages that
changed and not sixty. What all pages share (`utils`, `web`, `_ext`) can change any of them; that is said.
"""

import shutil
import subprocess
import sys
from html import escape
from pathlib import Path

from tools import contents
from tools.tree import ROOT

SHARED = ("utils/", "web/", "_ext/", "_config.yml", "_toc.yml", "package-lock.json", "requirements.lock")
HEAD = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Changed pages</title><h1>Changed pages</h1>'
)


def changed(base: str) -> list[str]:
    """Return the files that this branch has changed since it left `base`."""
    command = ["git", "diff", "--name-only", f"{base}...HEAD"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()


def preview(files: list[str], html: Path, out: Path) -> list[str]:
    """Copy the pages of the built site `html` that were made from `files`, and return their names."""
    names = [
        name
        for name in ["index", *contents.pages()]
        if {f"{name}.ipynb", f"{name}.md"} & {*files} and (html / f"{name}.html").is_file()
    ]
    shutil.rmtree(out, ignore_errors=True)
    for folder in ("_static", "_images"):
        if (html / folder).is_dir():
            shutil.copytree(html / folder, out / folder)
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        # The front page's place is taken by the list.
        shutil.copy(html / f"{name}.html", out / f"{'front-page' if name == 'index' else name}.html")
    links = [("front-page" if name == "index" else name) for name in names]
    items = "".join(f'<li><a href="{escape(name)}.html">{escape(name)}</a>' for name in links)
    shared = [name for name in files if name.startswith(SHARED)]
    says = "<p>No page's own text changed." if not names else f"<ul>{items}</ul>"
    if shared:
        says += f"<p>Any page can look different, because of {escape(', '.join(shared))}: see the whole site."
    out.mkdir(parents=True, exist_ok=True)
    (out / "index.html").write_text(HEAD + says, "utf-8")
    return names


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say what to compare with, for example: make preview BASE=origin/main")
    try:
        files = changed(sys.argv[1])
    except subprocess.CalledProcessError as error:
        sys.exit(f"git can't compare with {sys.argv[1]}: {error.stderr.strip()}")
    found = preview(files, ROOT / "_build/html", ROOT / "_build/preview")
    print(f"{len(found)} changed pages are in _build/preview: {', '.join(found) or 'none'}")
