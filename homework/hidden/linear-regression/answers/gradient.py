"""gradient: the derivatives of the weighted loss with respect to w, (d, 1), and b, (1,), by hand."""

import torch

from homework.grader.answers import bug, right, wrong


@right("prediction minus target, as it counts")
def gradient(X, y, w, b, count):
    error = X @ w + b - y
    if bug("forgets the bias"):
        error = X @ w - y
    if bug("the sign is turned"):
        error = -error
    if bug("a factor 2 too much"):
        error = 2 * error
    pull = count * error / count.sum()
    if bug("divides by n"):
        pull = count * error / len(X)
    if bug("sums"):
        pull = count * error
    if bug("forgets the counts"):
        pull = error / len(X)
    if bug("w of shape (d,)"):
        return (X * pull).sum(0), pull.sum(0)
    if bug("b of shape ()"):
        return X.T @ pull, pull.sum()
    if bug("counts for w, not for b"):
        return X.T @ pull, error.mean(0)
    if bug("returns float64"):
        return (X.T @ pull).double(), pull.sum(0).double()
    return X.T @ pull, pull.sum(0)


@right("sums of products, no matrix product")
def gradient(X, y, w, b, count):
    error = (X * w.flatten()).sum(1, keepdim=True) + b - y
    share = count / count.sum()
    return (X * error * share).sum(0).reshape(-1, 1), (error * share).sum().reshape(1)


@right("a column of ones, and a loop")
def gradient(X, y, w, b, count):
    A = torch.cat([X, torch.ones(X.shape[0], 1)], 1)
    theta = torch.cat([w, b.reshape(1, 1)])
    total = torch.zeros_like(theta)
    for row, target, c in zip(A, y, count, strict=True):
        total += c * (row @ theta - target) * row.reshape(-1, 1)
    total /= count.sum()
    return total[:-1], total[-1]


@wrong("by autograd")
def gradient(X, y, w, b, count):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    loss = (count * (X @ w + b - y) ** 2).sum() / count.sum() / 2
    return torch.autograd.grad(loss, (w, b))
