"""Hostile and broken submissions: all are graded in one batch, and each test looks at what became of one."""

import hashlib
import html
import json
import os
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest
from handed_in import EXAMPLE, QUICK, RIGHT, marks, notebook, submit

from homework.grader import names, store
from homework.grader.grade import grade
from homework.grader.messages import harmless
from homework.grader.sandbox import missing
from homework.grader.tables import cell

pytestmark = pytest.mark.xdist_group("hostile")  # one batch, so one process


@dataclass
class Case:
    """What is handed in, and what it deserves of the 4 points for mean and the 4 for spread."""

    what: dict | str | bytes
    mean: str = "4"
    spread: str = "4"
    says: str = ""  # in the feedback or the note
    tells: str = ""  # to the teacher alone, in results/
    boxed: bool = False  # would do harm outside of a sandbox


def code(source: str) -> str:
    """Source as it stands in a cell."""
    return textwrap.dedent(source).strip()


def cells(change) -> dict:
    """The right notebook, with its list of cells changed."""
    book = notebook()
    book["cells"] = change(book["cells"])
    return book


def named(cell: dict) -> str:
    return cell["metadata"].get("nbgrader", {}).get("grade_id", "")


def format_3() -> dict:
    old = [
        {("input" if key == "source" else key): value for key, value in cell.items()}
        for cell in notebook()["cells"]
    ]
    return {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [{"cells": old, "metadata": {}}],
    }


def large() -> dict:
    book = notebook()
    book["cells"][-2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "spam " * 40_000_000}]
    return book


LOOP = "def spread(numbers):\n    while True:\n        pass"
STUBBORN = "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\n" + LOOP
BLANK = "def {}(numbers):\n    raise NotImplementedError()"
GPU = """import torch
def spread(n):
    x = torch.tensor(n, device={})
    return (x.max() - x.min()).item()
"""
FORGED = """
    import os
    def spread(numbers):
        for number in range(60):
            line = b'{"number": %d, "value": 6, "points": 400, "args": [], "cells": []}' % number
            for pipe in range(3, 20):
                try: os.write(pipe, line + b"\\n")
                except OSError: pass
        return 6
"""
JUNK = """
    import os
    for pipe in range(3, 20):
        try: os.write(pipe, b"\\x00\\xff{[junk" * 1000 + b"\\n")
        except OSError: pass
"""
ASSERTS = """
    import ast, builtins, gc, inspect, math, sys, unittest
    math.isclose = builtins.abs = lambda *a, **k: 0
    ast.parse = lambda *a, **k: ast.Module([], [])
    compiled = builtins.compile
    builtins.compile = lambda *a, **k: compiled("pass", "", "exec")
    class Anything(float):
        __eq__ = __le__ = __lt__ = lambda *a: True
        __hash__ = None
    def mean(numbers): return Anything(0)
    def spread(numbers): return Anything(0)
"""
FIND_TESTS = """
    import gc, inspect, os, sys
    found = []
    for folder, _, files in os.walk("/"):
        if not folder.startswith(("/proc", "/sys", "/usr")):
            found += [folder + f for f in files if f in ("averages.py", "averages.ipynb", "marks.csv")]
    def spread(numbers):
        frame, seen = inspect.currentframe(), []
        while frame:
            seen += [key for key in frame.f_locals] + [key for key in frame.f_globals]
            frame = frame.f_back
        kinds = ("Sheet", "Test", "Master", "Outcome")
        things = [one for one in gc.get_objects() if type(one).__name__ in kinds]
        found_tests = [name for name in seen if name in ("largest_minus_smallest", "sheet", "master")]
        if found or things or found_tests: raise KeyError(f"FOUND {found} {things} {found_tests}")
        raise LookupError("FOUND NOTHING")
"""
ESCAPE = """
    import glob, os, socket
    def tried(action):
        try: return repr(action())
        except BaseException as problem: return type(problem).__name__
    def spread(numbers):
        away = [
            tried(lambda: socket.create_connection(("1.1.1.1", 53), 1)),
            tried(lambda: open("/proc/1/environ").read()),
            tried(lambda: open("/etc/passwd").read()),
            tried(lambda: os.listdir("/root")) if os.path.exists("/root/.ssh") else "none",
            tried(lambda: open("/grader/inside/worker.py", "a")),
            tried(lambda: open("/usr/escaped", "w")),
            tried(lambda: open("/proc/self/exe", "r+b")),
            tried(lambda: os.setuid(0)) if os.getuid() else "root",
            tried(lambda: os.kill(-1, 0)) and str(len(glob.glob("/proc/[0-9]*")) < 10),
            tried(lambda: os.listdir(@SUBMISSIONS@)),
            tried(lambda: os.listdir(@HIDDEN@)),
            tried(lambda: open(@OUT@ + "/marks.csv", "w")),
            tried(lambda: open(@OUT@ + "/results/escape-probe.json", "w")),
        ]
        raise RuntimeError("; ".join(away))
"""
TRACED = """
    import ctypes, os, signal
    def spread(n):
        ctypes.CDLL(None).ptrace(0, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGUSR1)
"""
CHILDREN = """
    import os, signal, time
    def spread(n):
        signal.setitimer(signal.ITIMER_REAL, 0)
        for _ in range(9):
            if not os.fork():
                held = b"x" * 150_000_000
                time.sleep(9)
        time.sleep(9)
"""
LEFT = """
    import os, time
    def spread(n):
        for _ in range(5):
            if not os.fork():
                time.sleep(99)
        raise ValueError("and goes on alone")
"""
SIBLINGS = """
    import ctypes, os, platform, signal, time
    def spread(n):
        signal.setitimer(signal.ITIMER_REAL, 0)
        clone = 56 if platform.machine() == "x86_64" else 220
        for _ in range(9):
            if not ctypes.CDLL(None).syscall(clone, 0x8000 | signal.SIGCHLD, 0, 0, 0, 0):  # CLONE_PARENT
                held = b"x" * 150_000_000
                time.sleep(9)
                os._exit(0)
        raise ValueError("and go on alone")
"""
SHARED = """
    import mmap, signal, time
    def spread(n):
        signal.setitimer(signal.ITIMER_REAL, 0)
        held = mmap.mmap(-1, 15 * 10**8, mmap.MAP_SHARED | mmap.MAP_POPULATE)
        time.sleep(9)
"""
IN_MEMORY = """
    import os, signal, time
    def spread(n):
        signal.setitimer(signal.ITIMER_REAL, 0)
        for name in range(45): os.write(os.memfd_create(str(name)), bytes(30_000_000))
        time.sleep(9)
"""
WRITES = """
    for name in range(1000):
        try:
            with open(str(name), "wb") as file: file.write(bytes(10**7))
        except OSError as problem:
            last = problem
    raise last
"""
SPIES = {  # each carries what it was called with out in its own way; LEAK is not written out in the source
    "message": "def spread(n): raise ValueError('LE' + f'AK {n}')",
    "class": "def spread(n): raise type('LE' + f'AK_{n[0]}', (ValueError,), {})()",
    "known-message": "def spread(n): raise RuntimeError('LE' + f'AK {n} shapes cannot be multiplied')",
    "magic": "def spread(n): get_ipython().run_line_magic('LE' + f'AK_{n[0]}', '')",
    "absent": "import sys\ndef spread(n): sys.modules['inside.absent'].found['LE' + f'AK {n}'] = None",
    "no-function": "",
    "too-long": "",
    "file": """
        import os
        if os.path.exists("told"): raise ValueError(open("told").read())
        def spread(n):
            with open("told", "w") as file: file.write("LE" + f"AK {n}")
            os._exit(0)
    """,
}
FORGED_ERROR = """
    import inspect, os
    def spread(n):
        spaces = [one.frame.f_locals for one in inspect.stack()]
        request = next(space["request"] for space in spaces if "request" in space)
        line = '{"number": %d, "error": "LE%s", "names": %s}' % (request["number"], "AK", 'NAMES')
        for pipe in range(3, 20):
            try: os.write(pipe, line.encode() + b"\\n")
            except OSError: pass
"""
SPIES["no-function"] = FORGED_ERROR.replace("NAMES", "[]")
SPIES["too-long"] = FORGED_ERROR.replace("NAMES", '["TooLong"]')

CASES = {
    "perfect": Case(notebook()),
    "blank": Case(
        notebook(mean=BLANK.format("mean"), spread=BLANK.format("spread")), "0", "0", "NotImplementedError"
    ),
    "naive": Case(notebook(mean="def mean(n): return sum(n) / len(n)"), "2"),
    "loop": Case(notebook(spread=LOOP), spread="0", says="it ran longer than 2 s"),
    "loop-that-ignores-the-interrupt": Case(notebook(spread=STUBBORN), spread="0", says="did not stop"),
    "loop-in-a-cell": Case(notebook(last="while True: pass")),
    "stubborn-loop-in-a-cell": Case(notebook(last=STUBBORN + "\nspread([1])"), says="left out"),
    "warns": Case(
        notebook(first="import sys, warnings\nwarnings.warn('careful')\nprint('!', file=sys.stderr)")
    ),
    "monkeypatches": Case(notebook(last=code(ASSERTS)), "0", "0"),
    "ends-python": Case(
        notebook(spread="import os\ndef spread(n): os._exit(0)"), spread="0", says="process ended"
    ),
    "ends-python-in-a-cell": Case(notebook(first="import os; os._exit(0)")),
    "always-ends-python": Case(
        cells(lambda old: [c | {"source": "import os; os._exit(0)"} for c in old]), "0", "0"
    ),
    "slow-every-time": Case(
        notebook(spread="import time\ndef spread(n):\n    time.sleep(1.5)\n    return max(n) - min(n)"),
    ),
    "each-function-ends-python": Case(
        notebook(mean="import os\ndef mean(n): os._exit(0)", spread="def spread(n): os.abort()"),
        "0",
        "0",
        "process ended",
    ),
    "exits": Case(notebook(first="exit()", last="raise SystemExit")),
    "reads-the-tests": Case(notebook(spread=code(FIND_TESTS)), spread="0", tells="FOUND NOTHING", boxed=True),
    "edits-the-points": Case(
        cells(lambda old: json.loads(json.dumps(old).replace('"points": 4', '"points": 100')))
    ),
    "edits-the-tests": Case(
        cells(lambda old: [c | {"source": "pass"} if named(c).endswith("-check") else c for c in old])
    ),
    "deletes-the-tests": Case(cells(lambda old: [c for c in old if not named(c).endswith("-check")])),
    "forges-replies": Case(notebook(spread=code(FORGED)), spread="0"),
    "forges-what-is-missing": Case(
        notebook(
            last="import inside.cells as c\nc.Cells.notes = lambda self: {'absent': 3, 'unknown': [['x']]}"
        )
    ),
    "junk-on-the-pipe": Case(notebook(last=code(JUNK)), says="left out"),
    "closes-all-pipes": Case(notebook(last="import os\nos.closerange(3, 200)"), says="left out"),
    "stops-reading": Case(
        notebook(spread="import os, signal\ndef spread(n): os.kill(os.getpid(), signal.SIGSTOP)"),
        spread="0",
        says="did not stop",
        boxed=True,
    ),
    "kills-its-group": Case(
        notebook(last="import os, signal\nos.kill(0, signal.SIGKILL)"), says="left out", boxed=True
    ),
    "kills-all-it-sees": Case(notebook(last="import os, signal\nos.kill(-1, signal.SIGKILL)"), boxed=True),
    "is-traced-by-its-parent": Case(
        notebook(spread=code(TRACED)), spread="0", says="did not stop", boxed=True
    ),
    "escape-probe": Case(notebook(spread=code(ESCAPE)), spread="0", says="RuntimeError", boxed=True),
    "fork-bomb": Case(notebook(last="import os\nwhile True:\n    os.fork()"), boxed=True),
    "threads": Case(
        notebook(
            last="import threading, time\nwhile True: threading.Thread(target=time.sleep, args=[9]).start()"
        ),
        boxed=True,
    ),
    "allocates-10-GB": Case(
        notebook(spread="def spread(n): return len(b'x' * 10**10)"), spread="0", says="MemoryError"
    ),
    "children-left-behind": Case(
        notebook(spread=code(LEFT)), spread="0", says="left processes running", boxed=True
    ),
    "children-of-its-parent": Case(
        notebook(spread=code(SIBLINGS)), spread="0", says="left processes running", boxed=True
    ),
    "children-of-its-parent-that-allocate": Case(
        notebook(spread=code(SIBLINGS).replace("raise ValueError", "time.sleep(9) or str")),
        spread="0",
        says="more than 1 GB of memory",
        boxed=True,
    ),
    "children-that-allocate": Case(
        notebook(spread=code(CHILDREN)), spread="0", says="more than 1 GB of memory", boxed=True
    ),
    "allocates-shared-memory": Case(
        notebook(spread=code(SHARED)), spread="0", says="more than 1 GB of memory", boxed=True
    ),
    "writes-files-in-memory": Case(
        notebook(spread=code(IN_MEMORY)), spread="0", says="more than 1 GB of memory", boxed=True
    ),
    "writes-10-GB": Case(notebook(last=code(WRITES)), says="No space left", boxed=True),
    **{
        f"spies-by-{way}": Case(notebook(spread=code(source)), spread="0", boxed=way == "file")
        for way, source in SPIES.items()
    },
    "prints-1-GB": Case(notebook(first="for _ in range(10): print('x' * 10**8)")),
    "answers-with-1-GB": Case(notebook(spread="def spread(n): return 'x' * 10**9"), spread="0"),
    "answers-with-a-cycle": Case(
        notebook(spread="def spread(n):\n    n.append(n)\n    return n"), spread="0", says="RecursionError"
    ),
    "answers-with-an-object": Case(
        notebook(spread="def spread(n): return object()"), spread="0", says="what it returns is no tensor"
    ),
    "answers-with-a-huge-number": Case(notebook(spread="def spread(n): return 10**5000"), spread="0"),
    "200-MB": Case(b""),
    "format-3": Case(format_3()),
    "not-json": Case("this is no notebook", "0", "0", "not JSON"),
    "json-but-no-notebook": Case("[1, 2]", "0", "0", "no notebook"),
    "deep-json": Case("[" * 200_000, "0", "0", "not JSON"),
    "empty": Case("", "0", "0", "empty"),
    "half": Case(json.dumps(notebook())[:900], "0", "0", "not JSON"),
    "odd-cells": Case(
        {"cells": [None, 3, {}, {"cell_type": "code", "source": 7}, {"metadata": []}]},
        "0",
        "0",
        "there is no",
    ),
    "deep-source": Case(notebook(last="-" * 100_000 + "1")),
    "null-character": Case(notebook(last="x = '\0\ud800'")),
    "reordered": Case(cells(lambda old: old[::-1])),
    "answers-deleted": Case(
        cells(lambda old: [c for c in old if named(c) != "mean"]), "0", says="there is no function mean"
    ),
    "split": Case(notebook(last=RIGHT["spread"], spread="low = min")),
    "ids-duplicated": Case(cells(lambda old: [c | {"id": "same"} for c in old for _ in (1, 2)])),
    "no-metadata": Case(cells(lambda old: [c | {"metadata": {}, "id": ""} for c in old])),
    "answer-in-a-check": Case(
        cells(
            lambda old: [
                c | {"source": RIGHT["spread"]} if named(c) == "spread-check" else c
                for c in old
                if named(c) != "spread"
            ]
        )
    ),
    "syntax-error": Case(notebook(spread="def spread(numbers:"), spread="0", says="SyntaxError"),
    "magic": Case(notebook(spread="%%time\n%matplotlib inline\n!pip install numpy\n" + RIGHT["spread"])),
    "王小明": Case(notebook()),
    "Ana María  de la Cruz": Case(notebook()),
    "..": Case(notebook()),
    "a..b\\..\\c": Case(notebook()),
    "=cmd()": Case(notebook()),
    "n" * 240: Case(notebook()),
    "asks-for-input": Case(notebook(spread="name = input('Your name? ')\n" + RIGHT["spread"])),
    "asks-for-input-in-a-call": Case(
        notebook(spread="import sys\ndef spread(n): return sys.stdin.read()"), spread="0"
    ),
    "shows-a-plot": Case(notebook(first="import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")),
    "gpu": Case(notebook(spread=GPU.format("'cuda'")), spread="0", says="spread raised"),
    "gpu-if-there-is-one": Case(
        notebook(spread=GPU.format("'cuda' if torch.cuda.is_available() else 'cpu'")),
    ),
    "tampers-with-modules": Case(
        notebook(last="import sys\nfor name in ('inside.wire', 'json', 'ast'):\n    sys.modules[name] = None")
    ),
    "replaces-the-wire": Case(
        notebook(last="from inside import wire\nwire.encode = lambda value: 6"), "1", "0"
    ),
    "forbidden": Case(
        notebook(
            mean="import statistics as s\ndef mean(n):\n    if not n: raise ValueError\n    return s.fmean(n)"
        ),
        "0",
        says="your answer uses statistics.fmean",
    ),
    "forbidden-through-a-helper": Case(
        notebook(
            first="from statistics import fmean as f\ndef helper(n): return f(n)",
            mean="def mean(n):\n    if not n: raise ValueError\n    return helper(n)",
        ),
        "0",
        says="your answer uses",
    ),
    "forbidden-by-a-star": Case(
        notebook(
            mean="from statistics import *\ndef mean(n):\n    if not n: raise ValueError\n    return fmean(n)"
        ),
        "0",
        says="your answer uses statistics.fmean",
    ),
    "forbidden-in-a-magic": Case(
        notebook(
            mean="%%time\nfrom statistics import fmean as f\ndef mean(n):\n    if not n: raise ValueError\n"
            "    return f(n)"
        ),
        "0",
        says="your answer uses statistics.fmean",
    ),
    "a-check-with-a-print": Case(
        cells(
            lambda old: [
                c | {"source": c["source"] + "\nprint(1)"} if named(c).endswith("-check") else c for c in old
            ]
        )
    ),
    "merged-with-its-check": Case(
        cells(
            lambda old: [
                c | {"source": "EMPTY = 'empty'\n" + c["source"] + "\n" + check["source"]}
                if named(c) == "mean"
                else c
                for c in old
                for check in [next(c for c in old if named(c) == "mean-check")]
                if named(c) != "mean-check"
            ]
        )
    ),
    "help-as-last-line": Case(notebook(mean=RIGHT["mean"] + "\nmean?")),
    "files-from-ls": Case(notebook(spread="files = !ls\n" + RIGHT["spread"])),
    "await": Case(notebook(spread="import asyncio\nawait asyncio.sleep(0)\n" + RIGHT["spread"])),
    "time-import": Case(notebook(first="%time import math", mean="%%time\n" + RIGHT["mean"])),
    "percent-in-a-line": Case(notebook(spread="%matplotlib inline\nx = (7\n% 3)\n" + RIGHT["spread"])),
    "magic-that-is-not-there": Case(notebook(spread="%nonsense\n" + RIGHT["spread"]), says="%nonsense"),
    "colab": Case(
        notebook(
            spread="from google.colab import drive\ndrive.mount('/content/drive')\n%cd /content/drive\n"
            + RIGHT["spread"]
        ),
        says="google.colab",
    ),
    "seaborn": Case(notebook(mean="import seaborn as sns\nimport math\n" + RIGHT["mean"]), says="seaborn"),
    "file-that-is-not-here": Case(
        notebook(mean="open('my.csv')\n" + RIGHT["mean"]), says="FileNotFoundError"
    ),
    "stand-in-as-an-answer": Case(notebook(spread="from pandas import spread"), spread="0", says="pandas"),
    "images-without-end": Case(notebook(explain_mean="![](data:" * 100_000 + "<img src=" * 100_000)),
    "forbidden-elsewhere": Case(notebook(first="import statistics\nprint(statistics.fmean([1, 2]))")),
}
FOLDERS = {
    "link": "it is a symbolic link",
    "pipe": "it is no file",
    "empty-folder": "no notebook",
    "two-notebooks": "2 notebooks",
    "link-in-a-folder": "symbolic link",
}


def digest(folder: Path) -> str:
    """What is in a folder, in one text."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            whole.update(f"{path} {path.stat().st_mtime_ns}".encode() + path.read_bytes()[:10_000])
    return whole.hexdigest()


@pytest.fixture(scope="session")
def batch(tmp_path_factory, averages):
    """Grade them all; return the folder of marks and what was said."""
    folder, said = tmp_path_factory.mktemp("hostile"), []
    theirs, out = folder / "submissions", folder / "out"
    cases = {name: case.what for name, case in CASES.items() if not (case.boxed and missing())}
    cases["200-MB"] = json.dumps(large())
    for name in cases.keys() & {"escape-probe"}:
        source = json.dumps(cases[name])
        for hole, path in {"@SUBMISSIONS@": theirs, "@HIDDEN@": EXAMPLE, "@OUT@": out}.items():
            source = source.replace(hole, repr(str(path)))
        cases[name] = source
    submit(theirs, **cases)
    (theirs / "link.ipynb").symlink_to(theirs / "perfect.ipynb")
    os.mkfifo(theirs / "pipe.ipynb")
    (theirs / "essay.docx").write_text("an essay")
    (theirs / ".DS_Store").write_text("")
    (theirs / "empty-folder").mkdir()
    submit(theirs / "two-notebooks", one=notebook(), two=notebook())
    submit(theirs / "in-a-folder" / "deeper", averages=notebook())
    submit(theirs / "named-as-the-sheet", averages=notebook(), draft=notebook(mean=""))
    (theirs / "link-in-a-folder").mkdir()
    (theirs / "link-in-a-folder" / "averages.ipynb").symlink_to("/etc/passwd")
    before = digest(EXAMPLE) + digest(theirs)
    noted = grade(theirs, averages, out, jobs=2, limits=QUICK, say=said.append)
    (theirs / "200-MB.ipynb").write_text("")
    return out, before, noted, theirs


def page(out: Path, student: str) -> str:
    return html.unescape(
        (out / "feedback" / f"{store.file_name(names.shown(student))}.html").read_text("utf-8")
    )


@pytest.mark.parametrize("student", CASES)
def test_it_gets_the_mark_that_it_deserves(batch, student):
    case, out = CASES[student], batch[0]
    if case.boxed and missing():
        pytest.skip(missing())
    row = marks(out)[cell(names.shown(student))]
    shown = page(out, student)
    assert (row["mean"], row["spread"]) == (case.mean, case.spread), shown
    assert case.says in shown
    assert case.tells in json.dumps(store.result(out, names.shown(student)))


@pytest.mark.parametrize("student", FOLDERS)
def test_what_is_no_notebook_is_said_to_be_none(batch, student):
    row = marks(batch[0])[student]
    assert row["total"] == "0"
    assert FOLDERS[student] in row["note"]


@pytest.mark.parametrize("student", ["in-a-folder", "named-as-the-sheet"])
def test_a_folder_may_be_handed_in(batch, student):
    assert marks(batch[0])[student]["total"] == "8"


def test_everybody_is_in_the_marks_once(batch):
    out, _, noted, theirs = batch
    beside = {".DS_Store", "essay.docx"}  # no notebooks, so no students
    assert len(marks(out)) == len({path.name for path in theirs.iterdir()} - beside)
    assert noted == sum(row["note"].startswith(("unreadable", "it ")) for row in marks(out).values())


def test_the_teachers_files_are_untouched(batch, tmp_path):
    out, before, *_ = batch
    after = digest(EXAMPLE)
    assert before.startswith(after)
    assert not [path for path in out.rglob("*") if path.name.endswith(".new")]
    assert {path.name for path in out.iterdir()} == {
        "sheet.json", "results", "feedback", "marks.csv", "words.csv", "words.html",
    }  # fmt: skip


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_the_escape_probe_found_every_door_closed(batch):
    (detail,) = {one["detail"] for one in store.result(batch[0], "escape-probe")["outcomes"] if one["detail"]}
    said = detail.removeprefix("RuntimeError: ")
    closed = {
        "OSError",
        "PermissionError",
        "FileNotFoundError",
        "none",
        "root",
        "True",
        "ProcessLookupError",
        "[]",
    }
    assert set(said.strip().split("; ")) <= closed


def test_no_hidden_test_and_no_solution_is_in_the_feedback(batch):
    for path in (batch[0] / "feedback").iterdir():
        text = path.read_text("utf-8")
        assert "SECRET" not in text
        assert "left_alone" not in text


def test_what_a_hidden_test_calls_with_is_not_in_the_feedback(batch):
    told = store.result(batch[0], "spies-by-message")["outcomes"][-2]["detail"]
    assert told == "ValueError: LEAK [4, 9, 1]"  # the spy has seen it, and the teacher sees the spy
    for path in (batch[0] / "feedback").iterdir():
        assert "LEAK" not in path.read_text("utf-8")
    assert "What Python said in full is not shown" in page(batch[0], "spies-by-message")
    assert "What Python said in full is not shown" not in page(batch[0], "perfect")
    assert "there is no function spread" in page(batch[0], "spies-by-no-function")
    assert "spread took too long: it ran longer than 2 s" in page(batch[0], "spies-by-too-long")
    assert "spread raised RuntimeError: the shapes of a matrix product do not fit" in page(
        batch[0], "spies-by-known-message"
    )


def test_no_message_is_made_of_what_a_student_says():
    assert harmless("ValueError: [4, 9, 1]", ("ValueError", "Exception")) == "ValueError"
    assert harmless("x9_1: no", ("x9_1", "IndexError")) == "IndexError"
    assert harmless("x: y", ("x",)) == "an exception"
    assert harmless("NameError: name 'x' is not defined", ("NameError",)).startswith(
        "NameError: it uses a name"
    )
