"""Early stopping against ridge regression: what each leaves of least squares, direction by direction."""

import numpy as np

from utils.explore.element import element, fault, table

TITLE = "Try it: train longer, weaken the penalty, then tie the two. What is the same, and what is not?"


def early_stopping(X, y, X_val, y_val, *, rate, steps=1, notice):
    """Show gradient descent that stops early beside ridge regression, on one least-squares problem.

    The loss is the mean of ½ (Xθ − y)², to which ridge adds ½ λ ‖θ‖². Along an eigenvector of XᵀX / n with
    curvature κ, t steps from 0 cover the share 1 − (1 − rate · κ)ᵗ of the way to least squares, and ridge
    κ / (κ + λ). Used in the lesson "Remedies"; equal to torch's steps and solutions, in float64.

    Args:
        X: features (n, d), n ≥ d, standardized, so that no bias is needed.
        y: targets (n,).
        X_val: validation features (m, d).
        y_val: their targets (m,).
        rate: the learning rate, below one over the largest curvature.
        steps: how many are shown at the beginning.
        notice: what to notice.
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if shapes do not fit, if columns depend on each other, or if the rate is too large.
    """
    X, y, X_val, y_val = (np.asarray(values, float) for values in (X, y, X_val, y_val))
    if y.shape != X.shape[:1] or y_val.shape != X_val.shape[:1] or X.shape[1:] != X_val.shape[1:]:
        raise fault(TITLE, f"the shapes {X.shape}, {y.shape}, {X_val.shape}, {y_val.shape} do not fit")
    curvatures, directions = np.linalg.eigh(X.T @ X / len(X))
    if curvatures[0] < 1e-9 * curvatures[-1]:
        raise fault(TITLE, "the features depend on each other, so least squares is not unique")
    if not 0 < rate * curvatures[-1] < 1:
        raise fault(TITLE, f"the rate needs to be below {1 / curvatures[-1]:.3g}, not {rate}")
    c, Z = directions.T @ (X.T @ y) / len(X), X_val @ directions

    def loss(theta):
        return ((Z @ theta - y_val) ** 2).mean() / 2

    rows = []
    for t in (1, 10, 100, 1000, 10_000, 100_000):
        stopped, ridge = 1 - (1 - rate * curvatures) ** t, curvatures / (curvatures + 1 / (rate * t))
        rows.append((f"{t:,}", *(f"{loss(share * c / curvatures):.4f}" for share in (stopped, ridge))))
    worst = loss(c / curvatures)
    return element(
        "early_stopping",
        title=TITLE,
        notice=notice,
        fallback=table(("steps t", "stopped after t steps", "ridge with λ = 1 / (rate × t)"), rows),
        curvatures=curvatures.tolist(),
        training={"curvatures": curvatures.tolist(), "c": c.tolist()},
        validation={
            "H": (Z.T @ Z / len(Z)).round(9).tolist(),
            "c": (Z.T @ y_val / len(Z)).tolist(),
            "yy": float((y_val**2).mean()),
        },
        rate=float(rate),
        steps=steps,
        up=float(np.ceil(max(worst, (y_val**2).mean() / 2) * 10) / 10),
    )
