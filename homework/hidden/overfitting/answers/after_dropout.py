"""after_dropout: mean and variance (n, K) of H'W + b, where H' is H (n, d) after dropout."""

import torch

from homework.grader.answers import bug, right, wrong


@right("einsum")
def after_dropout(H, W, b, p):
    refused = not 0 <= p < 1
    if bug("lets p = 1 pass"):
        refused = not 0 <= p <= 1
    if bug("lets a negative p pass"):
        refused = p >= 1
    if bug("refuses p = 0"):
        refused = not 0 < p < 1
    if refused:
        raise ValueError("p")
    product = torch.einsum("nd,dk->nk", H, W)
    mean = product + b
    if bug("without b"):
        mean = product
    if bug("all enlarged"):
        mean = product / (1 - p) + b
    squares = torch.einsum("nd,nd,dk,dk->nk", H, H, W, W)
    if bug("the square of the sum"):
        squares = product**2
    if bug("the weights not squared"):
        squares = (H**2) @ W
    if bug("h not squared"):
        squares = H @ (W**2)
    if bug("b has variance"):
        squares = squares + b**2
    variance = squares * (1 / (1 - p) - 1)
    if bug("the mask's variance"):
        variance = squares * p * (1 - p)
    if bug("survivors not enlarged"):
        mean, variance = (1 - p) * product + b, squares * p * (1 - p)
    if bug("p and 1 − p exchanged"):
        variance = squares * (1 - p) / p
    if bug("for p = 0.5 only"):
        variance = squares
    if bug("divides by 1 − p twice"):
        variance = squares * p / (1 - p) ** 2
    if bug("standard deviation"):
        variance = variance.sqrt()
    return mean, variance


@right("loops: E[z²] − E[z]² of each term")
def after_dropout(H, W, b, p):
    if not (p >= 0 and p < 1):
        raise ValueError("p")
    (n, d), K = H.shape, W.shape[1]
    mean, variance = b.repeat(n, 1), torch.zeros(n, K)
    for j in range(d):
        term = H[:, j, None] * W[j]
        mean = mean + term
        variance = variance + (1 - p) * (term / (1 - p)) ** 2 - term**2
    return mean, variance


@wrong("by sampling")
def after_dropout(H, W, b, p):
    if p < 0 or p >= 1:
        raise ValueError("p")
    Z = torch.stack([(torch.rand(H.shape) >= p) * H / (1 - p) @ W + b for _ in range(500)])
    return Z.mean(0), Z.var(0)
