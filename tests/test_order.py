"""Nothing is used before it is explained: for some names, the lesson that introduces each."""

import ast

import nbformat
import pytest
from test_lessons import ROOT, Lesson, parse, tags

from tools import contents

# A beginner meets each of these first in this lesson, whose text names it and says what it does.
INTRODUCED = {
    "no_grad": "from-scratch",
    "backward": "from-scratch",
    "requires_grad": "from-scratch",
    "detach": "from-scratch",
    "yield": "from-scratch",
    "set_seed": "from-scratch",
    "TensorDataset": "from-scratch",
    "batches": "from-scratch",
    "solve": "from-scratch",
    "Linear": "concise",
    "MSELoss": "concise",
    "zero_grad": "concise",
    "LazyLinear": "concise",
    "Sequential": "concise",
    "state_dict": "concise",
    "fit": "concise",
    "lstsq": "learning-rate-and-scale",
}
LESSONS = [Lesson.read(ROOT / f"{page.name}.ipynb") for page in contents.pages().values() if page.lesson]


def used(lesson):
    """The names that a reader meets in the code: not in claims, nor where it is folded away."""
    found = set()
    for cell in lesson.code:
        if not {"claim", "setup", "hide-input"} & tags(cell):
            for node in ast.walk(parse(cell.source)):
                found |= {"yield"} if isinstance(node, ast.Yield) else set()
                names = (getattr(node, key, None) for key in ("id", "attr", "arg"))
                found |= {name for name in names if isinstance(name, str)}
    return found


def too_early(lessons, name, introduced):
    """The lessons that use a name before the one that introduces it."""
    order = [lesson.name for lesson in lessons]
    return [lesson.name for lesson in lessons[: order.index(introduced)] if name in used(lesson)]


@pytest.mark.parametrize(("name", "introduced"), INTRODUCED.items())
def test_a_name_is_explained_before_it_is_used(name, introduced):
    assert too_early(LESSONS, name, introduced) == []
    [lesson] = [one for one in LESSONS if one.name == introduced]
    spans = " ".join(lesson.markdown).split("`")[1::2]
    assert any(name in span for span in spans), f"{introduced} says nothing about {name}"


def test_a_name_that_comes_too_early_is_noticed():
    """In shown code alone, and a generator by its `yield`."""

    def lesson(name, *cells):
        made = [nbformat.v4.new_code_cell(text, metadata={"tags": list(marks)}) for text, *marks in cells]
        return Lesson(nbformat.v4.new_notebook(cells=made), name)

    early = lesson("early", ["loss.backward()"], ["def f():\n    yield 1"], ["x.detach()", "claim"])
    late = lesson("late", ["loss.backward(); x.detach()"])
    assert too_early([early, late], "backward", "late") == ["early"]
    assert too_early([early, late], "yield", "late") == ["early"]
    assert too_early([early, late], "detach", "late") == []
    assert too_early([early, late], "backward", "early") == []
