"""train: softmax regression by SGD; the mean W (d, K) and b (K,) over the steps of the last epoch."""

import torch
from torch.nn import functional as F

from homework.grader.answers import bug, right


@right("by hand, a mean over what was kept")
def train(X, y, K, lr, epochs, batch_size, seed):
    W, b = torch.zeros(X.shape[1], K), torch.zeros(K)
    generator = torch.Generator().manual_seed(seed)
    Ws, bs = [], []
    for _ in range(epochs):
        if not bug("a mean over all epochs"):
            Ws, bs = [], []
        if bug("the same order in each epoch"):
            generator.manual_seed(seed)
        if bug("the start of the epoch in the mean"):
            Ws.append(W)
            bs.append(b)
        order = torch.randperm(len(X), generator=generator)
        if bug("not shuffled"):
            order = torch.arange(len(X))
        for i in order.split(batch_size):
            if bug("drops the short batch") and len(i) < batch_size:
                break
            error = (X[i] @ W + b).softmax(0 if bug("softmax over the batch") else 1)
            error[range(len(i)), y[i]] -= 1
            dW, db = X[i].T @ error / len(i), error.mean(0)
            if bug("sums over the batch"):
                dW, db = X[i].T @ error, error.sum(0)
            if bug("divides by the batch size"):
                dW, db = X[i].T @ error / batch_size, error.sum(0) / batch_size
            if bug("uphill"):
                dW, db = -dW, -db
            if bug("b is not trained"):
                db = 0
            if bug("one tensor, kept many times"):
                W -= lr * dW
                b -= lr * db
            else:
                W, b = W - lr * dW, b - lr * db
            if not bug("the mean of the epochs' ends"):
                Ws.append(W)
                bs.append(b)
        if bug("the mean of the epochs' ends"):
            Ws.append(W)
            bs.append(b)
    if bug("the last weights"):
        return W, b
    if bug("only W is averaged"):
        return torch.stack(Ws).mean(0), b
    if bug("returns float64"):
        return torch.stack(Ws).double().mean(0), torch.stack(bs).double().mean(0)
    return torch.stack(Ws).mean(0), torch.stack(bs).mean(0)


@right("autograd, in place, with running sums")
def train(X, y, K, lr, epochs, batch_size, seed):
    W = torch.zeros(X.shape[1], K, requires_grad=True)
    b = torch.zeros(K, requires_grad=True)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        sum_W, sum_b, steps = 0, 0, 0
        order = torch.randperm(len(X), generator=generator)
        for start in range(0, len(X), batch_size):
            i = order[start : start + batch_size]
            W.grad = b.grad = None
            F.cross_entropy(X[i] @ W + b, y[i]).backward()
            with torch.no_grad():
                W -= lr * W.grad
                b -= lr * b.grad
            sum_W, sum_b, steps = sum_W + W.detach(), sum_b + b.detach(), steps + 1
    return sum_W / steps, sum_b / steps


@right("PyTorch's layer and optimizer, a running mean")
def train(X, y, K, lr, epochs, batch_size, seed):
    layer = torch.nn.Linear(X.shape[1], K)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()
    rule, loss = torch.optim.SGD(layer.parameters(), lr), torch.nn.CrossEntropyLoss()
    generator = torch.Generator()
    generator.manual_seed(seed)
    for _ in range(epochs):
        W, b = torch.zeros(X.shape[1], K), torch.zeros(K)
        for k, i in enumerate(torch.split(torch.randperm(len(X), generator=generator), batch_size)):
            rule.zero_grad()
            loss(layer(X[i]), y[i]).backward()
            rule.step()
            W += (layer.weight.detach().T - W) / (k + 1)
            b += (layer.bias.detach() - b) / (k + 1)
    return W, b
