"""Write what CHANGELOG.md says of a version to _build/release-notes.md: python -m tools.release_notes VERSION

It stops with one sentence if the changelog lacks the version, or if the version that the book installs
(pyproject.toml) or asks to be cited (CITATION.cff) is another one.
"""

import re
import sys
import tomllib
from pathlib import Path

from tools.tree import ROOT


def notes(version: str, root: Path = ROOT) -> str:
    """Return the changelog's section of a version. Raises ValueError if the files do not agree on it."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    cited = re.search(r"^version: (\S+)", (root / "CITATION.cff").read_text("utf-8"), re.MULTILINE)[1]
    for name, other in {"pyproject.toml": project, "CITATION.cff": cited}.items():
        if other != version:
            raise ValueError(f"{name} has version {other}, not {version}: set it there, or tag v{other}.")
    changelog = (root / "CHANGELOG.md").read_text("utf-8")
    found = re.search(
        rf"^## {re.escape(version)}\b[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    if not found or not found[1].strip():
        raise ValueError(f"CHANGELOG.md has nothing under the heading ## {version}: say there what is new.")
    return found[1].strip() + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.exit("Say which version, for example: make release-notes VERSION=0.2.0")
    try:
        text = notes(sys.argv[1])
    except ValueError as problem:
        sys.exit(f"{problem}")
    path = ROOT / "_build/release-notes.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    print(f"{path.relative_to(ROOT)} has what is new in {sys.argv[1]}.")
