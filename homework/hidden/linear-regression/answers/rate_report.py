"""rate_report: what gradient descent at rate lr will do, {"limit": …, "worst": …, "steps": …}."""

import math

import torch

from homework.grader.answers import bug, right


@right("eigenvalues, and a logarithm to the base of the worst factor")
def rate_report(X, lr):
    A = torch.cat([X, torch.ones(len(X), 1, dtype=X.dtype)], 1)
    if bug("forgets the bias"):
        A = X
    hessian = A.T @ A / len(A)
    if bug("forgets to divide by n"):
        hessian = A.T @ A
    curvatures = torch.linalg.eigvalsh(hessian)  # from the smallest to the largest
    limit = 2 / curvatures[-1].item()
    if bug("1/λ for the limit"):
        limit = 1 / curvatures[-1].item()
    if bug("the smallest curvature sets the limit"):
        limit = 2 / curvatures[0].item()
    worst = (1 - lr * curvatures).abs().max().item()
    if bug("looks at the steepest direction only"):
        worst = abs(1 - lr * curvatures[-1]).item()
    if bug("keeps the signs"):
        worst = (1 - lr * curvatures).max().item()
    if bug("a number for what never arrives"):
        return {
            "limit": limit,
            "worst": worst,
            "steps": math.ceil(math.log(0.01) / math.log(worst)) if worst else 1,
        }
    if bug("log of 0"):
        return {
            "limit": limit,
            "worst": worst,
            "steps": None if worst >= 1 else math.ceil(math.log(0.01, worst)),
        }
    if worst >= 1:
        steps = None
    elif worst == 0:
        steps = 1
    else:
        exact = math.log(0.01, worst)
        if bug("a tenth, not a hundredth"):
            exact = math.log(0.1, worst)
        steps = math.ceil(exact)
        if bug("rounds the steps down"):
            steps = int(exact)
        if bug("the steps as a float"):
            steps = exact
    return {"limit": limit, "worst": worst, "steps": steps}


@right("singular values, and a loop that counts")
def rate_report(X, lr):
    A = torch.hstack([torch.ones(len(X), 1).double(), X])
    values = torch.linalg.svdvals(A) ** 2 / A.shape[0]
    worst = max(abs(1 - lr * value) for value in values.tolist())
    if worst >= 1:
        return {"limit": 2 / values[0].item(), "worst": worst, "steps": None}
    error, steps = 1.0, 0
    while error > 0.01:
        error, steps = error * worst, steps + 1
    return {"limit": 2 / values[0].item(), "worst": worst, "steps": steps}


@right("the covariance of the features with ones, and powers")
def rate_report(X, lr):
    n, d = X.shape
    H = torch.ones(d + 1, d + 1, dtype=torch.float64)
    H[:d, :d] = X.T @ X / n
    H[d, :d] = H[:d, d] = X.mean(0)
    low, *_, high = torch.linalg.eigh(H).eigenvalues.tolist()
    worst = max(abs(1 - lr * low), abs(1 - lr * high))
    steps = None
    if worst < 1:
        steps = 1
        while worst**steps > 0.01:
            steps += 1
    return {"steps": steps, "worst": worst, "limit": 2 / high}
