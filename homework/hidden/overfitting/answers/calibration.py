"""calibration: (calibration error in groups of equal size, mean confidence minus accuracy), two floats."""

import torch

from homework.grader.answers import bug, right


@right("chunks")
def calibration(p, y, groups):
    sure = p.amax(1)
    if bug("the probability of the truth"):
        sure = p[range(len(y)), y]
    hits = (p.argmax(1) == y).float()
    order = sure.argsort()
    if bug("not sorted"):
        order = torch.arange(len(y))
    if bug("sorted by what was right"):
        order = hits.argsort(stable=True)
    parts = order.chunk(groups)
    if bug("groups of that size"):
        parts = order.split(groups)
    if bug("bins of equal width"):
        bins = [(sure * groups).long() == g for g in range(groups + 1)]
        parts = [mask for mask in bins if mask.any()]
    gaps = [(sure[i].mean() - hits[i].mean()).abs().item() for i in parts]
    if bug("the distance of each image"):
        gaps = [(sure[i] - hits[i]).abs().mean().item() for i in parts]
    if bug("distances cancel"):
        gaps = [(sure[i].mean() - hits[i].mean()).item() for i in parts]
    error, bias = sum(gaps) / len(gaps), sure.mean() - hits.mean()
    if bug("a sum of the distances"):
        error = sum(gaps)
    if bug("the largest distance"):
        error = max(gaps)
    if bug("accuracy minus confidence"):
        bias = -bias
    if bug("bias without a sign"):
        bias = bias.abs()
    if bug("the bias as mean of distances"):
        return error, error
    if bug("tensors"):
        return error, bias
    return error, bias.item()


@right("plain Python")
def calibration(p, y, groups):
    pairs = []
    for row, truth in zip(p.tolist(), y.tolist(), strict=True):
        sure = max(row)
        pairs.append((sure, 1 if row.index(sure) == truth else 0))
    pairs.sort()
    size = len(pairs) // groups
    error = 0
    for start in range(0, len(pairs), size):
        part = pairs[start : start + size]
        error += abs(sum(r for _, r in part) - sum(s for s, _ in part)) / size
    bias = sum(s - r for s, r in pairs) / len(pairs)
    return error / groups, bias
