"""level_out: the weights, each matrix scaled so that the outputs of its layer on X have size 1."""

import torch

from homework.grader.answers import bug, right, wrong


@right("the new weights first, and then their outputs")
def level_out(weights, X):
    leveled, h = [], X
    for W in weights:
        out = h @ W
        size = torch.linalg.norm(out) / out.numel() ** 0.5
        if bug("the mean square, not its root"):
            size = out.square().mean()
        if bug("the standard deviation"):
            size = out.std()
        if bug("the standard deviation of all"):
            size = out.std(correction=0)
        if bug("measured after the relu"):
            size = torch.relu(out).square().mean().sqrt()
        if bug("the length, not the mean"):
            size = out.norm()
        if bug("one number for each unit"):
            size = out.square().mean(0).sqrt()
        if bug("the mean size"):
            size = out.abs().mean()
        if bug("He's rule"):
            size = W.std() / (2 / len(W)) ** 0.5
        if bug("multiplies"):
            size = 1 / size
        new = W / size
        if bug("returns float64"):
            leveled.append(new.double())
        else:
            leveled.append(new)
        h = torch.nn.functional.relu(h @ new)
        if bug("passes on what the old layer makes"):
            h = torch.relu(out)
        if bug("no relu"):
            h = out / size
    return leveled


@right("the rest of the network by itself")
def level_out(weights, X):
    if not weights:
        return []
    first, *others = weights
    first = first / torch.sqrt(torch.mean(torch.pow(X @ first, 2)))
    return [first, *level_out(others, torch.maximum(X @ first, torch.tensor(0.0)))]


@wrong("in place")
def level_out(weights, X):
    for W in weights:
        W /= (X @ W).square().mean().sqrt()
        X = torch.relu(X @ W)
    return weights
