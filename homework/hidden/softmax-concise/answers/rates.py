"""rates: the learning rate of each step, a list of floats: an even rise, then half a cosine."""

import math

import torch

from homework.grader.answers import bug, right


@right("a squared cosine, in a loop")
def rates(steps, warmup, peak):
    refused = warmup < 0 or warmup >= steps
    if bug("refuses nothing"):
        refused = False
    if bug("a warm-up as long as the whole"):
        refused = warmup < 0 or warmup > steps
    if bug("a warm-up below 0"):
        refused = warmup >= steps
    if bug("no warm-up refused"):
        refused = warmup <= 0 or warmup >= steps
    if refused:
        raise ValueError("the warm-up must be shorter than the training")
    plan = []
    for k in range(steps):
        if k < warmup:
            rise = (k + 1) / warmup
            if bug("rises from 0"):
                rise = k / warmup
            if bug("never reaches the peak"):
                rise = (k + 1) / (warmup + 1)
            plan.append(peak * rise)
        else:
            j, m = k - warmup, steps - warmup
            if bug("a cosine over all steps"):
                j, m = k, steps
            if bug("the cosine's steps counted from the start"):
                j = k
            if bug("the cosine ends at 0"):
                m = max(m - 1, 1)
            fall = math.cos(math.pi / 2 * j / m) ** 2
            if bug("without the half"):
                fall = 1 + math.cos(math.pi * j / m)
            plan.append(peak * fall)
    if bug("a tensor"):
        return torch.tensor(plan)
    return plan


@right("with tensors in float64")
def rates(steps, warmup, peak):
    if warmup not in range(steps):
        raise ValueError(warmup)
    up = torch.arange(1, warmup + 1).double() / max(warmup, 1)
    down = (torch.arange(steps - warmup).double() * torch.pi / (steps - warmup)).cos() / 2 + 0.5
    return (peak * torch.cat([up, down])).tolist()
