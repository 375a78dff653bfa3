"""carried_step: new weights, and what rounding them has dropped, in the same float format."""

import torch

from homework.grader.answers import bug, right, wrong


@right("a sum with its error, in six operations")
def carried_step(weights, rest, update):
    step = torch.sub(rest, update)
    if bug("forgets the last rest"):
        step = -update
    if bug("the rest is subtracted"):
        step = -rest - update
    if bug("adds the update"):
        step = rest + update
    new = torch.add(weights, step)
    taken = new - weights
    kept = new - taken
    dropped = (weights - kept) + (step - taken)
    if bug("in place"):
        return weights.copy_(new), dropped
    if bug("no rest at all"):
        return weights - update, torch.zeros_like(rest)
    if bug("all is kept in the rest"):
        return weights.clone(), step
    if bug("the rest is never emptied"):
        return new, step
    if bug("the rest has the wrong sign"):
        return new, -dropped
    if bug("adds the rest a second time"):
        return new, rest + dropped
    return new, dropped


@right("in float64, and rounded twice")
def carried_step(weights, rest, update):
    exact = weights.double() + rest.double() - update.double()
    new = exact.to(weights.dtype)
    if bug("a rest in float64"):
        return new, exact - new.double()
    return new, (exact - new.double()).to(weights.dtype)


@wrong("returns float32")
def carried_step(weights, rest, update):
    return weights.float() + rest.float() - update.float(), torch.zeros_like(rest)


@wrong("the weight first, then the rest")
def carried_step(weights, rest, update):
    new = (weights - update) + rest
    return new, weights + rest - update - new
