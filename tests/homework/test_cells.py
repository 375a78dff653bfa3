"""What runs in Jupyter runs here: magics, commands, help, await; and what is not installed costs nothing."""

import signal
import sys

import pytest

from homework.grader.inside import absent, worker
from homework.grader.inside.cells import Cells, TooLong


def run(*cells: str) -> tuple[dict, list[str | None], dict]:
    """Run cells one after the other; return their names, their errors, and what was missing."""
    here, errors, missing = Cells(), [], {}
    for source in cells:
        try:
            here.run(source)
            errors.append(None)
        except (Exception, SystemExit) as problem:
            errors.append(type(problem).__name__)
        for kind, what in here.notes().items():
            missing.setdefault(kind, []).extend(what)
    close(here)
    return here.space, errors, missing


def close(here: Cells) -> None:
    """End the event loop, as the end of the process does."""
    if here.loop is not None:
        here.loop.close()


@pytest.fixture(autouse=True)
def somewhere(tmp_path, monkeypatch):
    """Cells may write files, change the folder and what is shown."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for what in ("displayhook", "excepthook"):
        monkeypatch.setattr(sys, what, getattr(sys, what))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.mark.parametrize(
    "cells",
    [
        ["import math\nmath.exp?\nk = 1"],
        ["?print\nprint??\n*int*?\nk = 1"],
        ["k = 1\nk?"],
        ["files = !echo one; echo two\nk = (files == ['one', 'two']) and files.n.count('two')"],
        ["name = 'x'\nsaid = !echo {name} $name\nk = (said == ['x x']) * 1"],
        ["def f(z):\n    said = !echo {z}\n    return said\nk = int(f(1)[0])"],
        ["!pip install nothing\n%pip install nothing\n!!ls\nk = 1"],
        ["pip install nothing", "k = 1"],
        ["time k = 1"],
        ["import asyncio\nawait asyncio.sleep(0)\nk = 1"],
        ["import asyncio\nasync def g(): return 1\nk = await g()"],
        ["import asyncio\nasync def g():\n    global k\n    k = 1\nt = asyncio.create_task(g())", "await t"],
        ["import asyncio\nasync def g(): return 1\nk = asyncio.run(g())"],
        ["%time import math\nk = int(math.cos(0))"],
        ["%time k = 1"],
        ["seven = %time 7\nk = seven - 6"],
        ["%%time\nk = 1"],
        ["\n%%time\nk = 1"],
        ["%%timeit v = 3\nv + 1", "k = 1"],
        ["%timeit -n 1000 -r 7 sum([1])\nt = %timeit -o sum([1])\nk = 1 if t.best < 5 else 0"],
        ["%%capture out\nprint(1)\nn = 0", "k = int(out.stdout) + n"],
        ["%%prun\nk = 1"],
        ["%matplotlib inline\nrest = (7\n% 3)\nk = rest"],
        ["%load_ext autoreload\n%autoreload 2\n%config InlineBackend.figure_format = 'retina'\nk = 1"],
        ["%cd /nowhere\n%pwd\n%who\n%debug\n%xmode Verbose\nk = 1"],
        ["%env ONE=1\nimport os\nk = int(os.environ['ONE'])"],
        ["%%writefile mine_to_import.py\none = 1", "import mine_to_import\nk = mine_to_import.one"],
        ["%%bash\necho 1 > said", "with open('said') as file: k = int(file.read())"],
        ["%%html\n<b>bold</b>", "%%javascript\nalert(1)", "k = 1"],
        ["get_ipython().run_line_magic('matplotlib', 'inline')\nk = 1"],
        ["get_ipython().magic('matplotlib inline')\nget_ipython().system('ls')\nk = 1"],
        ["from IPython import get_ipython\nget_ipython().run_line_magic('matplotlib', 'inline')\nk = 1"],
        ["k = 0 if 'google.colab' in str(get_ipython()) else 1"],
        ["from IPython.display import display, clear_output\nclear_output()\ndisplay(1)\nk = 1"],
        ["1", "k = _"],
        [">>> k = 0\n... k = k + 1"],
        ["In [1]: k = 1"],
        ["    k = 1"],
        ["import inspect\ndef f(): return 1\nk = 1 if inspect.getsource(f) == 'def f(): return 1\\n' else 0"],
        ["from __future__ import annotations\nk = 0", "def f(a: Nobody): return 1\nk = f(0)"],
        ["k = 1;"],
        ["if True:\n    %time k = 1\n    !ls"],
        ["a = '''\n%time\n'''\nk = 1"],
        ["input('Your name? ')\ndisplay(3)\nk = 1"],
    ],
    ids=lambda cells: cells[0].splitlines()[0],
)
def test_what_runs_in_jupyter_runs_here(cells):
    space, errors, missing = run(*cells)
    assert (space.get("k"), errors, missing) == (1, [None] * len(cells), {})


def test_what_a_cell_defines_can_be_pickled():
    here = Cells()
    here.become_main()
    here.run("import pickle\nclass A: pass\nk = pickle.loads(pickle.dumps(A()))")
    assert type(here.space["k"]) is here.space["A"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("%nonsense x\nk = 1", ["%nonsense"]),
        ("%%nonsense\nk = 1", ["%%nonsense"]),
        ("%%nonsense\nno Python", ["%%nonsense"]),
        ("k = 1\n%%time", ["%%time"]),
        ("%run nowhere.py\nk = 1", ["%run"]),
    ],
)
def test_a_magic_that_is_not_there_is_named_and_the_rest_runs(source, names):
    space, errors, missing = run(source)
    assert (errors, missing) == ([None], {"unknown": names})
    assert space.get("k", 1) == 1


def test_what_cannot_be_translated_is_an_error():
    assert run("print('a'\nk = 1")[1] == ["SyntaxError"]
    assert run("%time k = 1 / 0")[1] == ["ZeroDivisionError"]


@pytest.mark.filterwarnings("ignore::ImportWarning")
@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from google.colab import drive\ndrive.mount('/content/drive')\nk = 1", ["google.colab"]),
        ("import seaborn as sns\nimport math\nsns.set_theme()\nk = math.ceil(0.5)", ["seaborn"]),
        ("import pandas as pd, math as m\nk = m.ceil(0.5)\nclass Table(pd.DataFrame): pass", ["pandas"]),
        ("import plotly.express as px\npx.line([1]).show()\nk = 1", ["plotly.express"]),
        ("from google.colab.patches import cv2_imshow as show\nshow(3)\nk = 1", ["google.colab.patches"]),
        (
            "import kagglehub\npath = kagglehub.dataset_download('x')['y']\npath['a'] = 1\nk = 1",
            ["kagglehub"],
        ),
        ("from numba import njit\n@njit\ndef f(x): return x\nk = f(1)", ["numba"]),
        ("from numba import njit\n@njit(cache=True)\ndef f(x): return x\nk = f(1)", ["numba"]),
        ("import wandb\nwith wandb.init() as run:\n    k = 1\nfor _ in wandb.Api(): pass", ["wandb"]),
        ("from seaborn import *\nk = 1", ["seaborn"]),
        ("%time import seaborn\nk = 1", ["seaborn"]),
        ("%%time\nimport seaborn\nk = 1", ["seaborn"]),
        ("%load_ext tensorboard\n%tensorboard --logdir x\nk = 1", ["tensorboard"]),
        ("def f():\n    import seaborn\n    return 1\nk = f()", ["seaborn"]),
        ("try:\n    import seaborn\nfinally:\n    k = 1", ["seaborn"]),
        ("try:\n    import seaborn\nexcept KeyError:\n    k = 0\nk = 1", ["seaborn"]),
        ("from . import mine\nk = 1", [".mine"]),
        ("from math import nonsense, ceil\nk = 1", ["math.nonsense", "math.ceil"]),
        ("import json.nonsense\nk = 1 if json.dumps(1) else 0", ["json.nonsense"]),
    ],
)
def test_an_import_of_no_consequence_costs_nothing(source, names):
    space, errors, missing = run(source)
    assert (space.get("k"), errors) == (1, [None])
    assert missing == {"absent": names}


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import google.colab\n    k = 0\nexcept ImportError:\n    k = 1",
        "try:\n    import google.colab\n    k = 0\nexcept:\n    k = 1",
        "try:\n    import google.colab\nexcept (KeyError, ModuleNotFoundError):\n    k = 1\nelse:\n    k = 0",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import seaborn\n    k = 0\nk = 1",
        "import importlib.util\nk = 1 if importlib.util.find_spec('seaborn') is None else 0",
    ],
)
def test_who_asks_whether_a_package_is_there_is_told(source):
    space, errors, missing = run(source)
    assert (space.get("k"), errors, missing) == (1, [None], {})


def test_a_library_that_looks_for_another_is_told_so_too():
    with pytest.raises(ImportError):
        exec("import seaborn", {})


def test_after_an_error_what_only_defines_still_runs():
    space, errors, _ = run(
        "open('nowhere')\nk = 1\nimport math, seaborn\ndef f(): return 1\nclass A: pass\nraise_me\n"
        "@nobody\ndef g(): pass\nfrom math import pi"
    )
    assert errors == ["FileNotFoundError"]
    assert "k" not in space
    assert space["f"]() == 1
    assert {"A", "pi", "math"} <= set(space)


def test_after_an_error_what_was_defined_before_it_stays():
    assert run("def f(): return 1\n1 / 0\ndef f(): return 2\nk = 1")[0]["f"]() == 1


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "%time\nimport time\n%time time.sleep(9)",
        "%%time\nwhile True: pass",
        "%%capture\nwhile True: pass",
        "!sleep 9",
        "import time\n%timeit time.sleep(9)",
        "import asyncio\nawait asyncio.sleep(9)",
        "while True: pass\ndef f(): return 1",
        "1 / 0\n@(lambda f: [0 for _ in iter(int, 1)])\ndef f(): return 1",
    ],
)
def test_what_takes_too_long_is_ended_wherever_it_stands(source):
    before, here = signal.signal(signal.SIGALRM, worker.out_of_time), Cells()
    try:
        reply = worker.answer({"run": source, "seconds": 0.4}, here)
    finally:
        signal.signal(signal.SIGALRM, before)
        close(here)
    assert reply["names"] == ["TooLong"]
    assert issubclass(TooLong, BaseException)
    assert not issubclass(TooLong, Exception)


def test_what_stands_in_for_a_package_is_no_data():
    with pytest.raises(TypeError):
        worker.wire.encode(absent.Absent())
    with pytest.raises(AttributeError):
        absent.Absent().__array__()
