"""Softmax regression on two features: its points, its straight boundaries, and gradient descent."""

import numpy as np

from utils.explore.element import element, fault, table

TITLE = "Try it: move one class’s weights and bias until the loss is low, then let gradient descent do it."


def boundaries(X, y, classes, *, weights=None, bias=None, labels=("x₁", "x₂"), unit="", notice):
    """Show softmax regression of two features: sliders move its parameters, a button takes steps.

    Used in the lesson "From scores to probabilities". All is computed in float64, as torch computes it.

    Args:
        X: features (n, 2), best standardized; rounded to hundredths.
        y: integers (n,), from 0.
        classes: two or three names.
        weights: (classes, 2), where the weights begin; None for 0.
        bias: (classes,), where the biases begin; None for 0.
        labels: what the features are, two texts.
        unit: how both are measured, for the axes.
        notice: what to notice.
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if the shapes do not fit, or if there are not two or three classes.
    """
    X, y, k = np.asarray(X, float).round(2), np.asarray(y), len(classes)
    if X.ndim != 2 or X.shape[1] != 2 or y.shape != X.shape[:1] or not set(y.tolist()) <= set(range(k)):
        raise fault(TITLE, f"X needs shape (n, 2), y n numbers from 0 to {k - 1}, not {X.shape}, {y.shape}")
    if k not in (2, 3):
        raise fault(TITLE, f"there are colors for two or three classes, not {k}")
    weights = np.zeros((k, 2)) if weights is None else np.asarray(weights, float)
    bias = np.zeros(k) if bias is None else np.asarray(bias, float)
    if weights.shape != (k, 2) or bias.shape != (k,):
        raise fault(TITLE, f"weights need shape {k, 2}, bias {(k,)}, not {weights.shape}, {bias.shape}")
    rows = []
    for c, name in enumerate(classes):
        of = X[y == c]
        rows.append((name, str(len(of)), *(f"{value:.2f}" for value in of.mean(0))))
    return element(
        "boundaries",
        title=TITLE,
        notice=notice,
        fallback=table(("class", "points", *(f"mean of {label}" for label in labels)), rows),
        points=[[*x, int(c)] for x, c in zip(X.tolist(), y, strict=True)],
        classes=list(classes),
        W=weights.tolist(),
        b=bias.tolist(),
        labels=list(labels),
        unit=unit,
        far=int(np.ceil(np.abs(X).max())),
    )
