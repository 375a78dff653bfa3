"""Forbidden calls: found in an answer and in what it calls, and nowhere else."""

import json

import pytest

from homework.grader.inside import worker

FORBIDDEN = ["torch.softmax", "torch.nn.functional.softmax", "torch.nn.Softmax"]
OWN = "class M:\n    def softmax(self, X): return X\n"


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ndef f(X): return torch.softmax(X, 1)",
        "import torch as t\ndef f(X): return t.softmax(X, 1)",
        "from torch import softmax as s\ndef f(X): return s(X, 1)",
        "import torch.nn.functional as F\ndef f(X): return F.softmax(X, 1)",
        "from torch.nn import functional as G\ndef f(X): return G.softmax(X, 1)",
        "import torch\nF = torch.nn.functional\ndef f(X): return F.softmax(X, 1)",
        "import torch\nsoft = torch.softmax\ndef f(X): return soft(X, 1)",
        "def f(X): return X.softmax(1)",
        "import torch\ndef f(X): return getattr(torch, 'softmax')(X, 1)",
        "from torch import nn\ndef f(X): return nn.Softmax(1)(X)",
        "import torch\ndef f(X):\n    from torch import softmax\n    return softmax(X, 1)",
        "import torch\ndef helper(X): return torch.softmax(X, 1)\ndef f(X): return helper(X)",
        "import torch\nf = lambda X: torch.softmax(X, 1)",
        "%matplotlib inline\nimport torch\ndef f(X): return torch.softmax(X, 1)",
        "import torch\nif True:\n    def f(X): return torch.softmax(X, 1)",
        "from torch.nn.functional import *\ndef f(X): return softmax(X, 1)",
        "def f(X):\n    from torch.nn.functional import softmax\n    return softmax(X, 1)",
        "def softmax(X): return X\nfrom torch import *\ndef f(X): return softmax(X)",
        "from torch import softmax as f",
        "import torch\nf = torch.softmax",
        "%%time\nimport torch\ndef f(X): return torch.softmax(X, 1)",
        "%%capture\n%time from torch import softmax as q\ndef f(X): return q(X, 1)",
        "import torch\ndef f(X): return torch.Tensor.softmax(X, 1)",
        "import importlib\ndef f(X): return importlib.import_module('torch').softmax(X)",
        "import torch\ndef f(X):\n    global g\n    return g(X)\ndef g(X): return torch.softmax(X)",
        "from torch import softmax\ndef f(X): return [softmax(x) for x in X]",
        "import torch\ndef f(X): return (lambda softmax: torch.softmax)(X)",
        "import torch\ndef f(X, *, s=torch.softmax): return s(X)",
        "import torch\nasync def f(X): return torch.softmax(X)",
        "import torch\nf = lambda X: torch.softmax(X" + "+1" * 2000 + ")",
    ],
)
def test_a_forbidden_call_is_found(source):
    assert found(source)


@pytest.mark.parametrize(
    "source",
    [
        OWN + "def f(X): return X.softmax(1)",
        OWN + "def f(X):\n    m = M()\n    m = X\n    return m.softmax(1)",
        OWN + "def f(M): return M.softmax(1)",
        OWN + "def f(X):\n    M = X\n    return M.softmax(1)",
        OWN + "def f(self): return self.softmax(1)",
        OWN + "import torch.nn.functional as M\ndef f(X): return M.softmax(1)",
        OWN + "import torch\nM = torch.nn.functional\ndef f(X): return M.softmax(1)",
        OWN.replace("return X", "return torch.softmax(X)") + "def f(X): return M().softmax(X)",
        "import torch\nclass M:\n    s = torch.softmax\ndef f(X): return M.s(X)",
    ],
)
def test_a_class_with_such_a_method_hides_no_forbidden_call(source):
    assert found(source)


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ndef f(X): return X.exp() / X.exp().sum(1, keepdim=True)",
        "import torch\ndef f(X): return X\ndef other(X): return torch.softmax(X, 1)",
        "import torch\ndef f(X): return softmax(X)\ndef softmax(X): return X.exp()",
        "import torch\ndef f(X): return X  # torch.softmax",
        "import torch\ndef f(X):\n    'not torch.softmax'\n    return torch.log_softmax(X, 1)",
        "def f(X:",
        "def f(X): return torch.softmax(X)\ndef f(X): return X",
        "from torch.nn.functional import *\ndef softmax(X): return X.exp()\ndef f(X): return softmax(X)",
        "p = torch.softmax\ndef f(X):\n    p = 1\n    return p",
        "p = torch.softmax\ndef f(X): return (lambda p: p)(X)",
        "p = torch.softmax\ndef f(X, p=None, *q, **r): return p",
        "p = torch.softmax\ndef f(X):\n    def p(x): return x\n    return p(X)",
        OWN + "def f(X): return M().softmax(X)",
        OWN + "def f(X):\n    m = M()\n    return m.softmax(X)",
        OWN + "m = M()\ndef f(X): return m.softmax(X)",
        OWN + "    def go(self, X): return self.softmax(X)\ndef f(X): return M().go(X)",
        OWN + "class N(M): pass\ndef f(X): return N().softmax(X)",
        OWN + "def f(X): return M.softmax(None, X)",
        "class M:\n    def __init__(self): self.softmax = abs\ndef f(X): return M().softmax(X)",
        "def f(X):\n    class M:\n        def softmax(self, X): return X\n    return M().softmax(X)",
    ],
)
def test_what_is_not_forbidden_is_not_found(source):
    assert not found(source)


def found(source: str, others=("q",)) -> list[str]:
    """What a notebook of one cell uses for the question f: read as in the sandbox."""
    look = {"own": ["f"], "others": others, "forbidden": FORBIDDEN}
    request = {"checks": {}, "questions": {"f": look}}
    book = {"cells": [{"cell_type": "code", "source": source}]}
    return worker.read(request, json.dumps(book).encode())["used"]["f"]


def test_the_functions_of_other_questions_are_not_followed():
    source = "import torch\ndef f(X): return g(X)\ndef g(X): return torch.softmax(X, 1)"
    assert found(source)
    assert not found(source, others=("g",))


CHECK = "path = torch.optim.SGD\nassert path"
USES = "def f():\n    return path"


@pytest.mark.parametrize(
    "cells",
    [
        [("f-check", CHECK)],
        [("f-check", CHECK + "\nprint('passed')")],
        [("f-check", "print('passed')\npath = torch.optim.SGD  # all right\nassert path")],
        [("f-check", "path = torch.optim.Adam  # edited\nassert path")],
        [("", CHECK)],
        [("", "path  =  torch.optim.SGD\nassert  path, "[:-2])],
        [("", "assert path"), ("f-check", "path = torch.optim.SGD")],
        [("", "%%time\n" + CHECK)],
        [("x", CHECK), ("y", CHECK)],
    ],
)
def test_the_sheets_own_checks_are_no_part_of_an_answer(cells):
    """Whatever an editor did to them: changed, copied, split, or without their names."""
    used, _ = read([("f", USES), *cells], {"f-check": [CHECK]})
    assert used == []


def read(cells: list[tuple[str, str]], checks: dict) -> tuple[list, list]:
    """What the answer f uses, and what is run."""
    book = {"cells": [{"cell_type": "code", "id": name, "source": text} for name, text in cells]}
    request = {
        "checks": checks,
        "questions": {"f": {"own": ["f"], "others": [], "forbidden": ["torch.optim.SGD"]}},
    }
    reply = worker.read(request, json.dumps(book).encode())
    return reply["used"]["f"], [cell["run"] for cell in reply["cells"]]


def test_what_only_looks_like_a_check_is_looked_at():
    assert read([("f", USES), ("", CHECK)], {"g-check": ["assert 1"]})[0] == ["torch.optim.SGD"]
    copied = "path = torch.optim.SGD\n" + USES  # no check, though a line of it stands in one
    assert read([("", copied)], {"f-check": [CHECK]})[0] == ["torch.optim.SGD"]
    assert read(
        [("", f"def helper():\n    return torch.optim.SGD\n{USES[:-4]}helper()")], {"f-check": [CHECK]}
    )[0]


def test_a_check_is_not_run_but_an_answer_in_it_is():
    _, (first, second, third, fourth) = read(
        [("f-check", CHECK + "\nprint(1)"), ("f-check", CHECK + "\ndef f(): return 1"), ("", CHECK),
         ("", CHECK + "\nEPS = 1\ndef f(): return EPS")],
        {"f-check": [CHECK]},
    )  # fmt: skip
    assert (first, second, third) == ("", "def f():\n    return 1", "")
    assert fourth == "EPS = 1\ndef f():\n    return EPS"
