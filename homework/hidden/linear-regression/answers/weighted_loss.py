"""weighted_loss: half the mean squared error, each point weighted by its count; a tensor of shape ()."""

from torch.nn import functional as F

from homework.grader.answers import bug, right, wrong


@right("by the formula")
def weighted_loss(prediction, y, count):
    same = prediction.shape == y.shape == count.shape
    if bug("refuses nothing"):
        same = True
    if bug("forgets the shape of count"):
        same = prediction.shape == y.shape
    if bug("refuses only other numbers of points"):
        same = len(prediction) == len(y) == len(count)
    if not same:
        raise ValueError("the shapes differ")
    squares = count * (prediction - y) ** 2
    if bug("squares the counts, too"):
        squares = (count * (prediction - y)) ** 2
    if bug("divides by the number of points"):
        return (squares / 2).mean()
    if bug("a sum"):
        return squares.sum() / 2
    if bug("without the ½"):
        return squares.sum() / count.sum()
    return (squares / 2).sum() / count.sum()


@right("shares first, and a product of vectors")
def weighted_loss(prediction, y, count):
    if prediction.shape != y.shape or y.shape != count.shape:
        raise ValueError("the shapes differ")
    share = (count / count.sum()).flatten()
    error = (prediction - y).flatten()
    return 0.5 * share @ error.square()


@right("PyTorch's loss for each point")
def weighted_loss(prediction, y, count):
    if len({tuple(t.shape) for t in (prediction, y, count)}) > 1:
        raise ValueError("the shapes differ")
    each = F.mse_loss(prediction, y, reduction="none") / 2
    return (each * count).sum() / count.sum()


@wrong("returns float64")
def weighted_loss(prediction, y, count):
    if not prediction.shape == y.shape == count.shape:
        raise ValueError("the shapes differ")
    squares = (prediction.double() - y.double()) ** 2
    return (count.double() * squares).sum() / (2 * count.double().sum())
