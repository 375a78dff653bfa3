"""cross_entropy: the mean of −log of the probability (n, K) of the right class (n,)."""

import torch

from homework.grader.answers import bug, right


@right("by gather")
def cross_entropy(p, y):
    if len(p) != len(y) and not bug("no check"):
        raise ValueError(f"{len(p)} rows of probabilities, but {len(y)} labels")
    losses = -p.gather(1, y[:, None]).log()
    if bug("the first class"):
        losses = -p[:, 0].log()
    if bug("no minus"):
        losses = -losses
    if bug("sums"):
        return losses.sum()
    return losses.mean()


@right("as a float")
def cross_entropy(p, y):
    if len(p) != len(y):
        raise ValueError("the lengths differ")
    return float(-p[torch.arange(len(y)), y].log().mean())
