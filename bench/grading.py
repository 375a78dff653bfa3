"""Grade generated submissions of one sheet: how many a minute, in how much memory, and is each mark right?

    python -m bench.grading [--count 1000] [--few 40] [--nbgrader 20] [--seed 0] [--json FILE]

`count` submissions are graded by the command that a teacher uses, two at a time; `few` of them again with
1, 2 and 4 at a time, on threads and on Dask; `nbgrader` of them by nbgrader's autograde and by ours. Half of
all are right, in three ways of writing each answer; a third has one to four known wrong answers; one in ten
is blank; one in twenty is hostile. What each deserves is found out beforehand, by running the hidden tests
on each answer here. Each time is taken once: compare the ratios. Exit code 1: a mark was not as deserved.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import psutil
from distributed import LocalCluster

from bench.measure import machine, save
from homework.grader import sheets
from homework.grader.check import code_cells, limit, local, quiet
from homework.grader.hidden import Call, run_test
from homework.grader.inside.bans import calls_found
from homework.grader.memory import family, memory
from tools.nbgrader import programs

ROOT = Path(__file__).parents[1]
SHEET = "softmax-from-scratch"
SHARES = {"right": 0.50, "wrong": 0.35, "blank": 0.10, "hostile": 0.05}
HOSTILE = {  # the body of one function
    "loops": "while True: pass",
    "ends-python": "import os; os._exit(0)",
    "allocates": "held = [bytearray(b'x') * 10**8 for _ in range(100)]",
    "forks": "import os, time\n    while True: os.fork()",
    "garbage": "",  # the whole file
}


def deserved(master: sheets.Master, question: str, source: str) -> float:
    """Return the points of one answer, all others being right: the hidden tests are run here."""
    answers = {name: sheets.text(cell) for name, cell in master.answers.items()} | {question: source}
    others = set().union(*(master.functions(other) for other in answers if other != question))
    forbidden = list(master.hidden.forbidden.get(question, ()))
    if calls_found(code_cells(master, answers), master.functions(question), others, forbidden):
        return 0
    tests = [test for test in master.hidden.tests if test.question == question]
    with limit(60), quiet():
        call = Call(local(code_cells(master, answers)))
        return sum(run_test(test, call).points for test in tests)


def submissions(master: sheets.Master, count: int, seed: int):
    """Yield (student, notebook as bytes, points that it deserves)."""
    draw = random.Random(seed)
    references = {name: sheets.text(cell) for name, cell in master.answers.items()}
    rights = {
        q: [references[q], *(a.source for a in master.hidden.rights if a.question == q)] for q in references
    }
    wrongs = {q: [a.source for a in master.hidden.wrongs if a.question == q] for q in references}
    points = {source: deserved(master, q, source) for q in wrongs for source in wrongs[q]}
    full = {q: master.points(q) for q in references}
    for number in range(count):
        kind = draw.choices(list(SHARES), list(SHARES.values()))[0]
        answers, marks = {q: draw.choice(rights[q]) for q in rights}, dict(full)
        if kind == "wrong":
            for q in draw.sample(list(wrongs), draw.randint(1, 4)):
                answers[q] = draw.choice(wrongs[q])
                marks[q] = points[answers[q]]
        elif kind == "blank":
            answers, marks = {}, {}
        elif kind == "hostile":
            kind, q = draw.choice(list(HOSTILE)), draw.choice(list(answers))
            (name,) = master.functions(q)
            answers[q], marks[q] = f"def {name}(*a, **k):\n    {HOSTILE[kind]}\n", 0
        book = filled(master, answers)
        if kind == "garbage":
            book, marks = book[: len(book) // 2], {}
        yield f"{number:04}-{kind}", book, sum(marks.values())


def filled(master: sheets.Master, answers: dict[str, str]) -> bytes:
    """The student's sheet with these answers in it."""
    book = copy.deepcopy(sheets.student_notebook(master))
    for cell in book["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(name, "".join(cell["source"]))
    return json.dumps(book).encode()


def written(folder: Path, some: list) -> Path:
    """Write submissions into a folder and return it."""
    folder.mkdir(parents=True)
    for student, book, _ in some:
        (folder / f"{student}.ipynb").write_bytes(book)
    return folder


def watch(pid: int, grader: list, workers: dict, over: threading.Event) -> None:
    """Twice a second, note the MB that the grader holds, and the most that each student's process held."""
    while not over.wait(0.5):
        with contextlib.suppress(psutil.Error):  # it may end meanwhile
            grader.append(psutil.Process(pid).memory_info().rss >> 20)
            every = [
                one for one in psutil.Process(pid).children(recursive=True) if one.name()[:6] == "python"
            ]
            servers = {pid, *(one.pid for one in every if one.ppid() == pid)}
            for child in (one for one in every if one.ppid() not in servers):
                workers[child.pid] = max(workers.get(child.pid, 0), memory(family(child.pid)) >> 20)


def grade(theirs: Path, out: Path, *options: str) -> dict:
    """Grade a folder by the teacher's command; return seconds, and peaks of memory in MB."""
    command = [sys.executable, "-m", "homework.grader", "grade", theirs, "--sheet", SHEET, "--out", out]
    started, grader, workers, over = time.perf_counter(), [], {}, threading.Event()
    with subprocess.Popen([*map(str, command), *options], cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        watcher = threading.Thread(target=watch, args=(run.pid, grader, workers, over))
        watcher.start()
        run.communicate()
    over.set()
    watcher.join()
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "grader_mb": [max(grader[: len(grader) // 10 or 1]), max(grader)],
        "worker_mb": [one for one in workers.values() if one],
    }


def unjust(out: Path, some: list) -> list[str]:
    """Compare marks.csv with what was deserved; return the differences."""
    with (out / "marks.csv").open(encoding="utf-8-sig", newline="") as file:
        given = {row["student"]: float(row["total"]) for row in csv.DictReader(file)}
    return [
        f"{student}: {given.get(student)} instead of {points}"
        for student, _, points in some
        if given.get(student) != points
    ] + sorted(f"{student}: never handed in" for student in given.keys() - {one[0] for one in some})


def by_nbgrader(course: Path, master: sheets.Master, some: list) -> float:
    """Return the seconds that nbgrader's autograde takes for these submissions."""
    (course / "source" / SHEET).mkdir(parents=True)
    (course / "source" / SHEET / f"{SHEET}.ipynb").write_bytes(master.path.read_bytes())
    for student, book, _ in some:
        (course / "submitted" / student / SHEET).mkdir(parents=True)
        (course / "submitted" / student / SHEET / f"{SHEET}.ipynb").write_bytes(book)
    environment = os.environ | {"PATH": f"{programs()}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    def nbgrader(command: str) -> None:
        subprocess.run(
            ["nbgrader", command, SHEET], cwd=course, env=environment, check=True, capture_output=True
        )

    nbgrader("generate_assignment")
    started = time.perf_counter()
    nbgrader("autograde")
    return time.perf_counter() - started


def measure(options: argparse.Namespace, folder: Path) -> dict:
    """Do it all in an empty folder; return the results."""
    master = sheets.read(SHEET)
    everybody = list(submissions(master, options.count, options.seed))
    print(f"{len(everybody)} submissions of {SHEET}, two at a time", flush=True)
    large = grade(written(folder / "in", everybody), folder / "out", "--jobs", "2")
    wrong_marks = unjust(folder / "out", everybody)
    results = {
        "sheet": SHEET,
        "shares": SHARES,
        "submissions": len(everybody),
        "seconds": large["seconds"],
        "a_minute": round(60 * len(everybody) / large["seconds"], 1),
        "grader_mb_at_a_tenth_and_at_the_end": large["grader_mb"],
        "worker_mb": {"median": statistics.median(large["worker_mb"]), "most": max(large["worker_mb"])},
        "unjust": wrong_marks,
    }
    print(json.dumps(results, indent=1), flush=True)

    honest = [one for one in everybody if one[0][5:] in SHARES]
    few = honest[: options.few]
    theirs, rates = written(folder / "few", few), {"threads": {}, "dask": {}}
    for jobs in (1, 2, 4):
        seconds = grade(theirs, folder / f"threads-{jobs}", "--jobs", str(jobs))["seconds"]
        rates["threads"][jobs] = round(60 * len(few) / seconds, 1)
        kind = {"n_workers": jobs, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
        with LocalCluster(**kind, silence_logs="CRITICAL") as cluster:
            seconds = grade(theirs, folder / f"dask-{jobs}", "--scheduler", cluster.scheduler_address)[
                "seconds"
            ]
        rates["dask"][jobs] = round(60 * len(few) / seconds, 1)
        print(
            f"{jobs} at a time: {rates['threads'][jobs]} a minute, on Dask {rates['dask'][jobs]}", flush=True
        )
    results["a_minute_by_jobs"] = rates | {"submissions": len(few)}

    some = honest[: options.nbgrader]
    ours = grade(written(folder / "some", some), folder / "ours", "--jobs", "2")["seconds"]
    theirs = by_nbgrader(folder / "course", master, some)
    results["nbgrader"] = {
        "submissions": len(some),
        "seconds": round(theirs, 1),
        "ours_seconds": ours,
        "ratio": round(theirs / ours, 1),
    }
    print(f"nbgrader: {theirs:.0f} s for {len(some)}, ours {ours:.0f} s", flush=True)
    return results


def main() -> int:
    """Measure, store, and say whether every mark was as deserved."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in [("count", 1000), ("few", 40), ("nbgrader", 20), ("seed", 0)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # wrong answers warn
    with tempfile.TemporaryDirectory(prefix="grading-") as folder:
        results = measure(options, Path(folder))
    if options.json:
        save("grading", {"grading": results | {"machine": machine("distributed")}}, options.json)
    return 1 if results["unjust"] else 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
