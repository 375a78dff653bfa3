"""The data that crosses between grader and student: data alone, and nothing of the grader's memory."""

import json
import math
import os

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from homework.grader.inside import wire

SIMPLE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
DATA = st.recursive(
    SIMPLE, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner)
)


def through(value):
    return wire.decode(json.loads(json.dumps(wire.encode(value))))


@given(DATA)
def test_plain_data_comes_back_as_it_was(value):
    assert through(value) == value


@pytest.mark.parametrize("dtype", sorted(wire.SIZES))
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
        {"kind": "tensor", "dtype": "bool", "shape": [0, 2, 1 << 31, 1 << 31], "data": ""},
        {"kind": "array", "dtype": "bool", "shape": [0, 2, 1 << 31, 1 << 31], "data": ""},
        {"kind": "array", "dtype": "float32", "shape": ["x"], "data": "AAAAAA=="},
        {"kind": "tensor", "dtype": "uint8", "shape": [1 << 25], "data": "A" * (1 << 26)},
        {"kind": "dict", "items": [[{"kind": "list", "items": []}, 1]]},
        {"kind": "list", "items": 7},
        {"kind": "tensor", "dtype": "float32", "shape": [64, 64], "data": ""},
        {"kind": "array", "dtype": "float32", "shape": [64, 64], "data": ""},
        {"kind": "tensor", "dtype": "float32", "shape": [1], "data": "AAAAAAAAAAA="},
        {"kind": "tensor", "dtype": "float32", "shape": [], "data": ""},
        {"kind": "tensor", "dtype": "float32", "shape": [True], "data": "AAAAAA=="},
        {"kind": "tensor", "dtype": "float32", "shape": [0, 1 << 63], "data": ""},
        {"kind": "tensor", "dtype": "float32", "shape": [0] * 1000, "data": ""},
        {"kind": "tensor", "dtype": "float32", "shape": 3, "data": ""},
        {"kind": "tensor", "dtype": [], "shape": [], "data": ""},
        {"kind": "tensor", "dtype": "float32", "shape": [0]},
        {"kind": [], "items": []},
        ["x"],
    ],
)
def test_forged_data_is_refused(item):
    with pytest.raises(ValueError, match="no encoded data"):
        wire.decode(item)


def test_data_of_any_depth_leads_to_no_crash():
    deep = []
    for _ in range(100_000):
        deep = {"kind": "list", "items": [deep]}
    with pytest.raises(ValueError, match="no encoded data"):
        wire.decode(deep)


# What a student's process may send: anything that JSON can hold, most of it nearly right.
KEYS = st.sampled_from(["kind", "items", "dtype", "shape", "data"])
SIZES = st.integers(-2, 70) | st.sampled_from([2**31, 2**62, 2**63, 2**64, True, None, 0.5, "1"])
SHAPES = st.lists(SIZES, max_size=5) | st.lists(st.integers(0, 3), max_size=70) | SIZES
RAW = st.binary(max_size=64).map(lambda raw: wire.base64.b64encode(raw).decode())
ARRAYS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["tensor", "array"]),
        "dtype": st.sampled_from([*wire.SIZES, "object", "O", "complex64", "", None]) | st.text(max_size=3),
        "shape": SHAPES,
        "data": RAW | st.text(max_size=9),
    }
)


def exact(dtype: str, shape: list[int]) -> dict:
    """A tensor as `encode` writes it."""
    raw = bytes(math.prod(shape) * wire.SIZES[dtype])
    data = wire.base64.b64encode(raw).decode()
    return {"kind": "tensor", "dtype": dtype, "shape": shape, "data": data}


EXACT = st.builds(exact, st.sampled_from(sorted(wire.SIZES)), st.lists(st.integers(0, 4), max_size=4))
LEAVES = SIMPLE | ARRAYS | EXACT | st.dictionaries(KEYS, SIMPLE | SHAPES | RAW)
FORGED = st.recursive(
    LEAVES,
    lambda inner: (
        st.fixed_dictionaries({"kind": st.sampled_from(["list", "tuple", "dict"]), "items": st.lists(inner)})
        | st.fixed_dictionaries({"kind": st.just("dict"), "items": st.lists(st.lists(inner, max_size=3))})
        | st.dictionaries(KEYS, inner)
        | st.lists(inner)
    ),
    max_leaves=12,
)


@settings(max_examples=int(os.environ.get("FUZZ", 300)), derandomize="FUZZ" not in os.environ)
@given(FORGED)
def test_whatever_is_sent_is_data_or_refused(item):
    """Neither a crash nor the grader's memory: each number that arrives was sent."""
    try:
        value = wire.decode(json.loads(json.dumps(item)))
    except ValueError:
        return
    assert amount(value) <= sent(item)
    assert wire.encode(value) is not None or value is None  # and a test may send it back


def amount(value) -> int:
    """Bytes of all tensors and arrays."""
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):
        return sum(amount(key) + amount(one) for key, one in value.items())
    return sum(map(amount, value)) if isinstance(value, list | tuple) else 0


def sent(item) -> int:
    """Bytes of all base64 that was sent."""
    if isinstance(item, dict):
        data = item.get("data")
        own = len(data) * 3 // 4 if isinstance(data, str) else 0
        return own + sum(sent(one) for one in item.values())
    return sum(map(sent, item)) if isinstance(item, list) else 0
