"""Time `make site` in a copy of the book: cold, unchanged, after an edit in a lesson, after an edit in utils.

    python -m bench.build [--steps cold unchanged lesson utils] [--json FILE]

Nothing is installed: the copy borrows .venv and node_modules. A build of several minutes is timed once, one
where nothing changed five times.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.measure import machine, save, spread
from tools.tree import ROOT, copy_to

LESSON = "book/softmax-from-scratch/train.ipynb"
STEPS = {"cold": 1, "unchanged": 5, "lesson": 1, "utils": 1}  # how often each is timed


def copy_book(folder):
    """Copy the book, and borrow what is installed."""
    copy_to(folder)
    for borrowed in (".venv", "node_modules"):
        (folder / borrowed).symlink_to((ROOT / borrowed).resolve())


def edit(folder, step):
    """Make the change that a step is about."""
    if step == "cold":
        shutil.rmtree(folder / "_build", ignore_errors=True)
    elif step == "lesson":
        path = folder / LESSON  # its last code cell gets a line more
        head, mark, tail = path.read_text().rpartition('"outputs": [],\n   "source": [\n')
        path.write_text(f'{head}{mark}    "# An edit.\\n",\n{tail}')
    elif step == "utils":
        with (folder / "utils/data.py").open("a") as file:
            file.write("# An edit.\n")


def make(folder):
    """Execute what `make site` would, then run it; return the seconds of both, and of the first alone."""
    seconds = []
    for command in ([sys.executable, "-m", "tools.build", "notebooks"], ["make", "site"]):
        begun = time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{command} failed in {folder}:\n{done.stdout[-2000:]}")
        seconds.append(time.perf_counter() - begun)
    return sum(seconds), seconds[0]


def main():
    """Take the steps one after the other; store and print each as soon as it is done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    results = {"machine": machine("jupyter-book", "sphinx"), "lesson": LESSON, "steps": {}}
    with tempfile.TemporaryDirectory(dir=ROOT / "_build") as name:
        folder = Path(name)
        copy_book(folder)
        for step in options.steps:
            runs = []
            for _ in range(STEPS[step]):
                edit(folder, step)
                runs.append(make(folder))
            seconds, executing = zip(*runs, strict=True)
            results["steps"][step] = {"seconds": spread(seconds), "executing": spread(executing)}
            save("build", results, options.json)
            print(f"{step}: {seconds[0]:.1f} s, of which {executing[0]:.1f} s executing", flush=True)


if __name__ == "__main__":
    main()
