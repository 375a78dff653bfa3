"""train: W, b and the epoch of the lowest validation loss, by gradient descent with weight decay."""

import copy
import math

import torch
import torch.nn.functional as F

from homework.grader.answers import bug, right


@right("by hand, with a count")
def train(X, y, X_val, y_val, K, lr, decay, patience, epochs):
    W, b = torch.zeros(X.shape[1], K), torch.zeros(K)
    lowest, waited, best, kept = math.inf, 0, 0, (W, b)
    if bug("the start is a candidate"):
        lowest = F.cross_entropy(X_val @ W + b, y_val).item()
    for epoch in range(1, epochs + 1):
        error = (X @ W + b).softmax(0 if bug("softmax over the images") else 1)
        error[range(len(y)), y] -= 1
        dW, db = X.T @ error / len(X), error.mean(0)
        if bug("sums"):
            dW, db = X.T @ error, error.sum(0)
        if bug("b is decayed"):
            db = db + decay * b
        if bug("b is not trained"):
            db = 0
        strength = decay
        if bug("no decay"):
            strength = 0
        if bug("twice the decay"):
            strength = 2 * decay
        if bug("decay over n"):
            strength = decay / len(X)
        if bug("a decay without the rate"):
            strength = decay / lr
        dW = dW + strength * W
        if bug("uphill"):
            dW, db = -dW, -db
        if bug("one tensor, changed in place"):
            W -= lr * dW
            b -= lr * db
        else:
            W, b = W - lr * dW, b - lr * db
        loss = F.cross_entropy(X_val @ W + b, y_val).item()
        if bug("the penalty in the validation loss"):
            loss += decay / 2 * (W**2).sum().item()
        if bug("validates on the training set"):
            loss = F.cross_entropy(X @ W + b, y).item()
        if bug("by the accuracy"):
            loss = -((X_val @ W + b).argmax(1) == y_val).float().mean().item()
        better = loss < lowest
        if bug("an equal loss is better"):
            better = loss <= lowest
        if better:
            lowest, waited, best, kept = loss, 0, epoch, (W, b)
        else:
            waited += 1
            if bug("compares with the epoch before"):
                lowest = loss
        limit = patience
        if bug("one epoch too patient"):
            limit = patience + 1
        if bug("one epoch too impatient"):
            limit = patience - 1
        if waited >= limit and not bug("no stop"):
            break
    if bug("the last weights"):
        return W, b, best
    if bug("the last epoch"):
        return *kept, epoch
    if bug("the epoch as a float"):
        return *kept, float(best)
    if bug("returns float64"):
        return *(p.double() for p in kept), best
    return *kept, best


@right("PyTorch's layer and optimizer")
def train(X, y, X_val, y_val, K, lr, decay, patience, epochs):
    net = torch.nn.Linear(X.shape[1], K)
    torch.nn.init.zeros_(net.weight)
    torch.nn.init.zeros_(net.bias)
    groups = [{"params": [net.weight], "weight_decay": decay}, {"params": [net.bias]}]
    optimizer, loss = torch.optim.SGD(groups, lr=lr), torch.nn.CrossEntropyLoss()
    best = waited = epoch = 0
    lowest = float("inf")
    while epoch < epochs and waited < patience:
        optimizer.zero_grad()
        loss(net(X), y).backward()
        optimizer.step()
        epoch, waited = epoch + 1, waited + 1
        with torch.no_grad():
            value = loss(net(X_val), y_val)
        if value < lowest:
            lowest, best, waited = value, epoch, 0
            kept = copy.deepcopy(net)
    return kept.weight.detach().T, kept.bias.detach(), best
