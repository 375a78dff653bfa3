"""fold: the state of Sequential(Flatten, Linear) that gives raw images the logits of standardized ones."""

import torch
from torch import nn

from homework.grader.answers import bug, right


@right("the columns of the transposed weights, divided")
def fold(W, b, mean, std):
    weight, bias = W.T / std, b - (mean / std) @ W
    if bug("not transposed"):
        weight = W / std[:, None]
    if bug("multiplies by std"):
        weight = W.T * std
    if bug("std forgotten"):
        weight = W.T
    if bug("the mean forgotten"):
        bias = b
    if bug("the mean added"):
        bias = b + (mean / std) @ W
    if bug("the mean not divided by std"):
        bias = b - mean @ W
    if bug("a bias of shape (1, K)"):
        bias = bias[None]
    if bug("names without a place"):
        return {"weight": weight, "bias": bias}
    return {"1.weight": weight, "1.bias": bias}


@right("by asking the old model")
def fold(W, b, mean, std):
    def old(x):
        return (x - mean) / std @ W + b

    bias = old(torch.zeros(len(W)))
    return {"1.bias": bias, "1.weight": (old(torch.eye(len(W))) - bias).T}


@right("through a layer, number by number")
def fold(W, b, mean, std):
    d, K = W.shape
    net = nn.Sequential(nn.Flatten(), nn.Linear(d, K))
    with torch.no_grad():
        for k in range(K):
            net[1].bias[k] = b[k]
            for i in range(d):
                net[1].weight[k, i] = W[i, k] / std[i]
                net[1].bias[k] -= W[i, k] * mean[i] / std[i]
    return dict(net.state_dict())
