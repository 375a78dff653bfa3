"""cross_entropy: the mean over the rows of −Σ truth · log softmax(logits); a tensor of shape ()."""

import math

import torch
from torch.nn import functional as F

from homework.grader.answers import bug, right, wrong


@right("log-sum-exp minus the mean logit under the truth")
def cross_entropy(logits, truth):
    if bug("softmax twice"):
        logits = logits.softmax(1)
    if bug("only the largest share"):
        truth = F.one_hot(truth.argmax(1), truth.shape[1]).to(truth)
    total = torch.logsumexp(logits, dim=1)
    if bug("overflows"):
        total = logits.exp().sum(1).log()
    if bug("over the batch"):
        return -(truth * (logits - logits.logsumexp(0, keepdim=True))).sum(1).mean()
    each = total - (truth * logits).sum(dim=1)
    if bug("the sign is missing"):
        each = -each
    if bug("base 2"):
        each = each / math.log(2)
    if bug("one loss for each image"):
        return each
    if bug("a sum over the images"):
        return each.sum()
    if bug("a mean over all entries"):
        return each.sum() / logits.numel()
    if bug("returns float32"):
        return each.mean().float()
    return each.mean()


@right("shifted by hand, a loop over the images")
def cross_entropy(logits, truth):
    total = torch.zeros((), dtype=logits.dtype)
    for o, q in zip(logits, truth, strict=True):
        o = o - o.max()
        total = total + (q * (o.exp().sum().log() - o)).sum()
    return total / len(logits)


@wrong("the logarithm of softmax")
def cross_entropy(logits, truth):
    return -(truth * logits.softmax(1).log()).sum(1).mean()


@wrong("adds an epsilon in the logarithm")
def cross_entropy(logits, truth):
    return -(truth * (logits.softmax(1) + 1e-8).log()).sum(1).mean()


@wrong("PyTorch's own")
def cross_entropy(logits, truth):
    return F.cross_entropy(logits, truth)
