"""Hidden tests of the example sheet, which only the grader's own tests use."""

import math

import torch

from homework.grader.helpers import draw, near
from homework.grader.hidden import Sheet

sheet = Sheet("probabilities")
LARGE = torch.tensor([[1000.0, 0.0], [-1000.0, -1001.0]])


@sheet.test("softmax", points=2, says="Each row of probabilities sums to 1.")
def rows_sum_to_one(call):
    for shape in [(2, 5), (1, 3), (6, 4)]:
        p = call("softmax", draw(*shape))
        assert p.shape == shape
        assert near(p.sum(1), torch.ones(shape[0]))


@sheet.test("softmax", points=1, says="The probabilities are those of the definition.")
def as_defined(call):
    X = draw(3, 4, seed=1)
    assert near(call("softmax", X), torch.softmax(X, 1), atol=1e-6)


@sheet.test("softmax", points=1, says="Large scores do not overflow.")
def large_scores(call):
    assert near(call("softmax", LARGE), torch.softmax(LARGE, 1))


@sheet.test("cross_entropy", points=2, says="The loss is the mean of -log of the right class's probability.")
def mean_of_the_right_class(call):
    p, y = torch.softmax(draw(5, 3, seed=2), 1), torch.tensor([0, 2, 1, 1, 0])
    expected = -sum(math.log(p[i, label]) for i, label in enumerate(y.tolist())) / 5
    assert math.isclose(float(call("cross_entropy", p, y)), expected, rel_tol=1e-4)


@sheet.test("cross_entropy", points=2, says="Other lengths of p and y are a ValueError.")
def lengths_differ(call):
    assert call.raises("ValueError", "cross_entropy", torch.ones(2, 3) / 3, torch.tensor([0, 1, 2]))


sheet.forbid("softmax", "torch.softmax", "torch.nn.functional.softmax", "torch.nn.Softmax")
sheet.forbid("cross_entropy", "torch.nn.functional.cross_entropy", "torch.nn.functional.nll_loss")
