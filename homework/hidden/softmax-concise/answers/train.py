"""train: softmax regression by SGD at a falling rate, {"W": …, "b": …, "losses": …}."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from homework.grader.answers import bug, right


@right("the rate set in each step, and each loss counted as often as it has images")
def train(X, y, K, lr, momentum, epochs, batch_size, seed):
    net = nn.Linear(X.shape[1], K)
    nn.init.zeros_(net.weight)
    if not bug("PyTorch's own bias"):
        nn.init.zeros_(net.bias)
    optimizer = torch.optim.SGD(net.parameters(), lr, 0 if bug("no momentum") else momentum)
    if bug("looks ahead"):
        optimizer = torch.optim.SGD(net.parameters(), lr, momentum, nesterov=momentum > 0)
    N = epochs * -(-len(X) // batch_size)
    generator = torch.Generator().manual_seed(seed)
    losses, k = [], 0
    for epoch in range(epochs):
        each = []
        order = torch.randperm(len(X), generator=generator)
        if bug("not shuffled"):
            order = torch.arange(len(X))
        for i in order.split(batch_size):
            rate = lr * (1 - k / N)
            if bug("a constant rate"):
                rate = lr
            if bug("the rate falls by epochs"):
                rate = lr * (1 - epoch / epochs)
            if bug("the rate is 0 in the last step"):
                rate = lr * (1 - k / max(N - 1, 1))
            optimizer.param_groups[0]["lr"] = rate
            if not bug("zero_grad forgotten"):
                optimizer.zero_grad()
            logits = net(X[i])
            if bug("a softmax before the loss"):
                logits = logits.softmax(1)
            loss = F.cross_entropy(logits, y[i])
            loss.backward()
            optimizer.step()
            k += 1
            if bug("the loss after the step"):
                loss = F.cross_entropy(net(X[i]), y[i])
            each += [loss.item()] if bug("a mean of batch means") else [loss.item()] * len(i)
        losses.append(sum(each) / len(each))
    W = net.weight.detach().T
    if bug("PyTorch's shape"):
        W = net.weight.detach()
    if bug("W in float64"):
        W = W.double()
    return {"W": W, "b": net.bias.detach(), "losses": losses}


@right("Sequential, LinearLR, and a list of losses")
def train(X, y, K, lr, momentum, epochs, batch_size, seed):
    net = nn.Sequential(nn.Flatten(), nn.Linear(X[0].numel(), K))
    net.load_state_dict({name: torch.zeros_like(p) for name, p in net.state_dict().items()})
    N = epochs * ((len(X) + batch_size - 1) // batch_size)
    optimizer = torch.optim.SGD(net.parameters(), lr, momentum)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, total_iters=N)
    each = nn.CrossEntropyLoss(reduction="none")
    generator, losses = torch.Generator(), []
    generator.manual_seed(seed)
    for _ in range(epochs):
        order, seen = torch.randperm(len(X), generator=generator), []
        for start in range(0, len(X), batch_size):
            i = order[start : start + batch_size]
            values = each(net(X[i]), y[i])
            seen.append(values.detach())
            optimizer.zero_grad()
            values.mean().backward()
            optimizer.step()
            schedule.step()
        losses.append(torch.cat(seen).mean().item())
    weight, bias = (p.detach().clone() for p in net.parameters())
    return {"losses": losses, "W": weight.t(), "b": bias}


@right("by hand")
def train(X, y, K, lr, momentum, epochs, batch_size, seed):
    W, b, vW, vb = torch.zeros(X.shape[1], K), torch.zeros(K), 0, 0
    generator = torch.Generator().manual_seed(seed)
    N, k, losses = epochs * math.ceil(len(X) / batch_size), 0, []
    for _ in range(epochs):
        total = 0
        for i in torch.randperm(len(X), generator=generator).split(batch_size):
            logits = X[i] @ W + b
            total += F.cross_entropy(logits, y[i], reduction="sum").item()
            error = (torch.softmax(logits, 1) - F.one_hot(y[i], K)) / len(i)
            vW, vb = momentum * vW + X[i].T @ error, momentum * vb + error.sum(0)
            rate = lr * (N - k) / N
            W, b, k = W - rate * vW, b - rate * vb, k + 1
        losses.append(total / len(X))
    return {"W": W, "b": b, "losses": losses}
