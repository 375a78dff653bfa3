"""A wide figure is cut between its panels, which stack in a narrow window."""

import itertools
from html import escape

from matplotlib.transforms import Bbox

WIDE, PANEL = 5.2, 4.3  #: inches; a wide figure is cut between its panels, which stack in a narrow window


def find_pieces(figure):
    """Return the boxes, in inches, of the pieces of a figure, each with what stands in the others."""
    width, height = figure.get_size_inches()
    parts = [part for part in figure.get_children() if part is not figure.patch and part.get_visible()]
    if width <= WIDE or len(figure.axes) == 1:
        parts = []  # one piece: do not pay for their places
    spans = [part.get_tightbbox().intervalx / figure.dpi for part in parts]
    edges = split_at(width, find_gaps(spans))
    return [
        (
            Bbox.from_extents(left, 0, right, height),
            [part for part, span in zip(parts, spans, strict=True) if not left <= span.mean() <= right],
        )
        for left, right in itertools.pairwise(edges)
    ]


def find_gaps(spans):
    """Return the middles of the gaps between these intervals."""
    spans = sorted(map(tuple, spans))
    reached = itertools.accumulate((right for _, right in spans), max)
    return [(end + left) / 2 for end, (left, _) in zip(reached, spans[1:], strict=False) if end < left]


def split_at(width, gaps):
    """Return where the pieces of a picture begin and end, from 0 to its width: few, and none too wide."""
    for n in range(2, len(gaps) + 2) if width > WIDE else ():
        cuts = {min(gaps, key=lambda gap, ideal=k * width / n: abs(gap - ideal)) for k in range(1, n)}
        edges = [0, *sorted(cuts), width]
        if all(right - left <= PANEL for left, right in itertools.pairwise(edges)):
            return edges
    return [0, width]


def panels_html(alt, pieces):
    """Return HTML that shows pieces, each (source, box in inches, more CSS): the first is given the words.

    They stand in a row as long as its letters of ten points are ten pixels high, else below each other.
    """
    widest, least = max(box.width for _, box, _ in pieces), sum(72 * box.width for _, box, _ in pieces)
    images = [
        f'<img alt="{"" if k else escape(alt)}" src="{source}" '
        f'width="{100 * box.width:.0f}" height="{100 * box.height:.0f}" '
        # All share a row, or each has one: their first width is below 0 or far too large.
        f'style="height: auto; flex: {box.width:.2f} 1 calc(999 * ({least:.0f}px - 100%)); min-width: 0; '
        f'max-width: min({100 * box.width / widest:.4g}%, {100 * box.width:.0f}px){css}">'
        for k, (source, box, css) in enumerate(pieces)
    ]
    style = "display: flex; flex-wrap: wrap; align-items: start; row-gap: 0.8em"
    return f'<div class="panels" style="{style}">{"".join(images)}</div>'
