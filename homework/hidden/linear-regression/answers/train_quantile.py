"""train_quantile: weights (d, 1) and bias (1,) of the line below which a share q of the points lies."""

import torch

from homework.grader.answers import bug, right


@right("the derivative by hand, from the error")
def train_quantile(X, y, q, lr, steps):
    w, b, n = torch.zeros(X.shape[1], 1), torch.zeros(1), len(X)
    if bug("sums over the points"):
        n = 1
    for k in range(steps):
        error = X @ w + b - y
        pull = torch.where(error < 0, -q, 1 - q)
        if bug("q and 1 − q exchanged"):
            pull = torch.where(error < 0, q - 1, q)
        if bug("turns the sign"):
            pull = -pull
        if bug("squared loss"):
            pull = error
        if bug("weighted squared loss"):
            pull = torch.where(error < 0, q, 1 - q) * error
        if bug("absolute loss for every q"):
            pull = torch.sign(error) / 2
        if bug("early trips do not pull"):
            pull = torch.where(error < 0, -q, 0.0)
        rate = lr * 0.99**k
        if bug("the rate stays"):
            rate = lr
        if bug("the rate shrinks by a tenth"):
            rate = lr * 0.9**k
        w, b = w - rate * X.T @ pull / n, b - rate * pull.sum(0) / n
    if bug("returns float64"):
        return w.double(), b.double()
    return w, b


@right("autograd, on the larger of two lines")
def train_quantile(X, y, q, lr, steps):
    w = torch.zeros(X.shape[1], 1, requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    for k in range(steps):
        short = y - (X @ w + b)
        loss = torch.maximum(q * short, (q - 1) * short).mean()
        for p, g in zip((w, b), torch.autograd.grad(loss, (w, b)), strict=True):
            with torch.no_grad():
                p -= lr * 0.99**k * g
    return w.detach(), b.detach()


@right("in float64, with a column of ones")
def train_quantile(X, y, q, lr, steps):
    n = len(X)
    A = torch.cat([X, torch.ones(n, 1)], 1).double()
    theta = torch.zeros(A.shape[1], 1, dtype=torch.float64)
    rate = lr
    for _ in range(steps):
        early = (A @ theta >= y).double()
        theta -= rate * A.T @ (early - q) / n
        rate *= 0.99
    return theta[:-1].float(), theta[-1].float()
