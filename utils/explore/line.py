"""Points with a line, and the contour of its loss over slope and intercept."""

import numpy as np

from utils.explore.element import element, table


def cloud(ranges, **values):
    """Return the points, (n, 2) in tenths, if they and all that is given besides lie in their ranges."""
    values = {name: np.asarray(value, float) for name, value in values.items()}
    if values["x"].ndim != 1 or values["x"].shape != values["y"].shape or len(values["x"]) < 2:
        raise ValueError(
            f"x and y need one shape (n,), n at least 2, not {values['x'].shape} and {values['y'].shape}."
        )
    for name, (low, high) in ranges.items():
        if not ((values[name] >= low) & (values[name] <= high)).all():
            raise ValueError(f"{name} must lie between {low} and {high}, not {values[name].tolist()}.")
    return np.stack([values["x"], values["y"]], 1).round(1)


def line(x, y, w=2.0, b=8.0, labels=("x", "y")):
    """Show points with a line, and the contour of its mean squared loss (with the ½) over w and b.

    Sliders move the line and any point; points, and the line's place on the contour, can also be dragged.
    Once something has moved, a button shows the best line. Used in the lesson "A line through points".

    Args:
        x: two numbers or more, from 0 to 5, rounded to tenths.
        y: as many, from 0 to 30, rounded to tenths.
        w: the slope at which its slider starts, from 0 to 8.
        b: the intercept at which its slider starts, from −5 to 15.
        labels: what x and y are, two texts.
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if x and y have unlike shapes or too few values, or if a value is off its range.
    """
    ranges = {"x": (0, 5), "y": (0, 30), "w": (0, 8), "b": (-5, 15)}
    points = cloud(ranges, x=x, y=y, w=w, b=b)
    columns = np.stack([points[:, 0], np.ones(len(points))], 1)
    best = columns @ np.linalg.lstsq(columns, points[:, 1], rcond=None)[0]
    rows = [
        (f"{u:.1f}", f"{v:.1f}", f"{t:.2f}", f"{t - v:.2f}") for (u, v), t in zip(points, best, strict=True)
    ]
    return element(
        "line",
        title="Try it: find the lowest loss with w and b alone, by slider or by dragging, and compare with "
        "the best line. Then move a point far up, and far to the side.",
        notice="The loss is a bowl over (w, b); each ring lies four times as far above the lowest "
        "loss as the ring inside it. When a point moves up or down, the rings keep their shape and only "
        "their center moves; when it moves sideways, their shape changes.",
        fallback=table((*labels, "least-squares line", "residual"), rows),
        points=points.tolist(),
        ranges=ranges,
        labels=list(labels),
        w=float(w),
        b=float(b),
    )
