"""Reading notebooks, finding forbidden calls, and the data that crosses between the processes."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from homework.grader import submission, wire, worker

FORBIDDEN = ["torch.softmax", "torch.nn.functional.softmax", "torch.nn.Softmax"]


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
    ],
)
def test_a_forbidden_call_is_found(source):
    assert submission.calls_found([source], {"f"}, {"softmax"}, FORBIDDEN)


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
    ],
)
def test_what_is_not_forbidden_is_not_found(source):
    assert not submission.calls_found([source], {"f"}, {"softmax"}, FORBIDDEN)


def test_the_functions_of_other_questions_are_not_followed():
    source = "import torch\ndef f(X): return g(X)\ndef g(X): return torch.softmax(X, 1)"
    assert not submission.calls_found([source], {"f"}, {"g"}, FORBIDDEN)


def test_the_sheets_own_checks_are_no_part_of_an_answer():
    """A check may use what answers may not, under a name that an answer happens to use as well."""
    check = "path = torch.optim.SGD"
    book = {
        "cells": [
            {"cell_type": "code", "source": text}
            for text in ("def f():\n    path = 1\n    return path", check)
        ]
    }
    request = {"questions": {"f": {"own": ["f"], "others": [], "forbidden": ["torch.optim.SGD"]}}}
    data = json.dumps(book).encode()
    assert worker.read(request | {"checks": [check]}, data)["used"] == {"f": []}
    assert worker.read(request | {"checks": []}, data)["used"] == {"f": ["torch.optim.SGD"]}


@pytest.mark.parametrize("book", ["", "[]", "{}", "7", '{"cells": 3}', "{", "\ufeff{}"])
def test_what_is_no_notebook_is_refused(book):
    with pytest.raises(ValueError, match="the file is"):
        submission.read_cells(book.encode())


def test_a_cell_is_known_by_its_grade_id_or_else_its_id():
    cells = [
        {"cell_type": "code", "id": "a", "source": ["x\n", "y"], "metadata": {"nbgrader": {"grade_id": "q"}}},
        {"cell_type": "markdown", "id": "b", "source": "words", "metadata": {}},
    ]
    assert submission.read_cells(json.dumps({"cells": cells}).encode()) == [
        {"kind": "code", "name": "q", "source": "x\ny"},
        {"kind": "words", "name": "b", "source": "words"},
    ]


SIMPLE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
DATA = st.recursive(
    SIMPLE, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner)
)


def through(value):
    return wire.decode(json.loads(json.dumps(wire.encode(value))))


@given(DATA)
def test_plain_data_comes_back_as_it_was(value):
    assert through(value) == value


@pytest.mark.parametrize("dtype", sorted(wire.DTYPES))
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)])
def test_tensors_come_back_as_they_were(dtype, shape):
    value = torch.randint(0, 2, shape).to(getattr(torch, dtype))
    back = through({"a": (value, [value])})["a"][0]
    assert back.dtype == value.dtype
    assert torch.equal(back, value)


def test_arrays_and_odd_numbers_come_back():
    assert np.array_equal(through(np.arange(6.0).reshape(2, 3)), np.arange(6.0).reshape(2, 3))
    assert through(np.float32(0.5)) == 0.5
    assert math.isnan(through(math.nan))
    assert through([math.inf, -math.inf]) == [math.inf, -math.inf]
    assert through(torch.nn.Parameter(torch.ones(2))).requires_grad is False


@pytest.mark.parametrize(
    "value", [object(), {1}, torch.nn.Linear(1, 1), lambda: 1, torch.ones(1, dtype=torch.cfloat)]
)
def test_only_data_is_sent(value):
    with pytest.raises(TypeError):
        wire.encode(value)


@pytest.mark.parametrize(
    "item",
    [
        [],
        {},
        {"kind": "pickle", "data": ""},
        {"kind": "tensor", "dtype": "object", "shape": [1], "data": "AAAAAAAAAAA="},
        {"kind": "tensor", "dtype": "float32", "shape": [10**12], "data": "AAAA"},
        {"kind": "tensor", "dtype": "float32", "shape": [-1], "data": "AAAAAA=="},
        {"kind": "array", "dtype": "float32", "shape": ["x"], "data": "AAAAAA=="},
        {"kind": "tensor", "dtype": "uint8", "shape": [1 << 25], "data": "A" * (1 << 26)},
        {"kind": "dict", "items": [[{"kind": "list", "items": []}, 1]]},
        {"kind": "list", "items": 7},
    ],
)
def test_forged_data_is_refused(item):
    with pytest.raises((ValueError, TypeError, KeyError, RuntimeError)):
        wire.decode(item)
