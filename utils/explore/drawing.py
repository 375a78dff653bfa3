"""Draw a figure for values of its parameters: what frames and live figures have in common."""

import gc
import time
from html import escape

import matplotlib.pyplot as plt
from IPython.display import HTML, display

from utils import panels
from utils.explore.element import fault
from utils.notebook import has_reader
from utils.svg import lean


def call(function, point):
    """Call a function with a point, a dict from names to values: two by keyword, one by position."""
    return function(**point) if len(point) > 1 else function(*point.values())


def text(value):
    """Return a value as it is read beside its slider."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def few_words(values):
    """Return whether values are chosen by buttons side by side, not by a slider."""
    return len(values) <= 5 and all(isinstance(value, str | bool) for value in values)


def name(point):
    """Return a point in words, such as "learning rate = 0.1, batch size = 10"."""
    return ", ".join(f"{key.replace('_', ' ')} = {text(value)}" for key, value in point.items())


def figure(title, draw, point):
    """Return the figure that `draw` makes for a point, laid out and closed, or raise ValueError."""
    made = call(draw, point)
    made = made[0] if isinstance(made, tuple) and made else made
    if not isinstance(made, plt.Figure):
        raise fault(title, f"draw returned {type(made).__name__} for {name(point)}, not a Figure")
    plt.close(made)
    return made


def words(title, alt, point):
    """Return what `alt` says of a point, or raise ValueError."""
    said = call(alt, point)
    if not isinstance(said, str) or not said.strip():
        raise fault(title, f"alt returned {said!r} for {name(point)}, not what that frame shows")
    return said


def all_panels(title, draw, points):
    """Return the panels of every point; past two seconds a reader sees a line that counts them.

    Figures of one size are cut at the same places, so that nothing jumps from frame to frame.
    """
    start, line, rows, edges = time.monotonic(), None, [], {}
    gc.disable()  # each figure leaves 4 MB; to look for them all the time takes a seventh of the time
    try:
        for point in points:
            made = figure(title, draw, point)
            size = tuple(made.get_size_inches())
            rows.append(lean(made, edges.get(size)))
            edges.setdefault(size, [panel.left / 72 for panel in rows[-1]] + [size[0]])
            if time.monotonic() - start > 2 and has_reader():
                line = line or display(HTML(""), display_id=True)
                line.update(HTML(escape(f"Drawing “{title}”: {len(rows)} of {len(points)}")))
    finally:
        gc.enable()
        if line:
            line.update(HTML(""))
    return rows


def still(figure, words):
    """Return a matplotlib figure as HTML for print, and for where no script runs; it is closed."""
    plt.close(figure)
    return panels.images(lean(figure), words)
