"""Points, a line, and the squares of its errors (front page)."""

import matplotlib.pyplot as plt
import numpy as np

from utils.explore.drawing import still
from utils.explore.element import element
from utils.explore.line import cloud


def squares(x, y, left=22.0, right=6.0, labels=("x", "y"), unit=""):
    """Show points, a line, and the squares of its errors; sliders or a pointer move its two ends, or a point.

    Buttons take one step or sixty of gradient descent on the heights of the ends: down the gradient of
    the mean area, times a learning rate. Arrows show the next step, a curve the losses, and the words below
    the reader's best beside the machine's. Used on the front page; "A line through points" says why squares.

    Args:
        x: two numbers or more, from 0 to 5, rounded to tenths.
        y: as many, from 0 to 30, rounded to tenths.
        left: height of the line over x = 0 at the start, from 0 to 30.
        right: height of the line over x = 5 at the start, from 0 to 30.
        labels: what x and y are, two texts.
        unit: of the areas, such as "min²".
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if x and y have unlike shapes or too few values, or if a value is off its range.
    """
    ranges = {"x": (0, 5), "y": (0, 30), "left": (0, 30), "right": (0, 30)}
    points = cloud(ranges, x=x, y=y, left=left, right=right)
    columns = np.stack([1 - points[:, 0] / 5, points[:, 0] / 5], 1)
    best = np.linalg.lstsq(columns, points[:, 1], rcond=None)[0]
    errors = columns @ best - points[:, 1]
    least = (errors**2).mean()

    def draw(ends):
        figure, axes = plt.subplots(figsize=(4.8, 2.6), layout="constrained")
        axes.set(xlim=(0, 5), ylim=(0, 30), xlabel=labels[0], ylabel=labels[1])
        axes.plot(*points.T, "ko", markersize=4)
        axes.plot([0, 5], ends, color="#0072B2", linewidth=2)
        for (u, v), error in zip(points, errors, strict=True):
            side = abs(error) / 30 * 5 / 2  # as wide as high: the axes are about twice as wide as high
            box = plt.Rectangle((u, v), side if u < 2.5 else -side, error, color="#D55E00", alpha=0.3)
            axes.add_patch(box)
        return figure

    title = "Try it: make the squares as small as you can, then let the machine do it."
    alt = f"{len(points)} points, their best line, and a square on each error: mean area {least:.2f} {unit}"
    return element(
        "squares",
        title=title,
        notice="Drag the line’s ends, or the points. Arrows show the machine’s next step.",
        fallback=still(draw(best), alt.strip()),
        points=points.tolist(),
        left=float(left),
        right=float(right),
        labels=list(labels),
        unit=unit,
    )
