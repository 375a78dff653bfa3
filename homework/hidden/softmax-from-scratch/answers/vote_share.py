"""vote_share: the share (n, K), float32, of each class among the votes (n, m) on each image."""

import torch
from torch.nn import functional as F

from homework.grader.answers import bug, right, wrong


@right("one-hot rows, counted")
def vote_share(votes, K):
    chosen = F.one_hot(votes, K).float()
    if bug("the number of classes from the votes"):
        chosen = F.one_hot(votes).float()
    if bug("counts"):
        return F.one_hot(votes, K).sum(1)
    if bug("counts as floats"):
        return chosen.sum(1)
    if bug("shares over the images"):
        return chosen.mean(0)
    if bug("divides by the number of classes"):
        return chosen.sum(1) / K
    if bug("all images together sum to 1"):
        return chosen.sum(1) / votes.numel()
    if bug("returns float64"):
        return chosen.double().mean(1)
    return chosen.mean(1)


@right("one class after the other")
def vote_share(votes, K):
    columns = [(votes == k).sum(1) for k in range(K)]
    return torch.stack(columns, 1) / votes.shape[1]


@right("adds at the votes' places")
def vote_share(votes, K):
    n, m = votes.shape
    return torch.zeros(n, K).scatter_add(1, votes, torch.ones(n, m)) / m


@right("rows of the identity")
def vote_share(votes, K):
    return torch.eye(K)[votes].mean(dim=1)


@wrong("the majority")
def vote_share(votes, K):
    return F.one_hot(votes.mode(1).values, K).float()


@wrong("the first vote")
def vote_share(votes, K):
    return F.one_hot(votes[:, 0], K).float()
