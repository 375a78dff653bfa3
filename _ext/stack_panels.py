"""Let the panels of a wide picture stand below each other on a telephone, where their labels would be dust.

A cell's output is one picture. It is shown in pieces, cut where it is white from top to bottom: side by side
they look like the whole, and in a narrow window they stack. `utils.explore` does so with what moves, where it
knows the panels.
"""

import re
from html import unescape
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.transforms import Bbox
from PIL import Image

from utils.explore import _edges, _panels
from utils.plotting import STYLE

PICTURE = re.compile(r'<img alt="([^"]*)" src="((?:\.\./)*_images/[^"]+\.png)" />')
DPI = STYLE["figure.dpi"]
GAP = 11  # pixels; between an axis and its label there are fewer


def pieces(path):
    """Return the boxes of a picture's pieces, in inches, and the picture's width."""
    with Image.open(path) as image:
        white = (np.asarray(image.convert("L")) == 255).all(axis=0)
        width, height = image.width / DPI, image.height / DPI
    starts, ends = np.flatnonzero(np.diff(white.astype(int), prepend=0, append=0)).reshape(-1, 2).T
    inside = (ends - starts >= GAP) & (starts > 0) & (ends < len(white))
    edges = _edges(width, (starts + ends)[inside] / 2 / DPI)
    return [Bbox.from_extents(left, 0, right, height) for left, right in pairwise(edges)], width


def in_pieces(match, page):
    """Return the HTML of a picture: as it was, or once for each piece; the first carries the words."""
    alt, source = match.groups()
    boxes, width = pieces(page.parent / source)
    if len(boxes) == 1:
        return match[0]
    window = "; aspect-ratio: {:.3f}; object-fit: cover; object-position: {:.3f}% 0"
    return _panels(
        unescape(alt),
        [
            (source, box, window.format(box.width / box.height, 100 * box.x0 / (width - box.width)))
            for box in boxes
        ],
    )


def stack_panels(app, error):
    """Show the wide pictures of the written pages in pieces."""
    if error or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        page.write_text(PICTURE.sub(lambda match, page=page: in_pieces(match, page), html), encoding="utf-8")


def setup(app):
    """Connect to Sphinx: when the pages are written and their pictures beside them."""
    app.connect("build-finished", stack_panels)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
