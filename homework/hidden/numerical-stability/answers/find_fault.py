"""find_fault: what is wrong with a claimed gradient of cross-entropy with respect to W, (verdict, detail)."""

import torch
import torch.nn.functional as F

from homework.grader.answers import bug, right, wrong


@right("autograd")
def find_fault(X, y, W, claimed):
    leaf = W.clone().requires_grad_()
    loss = F.cross_entropy(X @ leaf, y)
    if bug("takes the loss for a sum"):
        loss = F.cross_entropy(X @ leaf, y, reduction="sum")
    if bug("a naive loss"):
        loss = ((X @ leaf).exp().sum(1).log() - (X @ leaf)[range(len(y)), y]).mean()
    (truth,) = torch.autograd.grad(loss, leaf)
    off = (claimed - truth).abs() > 1e-6
    if not off.any():
        return "right", None
    factor = (claimed * truth).sum() / (truth * truth).sum()
    common = (claimed - factor * truth).abs().max() < 1e-6
    if bug("never a factor"):
        common = False
    if bug("a factor if all entries are off"):
        common = off.all()
    if bug("the ratio of the lengths"):
        factor = claimed.norm() / truth.norm()
        common = (claimed - factor * truth).abs().max() < 1e-6
    if bug("the factor upside down"):
        common, factor = True, truth.norm() ** 2 / (claimed * truth).sum()
    if bug("the factor of one entry"):
        common, factor = True, claimed[0, 0] / truth[0, 0]
    if bug("the mean factor"):
        common, factor = True, (claimed / truth).mean()
    if common:
        return "factor", factor.item()
    places = [(int(i), int(j)) for i, j in off.nonzero()]
    if bug("column, row"):
        places = [(j, i) for i, j in places]
    if bug("the first place only"):
        places = places[:1]
    if bug("column after column"):
        places = [(int(i), int(j)) for j, i in off.T.nonzero()]
    return "entries", places


@right("by p − y, and a factor from the largest entry")
def find_fault(X, y, W, claimed):
    error = torch.softmax(X @ W, dim=1)
    error[torch.arange(len(y)), y] -= 1
    truth = torch.einsum("nd,nk->dk", X, error) / len(y)
    places = []
    for i in range(truth.shape[0]):
        for j in range(truth.shape[1]):
            if abs(claimed[i, j] - truth[i, j]) > 1e-6:
                places.append([i, j])
    if not places:
        return ("right", None)
    k = truth.abs().argmax()
    c = (claimed.reshape(-1)[k] / truth.reshape(-1)[k]).item()
    if ((claimed - c * truth).abs() <= 1e-6).all():
        return ("factor", c)
    return ("entries", places)


@wrong("differences with a step that is too small")
def find_fault(X, y, W, claimed):
    slopes, h = torch.zeros_like(W), 1e-12
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            move = torch.zeros_like(W)
            move[i, j] = h
            rise = F.cross_entropy(X @ (W + move), y) - F.cross_entropy(X @ (W - move), y)
            slopes[i, j] = rise / (2 * h)
    off = (claimed - slopes).abs() > 1e-6
    if not off.any():
        return "right", None
    factor = (claimed * slopes).sum() / slopes.square().sum()
    if (claimed - factor * slopes).abs().max() < 1e-6:
        return "factor", factor.item()
    return "entries", [tuple(place) for place in off.nonzero().tolist()]
