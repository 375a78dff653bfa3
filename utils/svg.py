"""A matplotlib figure as lean SVG with words as words, in the colors of the page that it stands on.

One path for all figures: frames, live figures, and the still figures of cells. Black becomes the color of the
page's text, white its ground, a gray something between; other colors stay. The words have the page's font.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import io
import itertools
import re
from html import escape
from typing import NamedTuple
from xml.etree import ElementTree

import matplotlib.pyplot as plt
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex
from matplotlib.ticker import LogFormatter
from PIL import Image

from utils import panels

OWN = "own-color"  # what keeps its black or white, since it stands on a color
#: Orange and sky blue of `plotting.COLORS`, and how many percent of them are left to be seen on white, too.
LIGHT = {"e69f00": 76, "56b4e9": 72}
NAMESPACE = "xmlns='http://www.w3.org/2000/svg'"
HEAD = "fill='currentColor' font-size='10' stroke-linejoin='round'"


class Panel(NamedTuple):
    """The inside of an `<svg>`, its left end and size in points, and whether it has an image or a mesh."""

    inside: str
    left: float
    width: float
    height: float
    pixels: bool

    def svg(self, attributes=""):
        """Return the whole `<svg>` element."""
        box = f"{self.left:g} 0 {self.width:g} {self.height:g}"
        marked = " class='pixels'" if self.pixels else ""
        return f"<svg viewBox='{box}'{marked} {attributes} {HEAD}>{self.inside}</svg>"


def lean(figure, edges=None):
    """Return a matplotlib figure as a list of `Panel`.

    Args:
        figure: its layout is done here once and for all, and powers of ten on its axes become letters.
        edges: where to cut it, in inches; by default where `panels.edges` does.
    """
    _write_powers(figure)
    if engine := figure.get_layout_engine():
        engine.execute(figure)  # once, not at each drawing
        figure.set_layout_engine("none")
    edges = edges or panels.edges(figure)
    with _prepared(figure, edges):
        root = ElementTree.fromstring(_draw(figure))
    shapes = {e.get("id"): e for defs in root.iter("defs") for e in defs if e.get("id")}
    # Named after what they are, so that all figures of a page may share them.
    names = {name: f"s{hashlib.sha1(_write(e, {}).encode()).hexdigest()[:7]}" for name, e in shapes.items()}
    found, height = [], float(root.get("viewBox").split()[3])
    for k, (left, right) in enumerate(itertools.pairwise(edges)):
        # What is in no panel is the background; a figure in one piece is taken whole.
        mine = [e for e in root.find("g") if e.get("id") == f"panel-{k}" or len(edges) == 2]
        inside = "".join(_write(e, names) for e in mine)
        used = {names[name]: e for name, e in shapes.items() if f"#{names[name]}" in inside}
        if defs := "".join(_write(e, names, name) for name, e in used.items()):
            inside = f"<defs>{defs}</defs>{inside}"
        pixels = any(e.tag == "image" or "QuadMesh" in e.get("id", "") for part in mine for e in part.iter())
        place = (round(72 * float(x), 1) for x in (left, right - left))
        found.append(Panel(inside, *place, height, pixels))
    return found


def document(figure):
    """Return a matplotlib figure as an SVG file, of which each panel is an `<svg>` of its own."""
    row = lean(figure)
    width, height = sum(panel.width for panel in row), row[0].height
    inside = "".join(
        panel.svg(f"x='{panel.left:g}' width='{panel.width:g}' height='{panel.height:g}'") for panel in row
    )
    head = f"class='lean' viewBox='0 0 {width:g} {height:g}' font-family='sans-serif'"
    return f"<svg {NAMESPACE} {head}>{inside}</svg>"


def read(text):
    """Return the panels of an SVG file that `document` made, and none of any other."""
    root = ElementTree.fromstring(text.replace(NAMESPACE, ""))
    return [
        Panel(
            "".join(ElementTree.tostring(e, encoding="unicode") for e in panel),
            *(float(n) for k, n in enumerate(panel.get("viewBox").split()) if k != 1),
            panel.get("class") == "pixels",
        )
        for panel in (root if root.get("class") == "lean" else ())
    ]


class _Letters:
    """Of a logarithmic axis: it writes 10⁻³ in letters, not as mathematics, slow and for one font."""

    def __call__(self, *place):
        """Return a tick's label."""
        words = re.sub(r"\$\\mathdefault\{(.*)\}\$", r"\1", super().__call__(*place)).replace(r"\times", "×")
        return re.sub(r"\^\{(.*?)\}", lambda power: power[1].translate(POWERS), words)


POWERS = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _write_powers(figure):
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        for formatter in (axis.get_major_formatter(), axis.get_minor_formatter()):
            if isinstance(formatter, LogFormatter) and not isinstance(formatter, _Letters):
                formatter.__class__ = type("Plain", (_Letters, type(formatter)), {})


@contextlib.contextmanager
def _prepared(figure, edges):
    """Within a `with`, a figure names its parts by panel, and words that keep their color, on no ground."""
    marks = []
    for part in panels.parts(figure) if len(edges) > 2 else ():
        middle = part.get_window_extent().intervalx.mean() / figure.dpi
        marks.append((part, f"panel-{sum(edge < middle for edge in edges[1:-1])}"))
    for axes in figure.axes:
        colored = axes.images or any(isinstance(c, QuadMesh) for c in axes.collections)
        marks += [(text, OWN) for text in axes.texts if colored or to_hex(text.get_color()) == "#ffffff"]
    grounds = [area for area in (figure.patch, *(axes.patch for axes in figure.axes)) if area.get_visible()]
    grounds = [area for area in grounds if to_hex(area.get_facecolor()) == "#ffffff"]
    names, dpi, canvas = [part.get_gid() for part, _ in marks], figure.dpi, figure.canvas
    try:
        for part, name in marks:
            part.set_gid(name)
        for area in grounds:
            area.set_visible(False)
        yield
    finally:
        for (part, _), name in zip(marks, names, strict=True):
            part.set_gid(name)
        for area in grounds:
            area.set_visible(True)
        figure.dpi = dpi
        figure.set_canvas(canvas)


def _draw(figure):
    """Return matplotlib's own SVG, without its namespaces."""
    for image in (image for axes in figure.axes for image in axes.images):
        if image.get_interpolation() in ("auto", "antialiased", "nearest"):
            image.set_interpolation("none")  # its own pixels, which the browser enlarges
    file = io.StringIO()
    # A fixed salt gives like shapes like names. `savefig` would draw twice.
    with plt.rc_context({"svg.hashsalt": "lean", "svg.fonttype": "none"}):
        FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None})
    return file.getvalue().replace(' xmlns="http://www.w3.org/2000/svg"', "").replace("xlink:href", "href")


def _write(element, names, name=None, own=False):
    """Return an element as text, without what changes nothing; `name` is the id that it is given."""
    tag, mesh = element.tag, "QuadMesh" in element.get("id", "")
    own = own or mesh or element.get("id") == OWN
    attributes = {key: value for key, value in element.items() if key not in ("id", "style")}
    style = _style(element.get("style", ""), own)
    if tag == "text" and own and "fill:" not in style:
        style = f"{style};fill:#000".lstrip(";")
    if tag == "path":
        if not attributes.get("d", "").strip() or style in ("fill:none", "fill:none;stroke-linejoin:miter"):
            return ""  # nothing, or an invisible background
        attributes["d"] = _path(attributes["d"], 100 if name else 10)
    elif tag in ("defs", "metadata"):
        return ""
    elif tag != "image":
        for key in attributes.keys() & {"x", "y", "width", "height"}:
            attributes[key] = _number(float(attributes[key]))
        turn = attributes.pop("transform", "")
        if turn and not turn.startswith(("rotate(-0 ", "rotate(0 ")):
            attributes["transform"] = re.sub(r"-?\d+\.\d+", lambda n: _number(float(n[0]), 100), turn)
    if link := attributes.get("href"):
        attributes["href"] = f"#{names.get(link[1:])}" if link[0] == "#" else _picture(link)
    if clip := attributes.get("clip-path"):
        attributes["clip-path"] = f"url(#{names.get(clip[5:-1])})"
    style = re.sub(r"(?<=url\(#)\w+", lambda hatch: names.get(hatch[0], ""), style)
    if mesh:
        attributes["shape-rendering"] = "crispEdges"  # no seams
    inside = _words(element) if tag == "text" else "".join(_write(e, names, None, own) for e in element)
    if tag == "g" and not (inside and attributes):
        return inside
    head = f" id='{name}'" if name else ""
    head += "".join(f" {key}='{escape(value)}'" for key, value in attributes.items())
    head += f" style='{style}'" if style else ""
    return f"<{tag}{head}>{inside}</{tag}>" if inside else f"<{tag}{head}/>"


@functools.cache
def _style(text, own):
    """Return a style without defaults, and with the page's colors, unless they are the element's own."""
    kept = []
    for key, value in (entry.split(":", 1) for entry in text.split(";") if entry.strip()):
        key, value = key.strip(), value.strip()
        if key == "font":  # of matplotlib before 3.11: weight and size, then the family
            value = re.search(r"[\d.]+px", value)[0]
            key = "font-size"
        if key in ("fill", "stroke") and not own:
            value = _color(value)
        if (key, value) not in DEFAULTS and key != "font-family":
            kept.append(f"{key}:{re.sub(r', *', ',', value)}")
    return ";".join(kept)


DEFAULTS = {
    ("font-size", "10px"),
    ("text-anchor", "start"),
    ("stroke-dashoffset", "0"),
    ("stroke-linecap", "butt"),
}


def _color(value):
    """Return what a color is on a page: black, white and grays are the page's, light colors made visible."""
    if not re.fullmatch("#[0-9a-f]{6}", value):
        return value
    digits = value[1:]
    if digits in LIGHT:
        return f"color-mix(in srgb,{value} {LIGHT[digits]}%,currentColor)"
    if not digits[:2] == digits[2:4] == digits[4:]:
        return value
    share = 100 - int(digits[:2], 16) / 2.55
    if share in (0, 100):
        return "currentColor" if share else "var(--ground,#fff)"
    return f"color-mix(in srgb,currentColor {share:.0f}%,var(--ground,#fff))"


def _number(value, scale=10):
    text = f"{round(value * scale) / scale:g}"
    return re.sub(r"^(-?)0\.", r"\1.", text) if text != "-0" else "0"


def _path(d, scale):
    """Return a path with relative steps, in tenths or hundredths of a point."""
    out, at, start = [], (0, 0), (0, 0)
    for command, numbers in re.findall(r"([MLQCz])([^MLQCz]*)", d):
        points = [round(scale * float(number)) for number in numbers.split()]
        steps = [point - (0 if command == "M" else at[k % 2]) for k, point in enumerate(points)]
        at = tuple(points[-2:]) or start
        if command == "M":
            start = at
        elif command == "L" and steps == [0, 0] and out[-1][0] == "l":
            continue  # no step at all
        text = " ".join(_number(step / scale, scale) for step in steps).replace(" -", "-")
        out.append((command if command == "M" else command.lower()) + text)
    return "".join(out)


def _words(text):
    """Return the words of a text; mathematics, which is set letter by letter, flows in any font."""
    if not len(text):
        return escape(text.text or "")
    letters = [
        (float(x), float(run.get("y")), run.get("style", ""), letter)
        for run in text
        for x, letter in zip(run.get("x").split(), run.text, strict=True)
    ]
    out, at = "", 0  # matplotlib puts those of one style together
    for (y, style), run in itertools.groupby(sorted(letters), lambda letter: letter[1:3]):
        words, look = escape("".join(letter[3] for letter in run)), _style(style, True)
        place = f"dy='{_number(y - at)}'" + (f" style='{look}'" if look else "")
        out, at = f"{out}<tspan {place}>{words}</tspan>", y
    return out


@functools.cache
def _picture(uri):
    """Return a PNG's data URI as that of a lossless WebP, without an alpha that it does not use."""
    image, file = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))), io.BytesIO()
    if image.mode == "RGBA" and image.getextrema()[3] == (255, 255):
        image = image.convert("RGB")
    image.save(file, "WEBP", lossless=True, quality=100, method=6)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
