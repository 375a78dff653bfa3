"""Polynomials fitted to noisy points: the curve, and both errors up to a degree."""

import numpy as np

from utils.explore.element import element, fault, table

TITLE = "Try it: raise the degree step by step; then give the fit fewer steps, or other noise."


def polynomial(x, e, x_val, e_val, truth, *, noise=0.1, degrees=(1, 19), up=(-60, 40), notice):
    """Show a polynomial fitted to points y = truth(x) + noise · e, and its errors at each degree up to this.

    Sliders choose the degree, the noise, and the steps of gradient descent (at rate 0.01, from 0, on the mean
    squared error), of which the last is the closed form. The features are x^k/k!. Used in the lesson "Make it
    overfit".

    Args:
        x: where the training points are, (n,) or (n, 1), more of them than the highest degree.
        e: their noise of standard deviation 1, of the same shape.
        x_val: where the validation points are, (m,) or (m, 1).
        e_val: their noise, of the same shape.
        truth: the coefficients of 1, x, x²/2!, …
        noise: the standard deviation at the beginning, from 0.01 to 10.
        degrees: the lowest and the highest degree; it begins at the lowest.
        up: the range of y that is shown.
        notice: what to notice.
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if the shapes do not fit, or if the points are too few.
    """
    x, e, x_val, e_val = (np.asarray(values, float).reshape(-1) for values in (x, e, x_val, e_val))
    if x.shape != e.shape or x_val.shape != e_val.shape:
        raise fault(
            TITLE, f"each point needs its noise, not {x.shape}, {e.shape}; {x_val.shape}, {e_val.shape}"
        )
    if len(np.unique(x)) <= degrees[1]:
        raise fault(
            TITLE, f"degree {degrees[1]} needs more than {degrees[1]} different x, not {len(np.unique(x))}"
        )
    powers = np.arange(degrees[1] + 1)
    factorials = np.cumprod(np.maximum(powers, 1.0))
    truth = np.asarray(truth, float).reshape(-1)

    def columns(x, degree):
        return x[:, None] ** powers[: degree + 1] / factorials[: degree + 1]

    def targets(x, e):
        return columns(x, len(truth) - 1) @ truth + noise * e

    rows = []
    for degree in sorted({degrees[0], min(len(truth) - 1, degrees[1]), degrees[1]}):
        A, y = columns(x, degree), targets(x, e)
        length = np.linalg.norm(A, axis=0)
        theta = np.linalg.lstsq(A / length, y, rcond=None)[0] / length
        errors = [
            ((columns(u, degree) @ theta - targets(u, v)) ** 2).mean() for u, v in ((x, e), (x_val, e_val))
        ]
        rows.append((str(degree), *(f"{error:.3g}" for error in errors)))
    return element(
        "polynomial",
        title=TITLE,
        notice=notice,
        fallback=table(("degree, closed form", "training error", "validation error"), rows),
        x=x.tolist(),
        e=e.tolist(),
        x_val=x_val.tolist(),
        e_val=e_val.tolist(),
        truth=truth.tolist(),
        noise=float(noise),
        degrees=list(degrees),
        up=list(up),
    )
