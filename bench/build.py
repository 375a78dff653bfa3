"""Time `make site` in a copy of the book: cold, unchanged, after an edit in a lesson, after an edit in utils.

    python -m bench.build [--steps cold unchanged lesson utils] [--json FILE]

Nothing is installed: the copy borrows .venv and node_modules. A build of several minutes is timed once, one
where nothing changed five times.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bench.measure import machine, save, spread

ROOT = Path(__file__).parents[1]
LESSON = "book/softmax-from-scratch/train.ipynb"
STEPS = {"cold": 1, "unchanged": 5, "lesson": 1, "utils": 1}  # how often each is timed


def copy_book(folder):
    """Copy all that git knows or would add, dated before what was installed, so that nothing is installed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(lambda name: name and (ROOT / name).is_file(), listed):
        if not name.startswith((".venv", "node_modules")):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
            os.utime(target, (0, 0))
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
    """Run `make site`; return its seconds, and those of them that notebooks were executed."""
    env = os.environ | {"PYTHONPATH": str(folder)}
    begun, moments, lines = time.perf_counter(), {}, []
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(["make", "site"], cwd=folder, env=env, **options) as process:
        for line in process.stdout:
            lines.append(line)
            for phase in ("project execute", "jupyter-book build"):  # make says what it runs
                if phase in line:
                    moments.setdefault(phase, time.perf_counter())
    if process.returncode:
        raise RuntimeError(f"make site failed in {folder}:\n{''.join(lines[-20:])}")
    whole = time.perf_counter() - begun
    return whole, moments.get("jupyter-book build", 0) - moments.get("project execute", 0)


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
