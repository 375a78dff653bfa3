"""join: loss (a float) and gradient of the whole batch, from those of its parts."""

import torch

from homework.grader.answers import bug, right


@right("label by label")
def join(parts, weight):
    total = loss = 0.0
    gradient = 0
    for part in parts:
        known = [k for k in part["y"].tolist() if k >= 0]
        if not known and not bug("nan spreads"):
            continue
        share = sum(weight[k].item() for k in known)
        if bug("a mean of means"):
            share = 1
        if bug("by the number of labels"):
            share = len(part["y"])
        if bug("by the number of labels that count"):
            share = len(known)
        if bug("the mean weight"):
            share = share / len(known)
        if bug("the loss as a tensor"):
            share = weight[known].sum()
        if bug("divided by the number of labels"):
            total += len(known)
        else:
            total += share
        loss += share * part["loss"]
        if bug("changes the gradients that it is given"):
            part["gradient"] *= share
            gradient = gradient + part["gradient"]
        else:
            gradient = gradient + share * part["gradient"]
    if bug("a sum"):
        total = 1
    if bug("a mean of what is weighted"):
        total = len(parts)
    if bug("a gradient in float64"):
        gradient = gradient.double()
    return loss / total, gradient / total


@right("all parts at once, their nan replaced by 0")
def join(parts, weight):
    padded = torch.cat([weight, torch.zeros(1)])  # the last for labels of −100
    share = torch.stack([padded[part["y"].clamp(min=-1)].sum() for part in parts])
    share = share / share.sum()
    loss = torch.tensor([part["loss"] for part in parts]).nan_to_num(0.0)
    gradient = torch.stack([part["gradient"] for part in parts]).nan_to_num(0.0)
    return (share @ loss).item(), torch.tensordot(share, gradient, 1)
