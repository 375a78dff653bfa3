"""log_not: log(1 − p) from log p, entry by entry, in the same shape and dtype."""

import math

import torch

from homework.grader.answers import bug, right, wrong


@right("two masks, and half a sinh")
def log_not(log_p):
    result = torch.empty_like(log_p)
    near_one = log_p >= -0.5
    x = log_p[near_one]
    result[near_one] = x / 2 + torch.log(2 * torch.sinh(-x / 2))  # 1 − eˣ = 2 e^(x/2) sinh(−x/2)
    result[~near_one] = (-log_p[~near_one].exp()).log1p()
    if bug("returns float64"):
        return result.double()
    return result


@right("entry by entry, with Python's math")
def log_not(log_p):
    found = []
    for x in log_p.flatten().tolist():
        if x == 0:
            found.append(-math.inf)
        elif x < -math.log(2):
            found.append(math.log1p(-math.exp(x)))
        else:
            found.append(math.log(-math.expm1(x)))
    return torch.tensor(found, dtype=log_p.dtype).reshape(log_p.shape)


@wrong("the formula")
def log_not(log_p):
    return torch.log(1 - torch.exp(log_p))


@wrong("log1p at both ends")
def log_not(log_p):
    return torch.log1p(-torch.exp(log_p))


@wrong("expm1 at both ends")
def log_not(log_p):
    return torch.log(-torch.expm1(log_p))


@wrong("the two exchanged")
def log_not(log_p):
    return torch.where(log_p < -1, torch.log(-torch.expm1(log_p)), torch.log1p(-torch.exp(log_p)))


@wrong("p kept from 1")
def log_not(log_p):
    likely = torch.log(-torch.expm1(log_p.clamp(max=-1e-7)))
    return torch.where(log_p > -1, likely, torch.log1p(-torch.exp(log_p)))


@wrong("the sign of expm1")
def log_not(log_p):
    return torch.where(log_p > -1, torch.log(torch.expm1(log_p)), -torch.exp(log_p))


@wrong("an epsilon added")
def log_not(log_p):
    return torch.log(1 - torch.exp(log_p) + 1e-12)


@wrong("in float64, and no more")
def log_not(log_p):
    return torch.log(1 - torch.exp(log_p.double())).to(log_p.dtype)


@wrong("no exponential")
def log_not(log_p):
    return torch.log1p(-log_p)
