"""Hidden tests of the example sheet, which only the grader's own tests use."""

import math

import torch

from homework.grader.hidden import Sheet

sheet = Sheet("probabilities")
LARGE = torch.tensor([[1000.0, 0.0], [-1000.0, -1001.0]])


def scores(seed: int, *shape: int) -> torch.Tensor:
    """Scores that are the same in every run."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@sheet.test("softmax", points=2, says="Each row of probabilities sums to 1.")
def rows_sum_to_one(call):
    for shape in [(2, 5), (1, 3), (6, 4)]:
        p = call("softmax", scores(0, *shape))
        assert p.shape == shape
        assert torch.allclose(p.sum(1), torch.ones(shape[0]))


@sheet.test("softmax", points=1, says="The probabilities are those of the definition.")
def as_defined(call):
    X = scores(1, 3, 4)
    assert torch.allclose(call("softmax", X), torch.softmax(X, 1), atol=1e-6)


@sheet.test("softmax", points=1, says="Large scores do not overflow.")
def large_scores(call):
    assert torch.allclose(call("softmax", LARGE), torch.softmax(LARGE, 1), atol=1e-4)


@sheet.test("cross_entropy", points=2, says="The loss is the mean of -log of the right class's probability.")
def mean_of_the_right_class(call):
    p, y = torch.softmax(scores(2, 5, 3), 1), torch.tensor([0, 2, 1, 1, 0])
    expected = -sum(math.log(p[i, label]) for i, label in enumerate(y.tolist())) / 5
    assert math.isclose(float(call("cross_entropy", p, y)), expected, rel_tol=1e-4)


@sheet.test("cross_entropy", points=2, says="Other lengths of p and y are a ValueError.")
def lengths_differ(call):
    assert call.raises("ValueError", "cross_entropy", torch.ones(2, 3) / 3, torch.tensor([0, 1, 2]))


sheet.forbid("softmax", "torch.softmax", "torch.nn.functional.softmax", "torch.nn.Softmax")
sheet.forbid("cross_entropy", "torch.nn.functional.cross_entropy", "torch.nn.functional.nll_loss")

sheet.wrong(
    "softmax",
    "sums over the columns",
    """
def softmax(X):
    E = (X - X.amax(1, keepdim=True)).exp()
    return E / E.sum(0)
""",
)
sheet.wrong(
    "softmax",
    "overflows",
    """
def softmax(X):
    return X.exp() / X.exp().sum(1, keepdim=True)
""",
)
sheet.wrong(
    "softmax",
    "calls torch's own",
    """
import torch.nn.functional as F
def softmax(X):
    return F.softmax(X, dim=1)
""",
)
sheet.wrong(
    "softmax",
    "takes the logarithm",
    """
def softmax(X):
    return X - X.logsumexp(1, keepdim=True)
""",
)
sheet.right(
    "softmax",
    "torch.max and torch.sum",
    """
def softmax(X):
    E = torch.exp(X - torch.max(X, dim=1, keepdim=True).values)
    return E / torch.sum(E, dim=1, keepdim=True)
""",
)
sheet.right(
    "softmax",
    "by logsumexp",
    """
def softmax(X):
    return (X - X.logsumexp(1, keepdim=True)).exp()
""",
)

CHECKED = """
def cross_entropy(p, y):
    if len(p) != len(y):
        raise ValueError(f"{len(p)} rows of probabilities, but {len(y)} labels")
"""
sheet.wrong("cross_entropy", "sums", CHECKED + "    return -p[torch.arange(len(y)), y].log().sum()")
sheet.wrong("cross_entropy", "no minus", CHECKED + "    return p[torch.arange(len(y)), y].log().mean()")
sheet.wrong("cross_entropy", "the first class", CHECKED + "    return -p[:, 0].log().mean()")
sheet.wrong(
    "cross_entropy", "no check", "def cross_entropy(p, y): return -p[torch.arange(len(y)), y].log().mean()"
)
sheet.right("cross_entropy", "by gather", CHECKED + "    return -p.gather(1, y[:, None]).log().mean()")
sheet.right("cross_entropy", "as a float", CHECKED + "    return float(-p[range(len(y)), y].log().mean())")
