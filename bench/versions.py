"""Prove that `utils` works with the oldest and the newest packages that pyproject.toml allows: make versions

On the oldest and the newest Python of this machine that the book allows, uv resolves and installs two sets
of packages, each into an environment of its own in _build/versions: the lowest that pyproject.toml names, and
the newest that there are. In each the unit tests of `utils` run, and two lessons with all their claims. What
fails is stored like what passes.

It downloads about 12 GB, unless uv has the packages in its cache, and takes half an hour on two idle cores.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from argparse import ArgumentParser
from pathlib import Path

from packaging.specifiers import SpecifierSet

from bench.measure import machine, save
from tools import lock

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
UV = [sys.executable, "-m", "uv"]
TOOLS = ("pytest", "hypothesis", "nbclient", "nbformat", "nbval", "ipykernel")
TESTS = [f"tests/test_{name}.py" for name in ("data", "training", "plotting", "explore")]
LESSONS = ["book/linear-regression/from-scratch.ipynb", "book/softmax-concise/same-model.ipynb"]
SETS = ("lowest", "newest")
SHOWN = ("torch", "numpy", "matplotlib", "ipython", "ipywidgets")


def pythons():
    """Return the oldest and the newest Python here that the book allows, as {version: path}."""
    folders = [str(path) for path in Path.home().glob(".pyenv/versions/*/bin")]
    path = os.pathsep.join([*folders, os.environ["PATH"]])
    command = [*UV, "python", "list", "--only-installed", "--output-format=json"]
    found = subprocess.run(command, env={**os.environ, "PATH": path}, check=True, capture_output=True).stdout
    allowed = SpecifierSet(PROJECT["requires-python"])
    here = {
        tuple(map(int, one["version"].split("."))): one["path"]
        for one in reversed(json.loads(found))
        if one["implementation"] == "cpython" and allowed.contains(one["version"])
    }
    return {".".join(map(str, key)): here[key] for key in dict.fromkeys([min(here), max(here)])}


def resolve(python, requirements, lowest):
    """Return the pins, as lines, of these requirements and of the test tools, which are the lock's."""
    tools = [f"{name}=={lock.pins()[name]}" for name in TOOLS]
    options = ["--quiet", "--only-binary=:all:", "--no-header", "--no-annotate", f"--python={python}"]
    options += [f"--resolution={'lowest-direct' if lowest else 'highest'}"]
    command = [*UV, "pip", "compile", *options, "-"]
    text = "\n".join([*requirements, *tools])
    return subprocess.run(command, input=text, text=True, check=True, capture_output=True).stdout.splitlines()


def install(python, pins, folder):
    """Make an environment with these pins, and return its Python."""
    subprocess.run([*UV, "venv", "--quiet", "--clear", f"--python={python}", folder], check=True)
    inside = folder / "bin/python"
    options = ["--quiet", "--only-binary=:all:", f"--python={inside}"]
    command = [*UV, "pip", "install", *options, "-r", "-"]
    subprocess.run(command, input="\n".join(pins), text=True, check=True, capture_output=True)
    return inside


def run(python, *arguments):
    """Run pytest with `utils` from here; return its summary, and the names of what failed."""
    # Old packages warn of what is new in others; that the tests pass is what counts here.
    options = ["-v", "-p", "no:cacheprovider", "-o", "filterwarnings=default"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [python, "-m", "pytest", *options, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    failed = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    counts = re.findall(r"\d+ (?:passed|failed|skipped|errors?)", done.stdout.rpartition("\n\n")[2])
    return {"summary": ", ".join(counts) or done.stderr.strip()[-300:], "failed": failed}


def attempt(python, kind, folder):
    """Install one set of packages and run everything in it; return what was installed and what passed."""
    try:
        pins = resolve(python, PROJECT["dependencies"], lowest=kind == "lowest")
        inside = install(python, pins, folder)
    except subprocess.CalledProcessError as error:
        return {"problem": " ".join((error.stderr or str(error)).split())[:500]}
    versions = dict(pin.split("==") for pin in pins)
    return {
        "packages": {name: versions[name] for name in SHOWN},
        "tests": run(inside, *TESTS),
        "lessons": run(inside, "--nbval", "--nbval-cell-timeout", "300", *LESSONS),
    }


def main():
    """Try every set on every Python; exit with 1 if something fails."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="where to write (default: bench/results/versions.json)")
    parser.add_argument(
        "sets", nargs="*", choices=SETS, default=SETS, help="which of the sets (default: both)"
    )
    asked = parser.parse_args()
    path = asked.json
    results = {"machine": machine("uv"), "lessons": LESSONS, "pythons": {}}
    for version, python in pythons().items():
        results["pythons"][version] = {}
        for kind in asked.sets:
            folder = ROOT / "_build/versions" / f"{version}-{kind}"
            results["pythons"][version][kind] = found = attempt(python, kind, folder)
            print(f"Python {version}, {kind}: {found}", flush=True)
            save("versions", results, path)
    if any(not fine(found) for sets in results["pythons"].values() for found in sets.values()):
        sys.exit("Not all of that works: change the bounds in pyproject.toml, or the code.")


def fine(found):
    """Whether a set could be installed and all passed in it."""
    return "problem" not in found and all(
        "passed" in found[part]["summary"] and not found[part]["failed"] for part in ("tests", "lessons")
    )


if __name__ == "__main__":
    main()
