"""Gradient descent over two parameters: contours, a path, and the loss after each step."""

import numpy as np

from utils.explore.element import element, fault, table

TITLE = "Try it: choose a start and a learning rate, and watch where the steps lead."


def descent(
    X, y, *, start, ranges, rate=0.1, batch_sizes=(), momentum=False, scales=(), steps=0, title=TITLE, notice
):
    """Show the path of gradient descent over the contours of the mean of ½ (error)², and its losses.

    The start is dragged on the map, or moved by sliders; so are the rate and the number of steps. Used in
    "From scratch" and "Learning rate and scale". The steps are those of `torch.optim.SGD`, in float64.

    Args:
        X: features (n, 1), whose map is over the weight and the bias, or (n, 2), whose map is over both
            weights, with the bias at its best; both are rounded to ten-thousandths.
        y: targets (n,) or (n, 1).
        start: where both parameters of the map begin; a bias beside two weights begins at 0.
        ranges: of the map, a pair (low, high) for each of its two parameters.
        rate: the learning rate at the beginning, from 1e-5 to 10.
        batch_sizes: what a slider offers in ascending order, beginning at the first of these; empty for all
            points in each step: then a button shows the largest rate that converges.
        momentum: whether there is a slider for it.
        scales: factors of the last feature that a slider offers in the same way; empty for 1.
        steps: how many are shown at the beginning, up to 300.
        title: what to try, shown above the figure.
        notice: what to notice, shown below the title.
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if X and y do not fit, if there are not one or two features, or if points lie on one line.
    """
    X, y = np.asarray(X, float).round(4), np.asarray(y, float).round(4).reshape(-1)
    if X.ndim != 2 or X.shape[1] not in (1, 2) or len(X) != len(y):
        raise fault(title, f"X needs shape (n, 1) or (n, 2), y n targets, not {X.shape} and {y.shape}")
    columns = np.column_stack([X, np.ones(len(X))])
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        raise fault(title, "the features are constant or tell the same, so no parameters are best")
    labels = ["w", "b"] if X.shape[1] == 1 else ["w₁", "w₂"]
    rows = []
    for factor in (0.1, 1, 1.5):
        theta = np.array([*start, *[0.0] * (columns.shape[1] - 2)])
        losses = []
        for k in range(101):
            error = columns @ theta - y
            if k in (0, 10, 100):
                losses.append(f"{(error**2).mean() / 2:.3g}")
            theta = theta - factor * rate * columns.T @ error / len(y)
        rows.append((f"{factor * rate:.3g}", *losses))
    return element(
        "descent",
        title=title,
        notice=notice,
        fallback=table(("learning rate", "loss at the start", "after 10 steps", "after 100 steps"), rows),
        X=X.tolist(),
        y=y.tolist(),
        labels=labels,
        start=[float(v) for v in start],
        ranges=[[float(v) for v in pair] for pair in ranges],
        rate=float(rate),
        sizes=list(batch_sizes),
        momentum=momentum,
        scales=list(scales),
        steps=steps,
    )
