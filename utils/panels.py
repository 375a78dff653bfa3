"""How the panels of a wide figure stand: in a row, or below each other where letters would be too small.

Everything that shows a figure uses this: frames, live figures, and the still figures of cells.
"""

from __future__ import annotations

import itertools
import re
from html import escape

WIDE, PANEL = 5.2, 4.3  #: inches; a figure wider than `WIDE` is cut into panels of at most `PANEL`
PIXELS = 72 / 0.72  #: an inch on the page at most, so that letters of ten points are 14 pixels high
#: What a figure's white becomes: the ground of whatever page it stands on.
GROUND = "--ground:var(--pst-color-background,var(--jp-layout-color0,var(--vscode-editor-background,#fff)))"


#: What the first two of `plotting.COLORS` become: the page's own where it has them, lighter in the dark.
PAGES = {"#0072b2": "var(--blue,#0072b2)", "#d55e00": "var(--vermilion,#d55e00)"}


def edges(figure):
    """Return where to cut a laid-out matplotlib figure, in inches: [0, …, its width].

    Cuts stand in gaps between the parts of the figure, so that nothing is cut through. A figure of one part,
    a narrow one, and one without such gaps stay whole.
    """
    width = figure.get_size_inches()[0]
    if width <= WIDE or len(figure.axes) == 1:
        return [0, width]
    spans = sorted(tuple(part.get_tightbbox().intervalx / figure.dpi) for part in parts(figure))
    reached = itertools.accumulate((right for _, right in spans), max)
    gaps = [(end + left) / 2 for end, (left, _) in zip(reached, spans[1:], strict=False) if end < left]
    return split(width, gaps)


def parts(figure):
    """Return what stands in a figure side by side: its visible children without the background."""
    return [part for part in figure.get_children() if part is not figure.patch and part.get_visible()]


def split(width, gaps):
    """Return the edges of as few panels as possible, none wider than `PANEL`, of a figure with these gaps."""
    for n in range(2, len(gaps) + 2) if width > WIDE else ():
        cuts = {min(gaps, key=lambda gap, ideal=k * width / n: abs(gap - ideal)) for k in range(1, n)}
        found = [0, *sorted(cuts), width]
        if all(right - left <= PANEL for left, right in itertools.pairwise(found)):
            return found
    return [0, width]


def styles(widths):
    """Return the CSS of each panel in a row of panels of these widths, in points.

    They share the row as long as letters of ten points are ten pixels high there, else each has its own.
    """
    widest, least = max(widths), sum(widths)
    return [
        # In a row their first width is below 0, and else far too large.
        f"display:block;height:auto;min-width:0;flex:{width:.0f} 1 calc(999*({least:.0f}px - 100%));"
        f"max-width:min({100 * width / widest:.4g}%,{width / 72 * PIXELS:.0f}px)"
        for width in widths
    ]


def inline(panels, words):
    """Return a row of panels (`utils.svg.lean` makes them) as HTML that takes the colors of its page."""
    shown = svgs(panels)
    return f'<div class="panels" role="img" aria-label="{escape(words)}" style="{ROW}">{shown}</div>'


def svgs(panels):
    """Return the panels of a row as a string of `<svg>` elements."""
    looks = styles([panel.width for panel in panels])
    shown = "".join(
        panel.svg(f"{_size(panel)} style='{css}'") for panel, css in zip(panels, looks, strict=True)
    )
    return re.sub("|".join(PAGES), lambda color: PAGES[color[0]], shown)


def images(panels, words):
    """Return a row of panels as `<img>` elements, black on white, for print and where scripts do not run."""
    looks = styles([panel.width for panel in panels])
    words = [escape(words), *[""] * (len(panels) - 1)]  # the first tells of all
    shown = "".join(
        f'<img alt="{said}" src="{_uri(panel)}" {_size(panel)} style="{css};background:#fff">'
        for panel, css, said in zip(panels, looks, words, strict=True)
    )
    return f'<div class="panels" style="{ROW}">{shown}</div>'


def _size(panel):
    return f"width='{panel.width / 72 * PIXELS:.0f}' height='{panel.height / 72 * PIXELS:.0f}'"


def _uri(panel):
    svg = panel.svg("xmlns='http://www.w3.org/2000/svg' font-family='sans-serif'")
    return escape("data:image/svg+xml," + svg.replace("%", "%25").replace("#", "%23"), quote=False)


#: The CSS of a row of panels.
ROW = f"display:flex;flex-wrap:wrap;align-items:start;row-gap:.8em;{GROUND}"
