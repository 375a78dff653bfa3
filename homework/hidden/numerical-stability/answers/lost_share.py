"""lost_share: the share of steps that change nothing, among those with a gradient; a float."""

import torch

from homework.grader.answers import bug, right


@right("the entries with a gradient first, and how far they moved")
def lost_share(weights, gradients, lr):
    chosen = gradients.nonzero(as_tuple=True)
    if bug("a gradient of 0 counts as lost"):
        chosen = torch.ones_like(gradients).nonzero(as_tuple=True)
    before, pull = weights[chosen], gradients[chosen]
    if bug("in float64"):
        before, pull = before.double(), pull.double()
    if bug("divides by 0"):
        return (before - lr * pull == before).sum().item() / len(before)
    if not len(before):
        return 0.0
    step = pull.mul(lr)
    if bug("forgets the rate"):
        step = pull
    moved = torch.sub(before, step) - before
    if bug("takes ε for the gap"):
        moved = step.abs() >= torch.finfo(weights.dtype).eps / 2 * before.abs()
    if bug("looks at the step alone"):
        moved = step
    arrived = torch.count_nonzero(moved).item()
    if bug("the share that arrives"):
        return arrived / len(before)
    if bug("divides by all entries"):
        return (len(before) - arrived) / weights.numel()
    return 1 - arrived / len(before)


@right("one entry at a time")
def lost_share(weights, gradients, lr):
    asked = lost = 0
    for w, g in zip(weights.flatten(), gradients.flatten(), strict=True):
        if g == 0:
            continue
        asked += 1
        lost += int((w - lr * g == w).item())
    return lost / asked if asked else 0.0
