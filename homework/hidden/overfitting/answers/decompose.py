"""decompose: (noise variance, squared bias, variance), unbiased, averaged over the places, floats."""

import statistics
from itertools import permutations

import torch

from homework.grader.answers import bug, right, wrong


@right("step by step")
def decompose(f, y):
    S, R = len(f), len(y)
    correction = 0 if bug("divides by S and R") else 1
    variance, noise = f.var(0, correction=correction), y.var(0, correction=correction)
    if bug("the noise alone divided by R"):
        noise = y.var(0, correction=0)
    if bug("the variance alone divided by S"):
        variance = f.var(0, correction=0)
    if bug("standard deviations"):
        variance, noise = f.std(0), y.std(0)
    if bug("across the places"):
        variance, noise = f.var(1).mean(), y.var(1).mean()
    if bug("one variance of all numbers"):
        variance, noise = f.var(), y.var()
    if bug("noise around the predictions"):
        noise = (y - f.mean(0)).square().mean(0)
    squared = (y.mean(0) - f.mean(0)).square()
    if bug("squared after the mean over the places"):
        squared = (y.mean(0) - f.mean(0)).mean().square()
    if bug("the first measurement is the truth"):
        squared = (y[0] - f.mean(0)).square()
    if bug("each fit's distance is bias"):
        squared = (y.mean(0) - f).square().mean(0)
    share, other = variance / S, noise / R
    if bug("ignores that the mean prediction scatters"):
        share = 0
    if bug("ignores that the mean measurement scatters"):
        other = 0
    if bug("both means are exact") or bug("each fit's distance is bias"):
        share = other = 0
    if bug("the variance of one prediction"):
        share = variance
    if bug("of one prediction and of one measurement"):
        share, other = variance, noise
    if bug("S and R exchanged"):
        share, other = variance / R, noise / S
    if bug("divided by S − 1 and R − 1"):
        share, other = variance / (S - 1), noise / (R - 1)
    if bug("what scatters is added"):
        share, other = -share, -other
    bias = squared - share - other
    if bug("below 0 at a place becomes 0"):
        bias = bias.clamp(min=0)
    if bug("the sign is dropped"):
        bias = bias.abs()
    bias = bias.mean()
    if bug("below 0 becomes 0"):
        bias = bias.clamp(min=0)
    if bug("the bias, not its square"):
        bias = bias.abs().sqrt()
    noise, variance = noise.mean(), variance.mean()
    if bug("another order"):
        return bias.item(), variance.item(), noise.item()
    if bug("sums over the places"):
        return tuple(part.item() * f.shape[1] for part in (noise, bias, variance))
    if bug("a tensor"):
        return torch.stack([noise, bias, variance])
    return noise.item(), bias.item(), variance.item()


@right("the bias is what the others leave of the mean over all pairs")
def decompose(f, y):
    whole = (y[:, None] - f).square().mean()
    if bug("the whole without its pairs"):
        whole = (y.mean(0) - f.mean(0)).square().mean()
    noise, variance = y.var(0).mean(), f.var(0).mean()
    if bug("the noise is left in the bias"):
        return noise.item(), (whole - variance).item(), variance.item()
    return float(noise), float(whole - noise - variance), float(variance)


@right("products of two different models and two different measurements")
def decompose(f, y):
    pairs = list(permutations(range(len(f)), 2))
    bias = 0.0
    for r, q in permutations(range(len(y)), 2):
        bias += sum(((y[r] - f[s]) * (y[q] - f[t])).mean().item() for s, t in pairs)
    bias /= len(pairs) * len(y) * (len(y) - 1)
    return y.var(0).mean().item(), bias, f.var(0).mean().item()


@right("plain Python, place by place")
def decompose(f, y):
    places = []
    for a, b in zip(f.T.tolist(), y.T.tolist(), strict=True):
        variance, noise = statistics.variance(a), statistics.variance(b)
        distance = statistics.fmean(a) - statistics.fmean(b)
        places.append((noise, distance**2 - variance / len(a) - noise / len(b), variance))
    return tuple(statistics.fmean(part) for part in zip(*places, strict=True))


@wrong("as many pairs as the shorter of the two has")
def decompose(f, y):
    k = min(len(f), len(y))
    f, y = f[:k], y[:k]
    noise, variance = y.var(0).mean(), f.var(0).mean()
    bias = (y.mean(0) - f.mean(0)).square().mean() - (noise + variance) / k
    return noise.item(), bias.item(), variance.item()
