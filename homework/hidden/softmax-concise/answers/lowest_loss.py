"""lowest_loss: the lowest loss of a model that sees the kind, in nats; what the kind tells, in bits."""

import math
from collections import Counter

import torch
from torch.nn import functional as F

from homework.grader.answers import bug, right, wrong


@right("a table of counts, kind by class")
def lowest_loss(kind, y):
    names, row = kind.unique(return_inverse=True)
    if bug("takes the numbers of the kinds for 0, 1, 2 and so on"):
        row = kind
    table = torch.zeros(len(names), int(y.max()) + 1, dtype=torch.float64)
    table.index_put_((row, y), torch.ones(len(y), dtype=torch.float64), accumulate=True)
    whole = table.sum(0) / len(y)  # of a model that sees nothing
    if bug("the kind's entropy, label by label"):
        table = table[:, whole > 0].T
    share, q = table.sum(1) / len(y), table / table.sum(1, keepdim=True)
    if bug("a mean over the kinds"):
        share = torch.full_like(share, 1 / len(share))
    if bug("a sum over the kinds"):
        share = torch.ones_like(share)
    each = torch.special.entr(q).sum(1)
    if bug("nan where a class does not occur"):
        each = -(q * q.log()).sum(1)
    if bug("an epsilon that shows"):
        each = -(q * (q + 1e-3).log()).sum(1)
    if bug("one of each class added"):
        smooth = (table + 1) / (table + 1).sum(1, keepdim=True)
        each = -(q * smooth.log()).sum(1)
    lowest, nothing = (share @ each).item(), torch.special.entr(whole).sum().item()
    if bug("a sum over the images"):
        lowest = lowest * len(y)
    if bug("the share of images that are outvoted"):
        lowest = 1 - table.amax(1).sum().item() / len(y)
    if bug("the loss of the most common class, predicted with certainty"):
        lowest = 0.0 if (q.amax(1) == 1).all() else math.inf
    if bug("the kinds are ignored"):
        lowest = nothing
    if bug("the entropy of kind and label together"):
        lowest = torch.special.entr(table / len(y)).sum().item()
    if bug("compared with equally common classes"):
        nothing = math.log((whole > 0).sum())
    told = (nothing - lowest) / math.log(2)
    if bug("both in nats"):
        told = nothing - lowest
    if bug("both in bits"):
        lowest = lowest / math.log(2)
    if bug("how far above"):
        told = -told
    if bug("what the kind leaves open"):
        told = lowest / math.log(2)
    if bug("the entropy of the labels"):
        told = nothing / math.log(2)
    if bug("the share of the entropy"):
        told = 1 - lowest / nothing if nothing else 0.0
    if bug("tensors"):
        return torch.tensor(lowest), torch.tensor(told)
    return lowest, told


@right("the mean surprise, image by image")
def lowest_loss(kind, y):
    pairs = list(zip(kind.tolist(), y.tolist(), strict=True))
    kinds, labels, both = Counter(kind.tolist()), Counter(y.tolist()), Counter(pairs)
    seeing = math.fsum(math.log(kinds[k] / both[k, c]) for k, c in pairs) / len(pairs)
    blind = math.fsum(math.log2(len(pairs) / labels[c]) for _, c in pairs) / len(pairs)
    return seeing, blind - seeing / math.log(2)


@right("PyTorch's loss, of the logarithms of counts")
def lowest_loss(kind, y):
    one_hot = F.one_hot(y).float()
    same = (kind[:, None] == kind).float()  # (n, n)
    logits = (same @ one_hot).log()  # a factor in all the counts of a kind changes nothing
    seeing = F.cross_entropy(logits, y).item()
    blind = F.cross_entropy(one_hot.sum(0).log().expand(len(y), -1), y).item()
    return seeing, (blind - seeing) / math.log(2)


@wrong("a short training")
def lowest_loss(kind, y):
    _, row = kind.unique(return_inverse=True)
    logits = torch.zeros(int(row.max()) + 1, int(y.max()) + 1, requires_grad=True)
    first = F.cross_entropy(logits[row], y).item()
    for _ in range(20):
        (slope,) = torch.autograd.grad(F.cross_entropy(logits[row], y), logits)
        logits = (logits - slope).detach().requires_grad_()
    lowest = F.cross_entropy(logits[row], y).item()
    return lowest, (first - lowest) / math.log(2)
