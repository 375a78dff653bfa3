"""log_average: log of the mean over models of softmax, (M, n, K) to (n, K)."""

import math

import torch

from homework.grader.answers import bug, right, wrong


@right("in float64, every model's normalizer subtracted at once")
def log_average(logits):
    o, classes = logits.double(), -1
    if bug("over the images"):
        classes = 1
    biggest = o.max(dim=classes, keepdim=True).values
    if bug("one shift for all models"):
        o, biggest = logits, logits.amax((0, 2), keepdim=True)
    normalizer = biggest + torch.log(torch.sum(torch.exp(o - biggest), dim=classes, keepdim=True))
    log_p = o - normalizer
    if bug("log-probabilities held at −1000"):
        log_p = log_p.clamp(min=-1000)
    best = log_p.max(dim=0).values
    if not bug("nan for what all rule out"):
        best = torch.clamp(best, min=-1e9)
    summed = torch.exp(log_p - best).sum(dim=0)
    if bug("the sum over the models"):
        return (best + torch.log(summed)).float()
    if bug("returns float64"):
        return best + torch.log(summed / len(o))
    return (best + torch.log(summed / len(o))).float()


@right("model after model, with a logarithm of a sum of two")
def log_average(logits):
    total = None
    for o in logits:
        m = o.max(1, keepdim=True).values
        log_p = o - m - torch.log(torch.exp(o - m).sum(1, keepdim=True))
        if total is None:
            total = log_p
            continue
        high, low = torch.maximum(total, log_p), torch.minimum(total, log_p)
        total = torch.where(low == -torch.inf, high, high + torch.log1p(torch.exp(low - high)))
    return total - math.log(logits.shape[0])


@wrong("the mean of the logits")
def log_average(logits):
    m = logits.mean(0)
    return m - m.exp().sum(1, keepdim=True).log()


@wrong("the mean of the logarithms")
def log_average(logits):
    shifted = logits - logits.amax(2, keepdim=True)
    return (shifted - shifted.exp().sum(2, keepdim=True).log()).mean(0)


@wrong("no shift")
def log_average(logits):
    e = logits.exp()
    return (e / e.sum(2, keepdim=True)).mean(0).log()


@wrong("takes the logarithm of probabilities")
def log_average(logits):
    e = (logits - logits.amax(2, keepdim=True)).exp()
    return (e / e.sum(2, keepdim=True)).mean(0).log()


@wrong("an epsilon added")
def log_average(logits):
    e = (logits - logits.amax(2, keepdim=True)).exp()
    return ((e / e.sum(2, keepdim=True)).mean(0) + 1e-30).log()


@wrong("by PyTorch's own")
def log_average(logits):
    return torch.logsumexp(logits.log_softmax(2), 0) - torch.tensor(float(len(logits))).log()
