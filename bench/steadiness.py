"""Run every lesson and homework master many times over, each time with other seeds of the machine's own.

    python -m bench.steadiness [--runs 10] [--jobs 1] [--json FILE] [NOTEBOOK …]

A run differs from the others in Python's hash seed and in the number of threads, 1 and 2 in turn, which
changes the order of sums and so the last digits. A claim that fails in any run has too tight a tolerance.
Results are written after each notebook, and a run that was broken off goes on where it stopped. Runs of
several machines may stand in one file: each is named by its processor and its torch, and goes on there alone.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.measure import RESULTS, machine, save
from tools.tree import ROOT, lessons, masters


def notebooks():
    """Return what `make test` hands to nbval: lessons, solutions and homework masters."""
    return [str(path.relative_to(ROOT)) for path in (*lessons(), *masters())]


def execute(notebook, seed, threads):
    """Run one notebook as `make test` does; return its number of cells, its failures and its seconds.

    Threads that wait for work sleep, else two of them on a busy machine spend their time spinning.
    """
    patient = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
    env = os.environ | patient | {"PYTHONHASHSEED": str(seed), "OMP_NUM_THREADS": str(threads)}
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--nbval", notebook]
        command += ["--nbval-cell-timeout", "900", f"--junitxml={report.name}"]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
        if done.returncode not in (0, 1):  # some cells failed, or none did
            raise RuntimeError(
                f"pytest broke off in {notebook}: start again to go on.\n{done.stdout[-2000:]}"
            )
        suite = ET.parse(report.name).getroot().find("testsuite")
    failures = [
        {"cell": case.get("name"), "message": re.sub(r"#x1B\[[\d;]*m", "", bad.text or "")[-1000:]}
        for case in suite
        for bad in case
        if bad.tag in ("failure", "error")
    ]
    return {"cells": int(suite.get("tests")), "seconds": float(suite.get("time")), "failures": failures}


def main():
    """Run what is missing in the stored results, and say which cells failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", default=notebooks(), help="default: all of them")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1, help="notebooks at a time (default: 1)")
    parser.add_argument("--json", type=Path, default=RESULTS / "steadiness.json", metavar="FILE")
    options = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    here = machine("nbval")
    name = f"{here['processor']}, torch {here['versions']['torch']}"
    results = json.loads(options.json.read_text()) if options.json.is_file() else {}
    if results.get("commit") != commit:
        results = {"machine": here, "commit": commit, "runs": {}}
    todo = []
    for seed in range(1, options.runs + 1):
        new = {"machine": name, "threads": 1 + seed % 2, "notebooks": {}}
        run = results["runs"].setdefault(str(seed), new)
        if run["machine"] == name:
            todo += [(seed, run, one) for one in options.notebooks if one not in run["notebooks"]]
    with ThreadPoolExecutor(options.jobs) as pool:
        done = pool.map(lambda job: execute(job[2], job[0], job[1]["threads"]), todo)
        for (seed, run, notebook), found in zip(todo, done, strict=True):
            run["notebooks"][notebook] = found
            save("steadiness", results, options.json)
            for failure in found["failures"]:
                print(
                    f"hash seed {seed}, {run['threads']} threads: {notebook}, {failure['cell']}", flush=True
                )
    failures = sum(len(n["failures"]) for r in results["runs"].values() for n in r["notebooks"].values())
    cells = sum(n["cells"] for r in results["runs"].values() for n in r["notebooks"].values())
    print(f"{len(results['runs'])} runs, {cells} cells executed, {failures} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
