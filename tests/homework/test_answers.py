"""Known answers are read from plain Python, and what hidden tests compare with is strict."""

import subprocess
import sys

import pytest
import torch
from handed_in import ROOT
from hypothesis import given
from hypothesis import strategies as st

from homework.grader import answers, sheets
from homework.grader.helpers import all_near, draw, draw_labels, near, same

FILE = '''
"""double: twice a number."""

import math

from homework.grader.answers import bug, right, wrong


def helper(x):
    return x * TWO


TWO = 2


@right("adds")
def double(x):
    if bug("refuses 0") and x == 0:
        raise ValueError("zero")
    if bug("nothing"):
        return None
    elif bug("a third"):
        x = x / 3
    else:
        x = math.fsum([x])
    y = 0 if bug("one x") else x
    if x > 5 and not bug("small ones only"):
        return x + y
    if bug("one x") or x > 100:
        return x
    return x + y if x < 5 or not bug("small ones only") else x


@right("calls a helper")
def double(x):
    return helper(x)


@wrong("squares")
def double(x):
    return x * x
'''


@pytest.fixture
def double(tmp_path):
    """The answers in the file above, by what they say."""
    (tmp_path / "double.py").write_text(FILE)
    rights, wrongs = answers.read(tmp_path / "double.py")
    return rights, wrongs


def run(answer: answers.Answer, x: float) -> object:
    """What the answer's `double` returns."""
    space = {}
    exec(answer.source, space)
    return space["double"](x)


def test_each_mark_and_each_bug_is_an_answer(double):
    rights, wrongs = double
    assert {answer.question for answer in rights + wrongs} == {"double"}
    assert [answer.why for answer in rights] == ["adds", "calls a helper"]
    assert [answer.why for answer in wrongs] == [
        *("refuses 0", "nothing", "a third", "one x", "small ones only"),
        "squares",
    ]


def test_an_answer_holds_its_own_bug_and_no_trace_of_others(double):
    rights, wrongs = double
    by_why = {answer.why: answer for answer in rights + wrongs}
    assert all(run(answer, x) == 2 * x for answer in rights for x in (0, 3, 7))
    with pytest.raises(ValueError, match="zero"):
        run(by_why["refuses 0"], 0)
    expected = {"refuses 0": (6, 14), "nothing": (None, None), "a third": (2, 14 / 3), "one x": (3, 7)}
    expected |= {"small ones only": (6, 7), "squares": (9, 49)}
    for why, (at_3, at_7) in expected.items():
        assert (run(by_why[why], 3), run(by_why[why], 7)) == (at_3, at_7), why
    for answer in rights + wrongs:
        assert "bug" not in answer.source
        assert "grader" not in answer.source
        assert "@" not in answer.source
    assert "if" not in by_why["nothing"].source.split("def double")[1].split("return None")[0]


def test_a_file_runs_as_it_stands_and_has_no_bug(tmp_path):
    (tmp_path / "double.py").write_text(FILE.replace("@wrong", "print(double(3))\n\n\n@wrong"))
    command = [sys.executable, str(tmp_path / "double.py")]
    printed = subprocess.run(
        command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    assert printed.stdout == "6\n"


@pytest.mark.parametrize("name", sheets.names())
def test_each_file_of_answers_says_what_is_asked_and_no_two_answers_are_one(name):
    hidden = sheets.read(name).hidden_path
    for path in sorted((hidden / "answers").glob("*.py")):
        assert path.read_text("utf-8").startswith(f'"""{path.stem}: '), path
        rights, wrongs = answers.read(path)
        for attribute in ("why", "source"):
            found = [getattr(answer, attribute) for answer in rights + wrongs]
            assert len(set(found)) == len(found), f"{path}: two answers have the same {attribute}"


@given(
    st.sampled_from([torch.float16, torch.float32, torch.float64, torch.int64]),
    st.lists(st.integers(1, 3), max_size=3),
)
def test_near_is_strict_about_shape_and_dtype(dtype, shape):
    value = (10 * draw(*shape)).to(dtype)
    assert near(value, value.clone())
    assert not near(value.to(torch.bfloat16), value)
    assert not near(value[None], value)
    assert not near(value + 1, value)
    assert all_near([value, value], (value, value))
    assert not all_near([value], [value, value])
    assert not all_near([value, value + 1], [value, value])


def test_near_takes_equal_infinities_for_near_and_nan_for_nothing():
    ends = torch.tensor([torch.inf, -torch.inf])
    assert near(ends, ends)
    assert not near(ends, -ends)
    assert not near(ends * 0, ends * 0)


def test_near_has_no_broadcasting():
    assert not near(torch.ones(3, 1), torch.ones(3))
    assert not near(torch.ones(()), torch.ones(1))


@pytest.mark.parametrize("other", [1.0, True, "1", (1,), torch.tensor(1), None])
def test_same_knows_the_types_of_python(other):
    assert same(1, 1)
    assert not same(other, 1)
    assert not same((2, other), (2, 1))


def test_same_takes_a_list_for_a_tuple():
    assert same([1, [2.0, None]], (1, (2.0, None)))
    assert not same([1], (1, 2))
    assert not same(1, (1,))


def test_what_is_drawn_is_the_same_in_each_run():
    assert torch.equal(draw(2, 3), torch.randn(2, 3, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(draw_labels(9, 4, seed=3), draw_labels(9, 4, seed=3))
    assert draw_labels(50, 4).unique().tolist() == [0, 1, 2, 3]
