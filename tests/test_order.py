"""Nothing is used before it is explained, and each name on a page is defined on that page."""

import ast
import json
import re
import subprocess

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from test_lessons import ROOT, Lesson, parse, tags

from tools import contents

pytestmark = pytest.mark.no_cover  # it is the book that is read here

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
    "keepdim": "from-scores-to-probabilities",
    "softmax": "from-scores-to-probabilities",
    "cross_entropy": "from-scores-to-probabilities",
    "logsumexp": "train",
    "sigmoid": "two-classes",
    "CrossEntropyLoss": "same-model",
    "kl_div": "entropy",
    "Module": "same-model",
    "DataLoader": "fashion-mnist",
    "relu": "more-layers",
    "ReLU": "more-layers",
    "momentum": "more-layers",
    "Adam": "more-layers",
    "finfo": "floating-point",
    "autocast": "low-precision",
    "GradScaler": "low-precision",
    "weight_decay": "remedies",
    "Dropout": "same-model",
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
    written = name.replace("_", "[-_ ]")  # cross_entropy is also cross-entropy
    assert re.search(written, " ".join(lesson.markdown), re.I), f"{introduced} says nothing about {name}"


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


def undefined(lesson):
    """What ruff says of the cells that stand on the page, as if there were no others."""
    hidden = {"claim", "setup"}
    shown = [TransformerManager().transform_cell(c.source) for c in lesson.code if not hidden & tags(c)]
    command = [ROOT / ".venv/bin/ruff", "check", "--isolated", "--select=F821", "--output-format=json", "-"]
    done = subprocess.run(command, input="\n\n".join(shown), capture_output=True, text=True, check=False)
    return [found["message"] for found in json.loads(done.stdout)]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_each_name_on_a_page_is_defined_on_it(lesson):
    assert undefined(lesson) == []


def test_a_name_that_only_a_claim_defines_is_noticed():
    cells = [nbformat.v4.new_code_cell(text) for text in ("hidden = 1", "seen = 2", "hidden + seen")]
    cells[0].metadata["tags"] = ["claim"]
    assert undefined(Lesson(nbformat.v4.new_notebook(cells=cells))) == ["Undefined name `hidden`"]
