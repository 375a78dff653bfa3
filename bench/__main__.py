"""Measure all topics, one after the other, and write the table: python -m bench [--small] [TOPIC …]

Each topic is a program of its own: one that fails is named at the end, and the others' results are kept.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from bench import table
from bench.peers import PYTHON, install

ROOT = Path(__file__).parents[1]
HERE = Path(sys.executable)
# Which Python runs a topic, and the options with which it takes little time and proves that it works.
TOPICS = {
    "training": (PYTHON, ["--rounds", "1"]),
    "start": (PYTHON, ["--runs", "1"]),
    "curves": (HERE, ["--runs", "1"]),
    "pages": (HERE, ["--runs", "1"]),
    "build": (HERE, ["--steps", "unchanged"]),
    "grading": (HERE, []),
    "steadiness": (HERE, ["--runs", "1", "book/linear-regression/a-line-through-points.ipynb"]),
}
LONG = {"grading", "steadiness"}  # measured when they are asked for by name


def run(topic, folder, small):
    """Run one topic as a program of its own; return whether it succeeded."""
    python, options = TOPICS[topic]
    command = [python, "-m", f"bench.{topic}", "--json", folder / f"{topic}.json"]
    try:
        if python == PYTHON:
            install()
        subprocess.run([*command, *(options if small else [])], cwd=ROOT, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(error, flush=True)
        return False
    return True


def main():
    """Run the topics; exit with 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = [topic for topic in TOPICS if topic not in LONG]
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"of {', '.join(TOPICS)}", default=default)
    parser.add_argument("--small", action="store_true", help="once each, into _build/bench: does it work?")
    options = parser.parse_args()
    if unknown := set(options.topics) - set(TOPICS):
        parser.error(f"there is no topic {', '.join(sorted(unknown))}: choose of {', '.join(TOPICS)}")
    folder = ROOT / ("_build/bench" if options.small else "bench/results")
    failed = []
    for topic in options.topics:
        print(f"── {topic} ──", flush=True)
        begun = time.monotonic()
        if not run(topic, folder, options.small):
            failed.append(topic)
        print(f"{topic}: {time.monotonic() - begun:.0f} s", flush=True)
    (folder / "README.md").write_text(table.markdown(folder))
    if failed:
        sys.exit(
            f"These failed, and keep their former results: {', '.join(failed)}. Their errors stand above."
        )


if __name__ == "__main__":
    main()
