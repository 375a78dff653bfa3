"""gradient: the derivatives of cross-entropy plus decay/2 · ΣW² with respect to W, (d, K), and b, (K,)."""

import torch

from homework.grader.answers import bug, right, wrong


@right("einsum, own softmax, P and Q apart")
def gradient(X, truth, W, b, decay):
    o = X @ W + b
    if bug("forgets b"):
        o = X @ W
    P = torch.exp(o - torch.logsumexp(o, 1, keepdim=True))
    if bug("softmax over the batch"):
        P = o.softmax(0)
    if bug("logits for probabilities"):
        P = o
    dW = torch.einsum("ij,ik->jk", X, P) - torch.einsum("ij,ik->jk", X, truth)
    db = P.sum(0) - truth.sum(0)
    if bug("the sign is turned"):
        dW, db = -dW, -db
    if not bug("a sum over the images"):
        dW, db = dW / len(X), db / len(X)
    if bug("b divided twice"):
        db = db / len(X)
    if bug("decay on b as well"):
        db = db + decay * b
    price = decay * W
    if bug("no decay"):
        price = 0
    if bug("twice the decay"):
        price = 2 * decay * W
    if bug("decay divided by n"):
        price = decay * W / len(X)
    if bug("decay shrinks the gradient"):
        price = -decay * W
    if bug("b of shape (1, K)"):
        db = db[None]
    return dW + price, db


@right("one image after the other")
def gradient(X, truth, W, b, decay):
    dW, db = decay * W.clone(), torch.zeros_like(b)
    for x, q in zip(X, truth, strict=True):
        error = torch.softmax(x @ W + b, 0) - q
        dW += torch.outer(x, error) / X.shape[0]
        db += error / X.shape[0]
    return dW, db


@wrong("by autograd")
def gradient(X, truth, W, b, decay):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(X @ W + b, truth) + decay / 2 * (W**2).sum()
    return torch.autograd.grad(loss, (W, b))
