"""Renew requirements.lock, the one list of pins: python -m tools.lock [--keep]

It has the newest versions of all that pyproject.toml names, within the bounds that stand there, and of what
those packages need in turn. With `--keep` the pins that fit stay, and only what is missing is added.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
HEADER = """\
# The exact version of every package that pyproject.toml names, and of what those need in turn: constraints
# for pip, as in `pip install -e '.[book,test]' -c requirements.lock`. Written by `make lock`, for Linux and
# Python 3.11. torch pins its own CUDA packages, and other systems have other ones: those are left out.
"""
CUDA = re.compile(r"(nvidia|cuda|triton)\b.*\n", re.MULTILINE)
OPTIONS = ["--all-extras", "--python-version=3.11", "--annotation-style=line", "--no-header", "--quiet"]


def pins():
    """Return {package: version}, names in small letters with hyphens."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK.read_text("utf-8"), re.MULTILINE))


def renew(keep=False):
    """Resolve anew and replace the lock at once; `keep` what it pins already where it still fits."""
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder, LOCK.name)
        if keep:
            new.write_text(LOCK.read_text("utf-8"), "utf-8")
        uv = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", *OPTIONS, "--output-file", new]
        subprocess.run(uv, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        part = LOCK.with_suffix(".part")
        part.write_text(HEADER + CUDA.sub("", new.read_text("utf-8")), "utf-8")
        part.replace(LOCK)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="only add what is missing")
    renew(parser.parse_args().keep)
