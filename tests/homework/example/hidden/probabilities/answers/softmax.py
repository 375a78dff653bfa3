"""softmax: probabilities (n, K) of scores (n, K); each row sums to 1."""

import torch
import torch.nn.functional as F

from homework.grader.answers import bug, right, wrong


@right("torch.max and torch.sum")
def softmax(X):
    E = torch.exp(X if bug("overflows") else X - torch.max(X, dim=1, keepdim=True).values)
    if bug("sums over the columns"):
        return E / torch.sum(E, dim=0)
    return E / torch.sum(E, dim=1, keepdim=True)


@right("by logsumexp")
def softmax(X):
    if bug("takes the logarithm"):
        return X - X.logsumexp(1, keepdim=True)
    return (X - X.logsumexp(1, keepdim=True)).exp()


@wrong("calls PyTorch's own")
def softmax(X):
    return F.softmax(X, dim=1)
