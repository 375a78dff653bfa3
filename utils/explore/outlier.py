"""Points and their best lines under the squared, the absolute and Huber's loss."""

import math

import numpy as np

from utils.explore.element import element, fault, table

TITLE = "Try it: lift the diamond. Then press Reset, choose point 21 and lift that. Which lines follow?"
NOTICE = (
    "Any point can be dragged. Huber’s threshold is the error at which its loss turns from a parabola into a "
    "straight line."
)


def outlier(x, y, *, ranges, point=1, labels=("x", "y")):
    """Show the best lines under three losses; any point can be moved, and Huber's threshold.

    Used in the lesson "Learning rate and scale". The three lines are exact: that of squares by formula, that
    of absolute errors among all lines through two points, Huber's by least squares with weights, repeated.

    Args:
        x: three numbers or more, rounded to hundredths, not all equal.
        y: as many, rounded to tenths.
        ranges: two pairs (low, high) in which points lie and can be moved, for x and for y.
        point: the number, from 1, of the point that the sliders move first.
        labels: what x and y are, two texts.
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if x and y do not fit, if all x are equal, or if a point is off its range.
    """
    x, y = np.asarray(x, float).reshape(-1).round(2), np.asarray(y, float).reshape(-1).round(1)
    if len(x) != len(y) or len(x) < 3 or np.ptp(x) == 0:
        raise fault(TITLE, "x and y need one length, 3 at least, and the x must not all be equal")
    for name, values, (low, high) in (("x", x, ranges[0]), ("y", y, ranges[1])):
        if not ((values >= low) & (values <= high)).all():
            raise fault(TITLE, f"{name} must lie between {low} and {high}, not {values.tolist()}")
    if not 1 <= point <= len(x):
        raise fault(TITLE, f"point needs a number from 1 to {len(x)}, not {point}")
    high = y.copy()
    high[point - 1] = ranges[1][1]
    rows = []
    for words, values in (("as they are", y), (f"point {point} at {ranges[1][1]:g}", high)):
        w, b = np.polyfit(x, values, 1)
        pairs = [(i, j) for i in range(len(x)) for j in range(i) if x[i] != x[j]]
        slopes = [(values[i] - values[j]) / (x[i] - x[j]) for i, j in pairs]
        lines = [(s, values[i] - s * x[i]) for s, (i, _) in zip(slopes, pairs, strict=True)]
        s, a = min(lines, key=lambda line: math.fsum(abs(line[0] * x + line[1] - values)))
        rows.append((words, f"slope {w:.2f}, intercept {b:.2f}", f"slope {s:.2f}, intercept {a:.2f}"))
    return element(
        "outlier",
        title=TITLE,
        notice=NOTICE,
        fallback=table(("points", "squared loss", "absolute loss"), rows),
        points=np.stack([x, y], 1).tolist(),
        ranges=[[float(v) for v in pair] for pair in ranges],
        chosen=point,
        labels=list(labels),
    )
