"""fit_weighted: the weights (d, 1), as short as possible, and the bias (1,) of lowest weighted loss."""

import torch

from homework.grader.answers import bug, right, wrong


@right("the pseudo-inverse")
def fit_weighted(X, y, count):
    if bug("ignores the counts"):
        count = torch.ones_like(count)
    share = count / count.sum()
    x_mean, y_mean = (share * X).sum(0), (share * y).sum(0)
    if bug("the means without counts"):
        x_mean, y_mean = X.mean(0), y.mean(0)
    if bug("without a bias"):
        x_mean, y_mean = 0 * x_mean, 0 * y_mean
    root = share.sqrt()
    if bug("counts instead of their roots"):
        root = share
    features, targets = root * (X - x_mean), root * (y - y_mean)
    if bug("weighs only the features"):
        targets = y - y_mean
    w = torch.linalg.pinv(features) @ targets
    if bug("inverts a matrix that may be singular"):
        w = torch.linalg.inv(features.T @ features) @ (features.T @ targets)
    if bug("the solver for full rank only"):
        w = torch.linalg.lstsq(features, targets, driver="gels").solution
    if bug("returns float32"):
        return w.float(), (y_mean - x_mean @ w).float()
    return w, y_mean - x_mean @ w


@right("singular values by hand, in float64")
def fit_weighted(X, y, count):
    A, t, c = X.double(), y.double(), count.double()
    c = c / c.sum()
    x_mean, y_mean = (c * A).sum(0), (c * t).sum(0)
    U, S, V = torch.linalg.svd(c.sqrt() * (A - x_mean), full_matrices=False)
    inverse = torch.where(S > 1e-6, 1 / S, torch.zeros_like(S))
    w = V.T @ (inverse.reshape(-1, 1) * (U.T @ (c.sqrt() * (t - y_mean))))
    return w.to(X.dtype), (y_mean - x_mean @ w).to(X.dtype)


@wrong("the bias counts for the length")
def fit_weighted(X, y, count):
    root = count.sqrt()
    A = torch.cat([X, torch.ones_like(y)], 1)
    theta = torch.linalg.lstsq(root * A, root * y, driver="gelsd").solution
    return theta[:-1], theta[-1]
