"""descend: the weights after each step of SGD with momentum and weight decay, by hand."""

import torch

from homework.grader.answers import bug, right, wrong


@right("in place, with copies")
def descend(w, gradients, lrs, momentum, weight_decay):
    weights = w if bug("changes the given weights") else w.clone()
    memory, path = torch.zeros_like(w), []
    for g, lr in zip(gradients, lrs, strict=True):
        pull = g + weight_decay * weights
        if bug("no decay") or bug("decay outside the memory") or bug("decay without the rate"):
            pull = g
        if bug("decay grows the weights"):
            pull = g - weight_decay * weights
        old = memory
        memory = momentum * memory + pull
        if bug("no memory"):
            memory = pull
        if bug("only the last memory"):
            memory = pull + momentum * (old != 0) * g
        if bug("a mean of the gradients"):
            memory = momentum * old + (1 - momentum) * pull
        step = lr * memory
        if bug("the rate inside the memory"):
            memory = step = momentum * old + lr * pull
        if bug("looks ahead"):
            step = lr * (pull + momentum * memory)
        if bug("steps along the old memory"):
            step = lr * old
        if bug("decay outside the memory"):
            step = step + lr * weight_decay * weights
        if bug("decay without the rate"):
            step = step + weight_decay * weights
        weights.sub_(step)
        path.append(weights if bug("one tensor, changed in place") else weights.clone())
    if bug("a stack"):
        return torch.stack(path)
    if bug("returns float64"):
        return [p.double() for p in path]
    return path


@right("the whole memory summed anew in each step")
def descend(w, gradients, lrs, momentum, weight_decay):
    pulls, path = [], []
    now = w
    for g, lr in zip(gradients, lrs, strict=True):
        pulls = [momentum * old for old in pulls] + [g + weight_decay * now]
        now = now - lr * torch.stack(pulls).sum(0)
        path += [now]
    return path


@wrong("PyTorch's optimizer")
def descend(w, gradients, lrs, momentum, weight_decay):
    p = w.clone().requires_grad_()
    optimizer, path = torch.optim.SGD([p], 1.0, momentum, weight_decay=weight_decay), []
    for g, lr in zip(gradients, lrs, strict=True):
        p.grad, optimizer.param_groups[0]["lr"] = g, lr
        optimizer.step()
        path.append(p.detach().clone())
    return path
