"""fit_temperature: the temperature with the lowest mean cross-entropy, a float right to a thousandth."""

import math

import torch
import torch.nn.functional as F

from homework.grader.answers import bug, right


@right("the best of a few thousand")
def fit_temperature(logits, y):
    truth = logits[torch.arange(len(y)), y]
    refused = (truth >= logits.amax(1)).all()
    if bug("takes any answer"):
        refused = False
    if bug("refuses only what is right without a tie"):
        refused = (logits.argmax(1) == y).all()
    if refused:
        raise ValueError("all right")
    candidates = [0.04 * 600 ** (k / 4000) for k in range(4001)]
    if bug("201 temperatures from ¼ to 4"):
        candidates = [4 ** (k / 100 - 1) for k in range(201)]
    if bug("steps of a hundredth"):
        candidates = [k / 100 for k in range(5, 2001)]
    losses = []
    for T in candidates:
        loss = F.cross_entropy(logits.double() / T, y)
        if bug("multiplies"):
            loss = F.cross_entropy(logits.double() * T, y)
        if bug("a softmax before the loss"):
            loss = F.cross_entropy((logits / T).softmax(1), y)
        if bug("confidence equal to accuracy"):
            loss = ((logits / T).softmax(1).amax(1).mean() - (logits.argmax(1) == y).float().mean()).abs()
        losses.append(loss.item())
    T = candidates[losses.index(min(losses))]
    if bug("returns β"):
        return 1 / T
    if bug("returns a tensor"):
        return torch.tensor(T)
    return T


@right("golden section on log T")
def fit_temperature(logits, y):
    if (logits.gather(1, y[:, None]) == logits.max(1, keepdim=True).values).all():
        raise ValueError("no temperature is best")

    def loss(t):
        return F.cross_entropy(logits.double() / math.exp(t), y).item()

    left, right, g = math.log(0.02), math.log(50), (math.sqrt(5) - 1) / 2
    for _ in range(60):
        a, b = right - g * (right - left), left + g * (right - left)
        if loss(a) < loss(b):
            right = b
        else:
            left = a
    return math.exp((left + right) / 2)


@right("Newton's steps in β, within bounds")
def fit_temperature(logits, y):
    o = logits.double()
    own = o[range(len(o)), y]
    if bool((own >= o.max(1).values).all()):
        raise ValueError("no mistake")
    low, high, beta = 0.0, 1000.0, 1.0
    for _ in range(100):
        p = torch.softmax(beta * o, 1)
        mean = (p * o).sum(1)
        slope = (mean - own).mean().item()
        curvature = ((p * o**2).sum(1) - mean**2).mean().item()
        low, high = (low, beta) if slope > 0 else (beta, high)
        step = beta - slope / curvature if curvature > 0 else low
        beta = step if low < step < high else (low + high) / 2
    return 1 / beta
