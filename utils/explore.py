"""Interactive figures that move with no kernel: drawn frame by frame, or computed in the reader's browser."""

import base64
import functools
import gzip
import inspect
import io
import itertools
import json
import math
import re
import time
from html import escape
from pathlib import Path
from urllib.parse import quote

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.display import HTML, display
from matplotlib.transforms import Bbox
from PIL import Image

BUDGET = 150_000  #: bytes that one figure may add to a gzipped page
WIDE, PANEL = 5.2, 4.3  #: inches; a wide figure is cut between its panels, which stack in a narrow window
#: Stills are for print and for browsers without JavaScript, the sliders for everybody else.
#: A progress line leaves an empty output, which a dark theme would show as a bar.
STYLE = """<style>@media screen { .explore-still, .output:empty { display: none } }
@media print { .explore-live { display: none !important } }
.explore-still figure { display: inline-block; max-width: 100%; margin: 0 1em 1em 0 }</style>
<noscript><style>.explore-still { display: block !important }</style></noscript>"""


class Frames(ipywidgets.VBox):
    """What `frames` returns: an ipywidgets box of sliders and the frames that they choose among.

    It is displayed below its heading and its still pictures; the lesson "From scratch" has the first.
    """

    heading = ""

    def _ipython_display_(self):
        display(HTML(self.heading))
        if hasattr(self, "_repr_mimebundle_"):
            display(self._repr_mimebundle_(), raw=True)
        else:  # ipywidgets 7
            super()._ipython_display_()


def frames(draw, *, title, notice, alt, still=None, play=False, budget=BUDGET, **parameters):
    """Draw a figure for each value of one or two parameters; sliders choose among them in the browser.

    Most lessons have such a figure; the first is in the lesson "From scratch".

    Args:
        draw: takes a value (of two parameters: both, by keyword) and returns a matplotlib figure, alone or
            as (figure, axes). If it is wider than 5.2 inches, its panels stack in a narrow window.
        title: what to try, shown above the sliders.
        notice: what to notice, shown below the title.
        alt: takes the same as `draw` and returns the alternative text of that frame.
        still: a list of the values (of two parameters: pairs) whose frames stand in print and without
            JavaScript; the sliders start at the first. None is the middle value.
        play: whether the first parameter gets a play button.
        budget: how many bytes the figure may add to the gzipped page.
        parameters: one or two lists of numbers, strings or booleans; their names label the sliders.
    Returns:
        A `Frames`. Every matplotlib figure is closed.
    Raises:
        ValueError: if the lists are empty or do not fit `draw`, if `draw` returns no figure or `alt` no text,
            if a still is not among the values, or if the budget is exceeded. It names the figure.
    """
    lists = {name: _values(title, name, values) for name, values in parameters.items()}
    if not 1 <= len(lists) <= 2:
        raise _error(
            title, f"pass one or two lists of values by name, such as lr=[.01, .1], not {len(lists)}"
        )
    points = [dict(zip(lists, point, strict=True)) for point in itertools.product(*lists.values())]
    stills = _stills(title, lists, points, still)
    try:
        _call(inspect.signature(draw).bind, points[0])
    except TypeError as error:
        raise _error(title, f"draw does not take {' and '.join(lists)} ({error})") from None
    alts = [_alt(title, alt, point) for point in points]
    images = _images(title, _pictures(title, draw, points), alts, stills, budget)
    captions = "".join(
        f"<figure>{images[k]}<figcaption>{escape(_name(points[k]))}</figcaption></figure>" for k in stills
    )
    box = Frames(_linked(lists, points[stills[0]], images, play))
    box.heading = f'{STYLE}{_heading(title, notice)}<div class="explore-still">{captions}</div>'
    return box.add_class("explore-live")


def _error(title, text):
    return ValueError(f"The figure “{title}”: {text}.")


def _over(title, size, budget, remedy):
    return _error(
        title, f"{size / 1000:.0f} KB gzipped are over its budget of {budget / 1000:.0f} KB; {remedy}"
    )


def _heading(title, notice):
    return f"<p><strong>{escape(title)}</strong></p><p>{escape(notice)}</p>"


def _text(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def _name(point):
    return ", ".join(f"{name.replace('_', ' ')} = {_text(value)}" for name, value in point.items())


def _call(function, point):
    return function(**point) if len(point) > 1 else function(*point.values())


def _values(title, name, values):
    """Return a list of Python's own numbers, which print and compare alike."""
    if isinstance(values, str) or not hasattr(values, "__iter__") or not (values := list(values)):
        raise _error(title, f"{name} needs a list with at least one value, not {values!r}")
    values = [value.item() if hasattr(value, "item") else value for value in values]
    if len({_text(value) for value in values}) < len(values):
        raise _error(title, f"two values of {name} read the same")
    return values


def _stills(title, lists, points, still):
    """Return the indices of the still points."""
    middle = tuple(values[len(values) // 2] for values in lists.values())
    wanted = [s if isinstance(s, tuple) else (s,) for s in ([middle] if still is None else still)]
    places = {tuple(point.values()): k for k, point in enumerate(points)}
    if not wanted or any(point not in places for point in wanted):
        raise _error(title, f"still needs a list of values that have a frame, not {still!r}")
    return [places[point] for point in wanted]


def _alt(title, alt, point):
    text = _call(alt, point)
    if not isinstance(text, str) or not text.strip():
        raise _error(title, f"alt returned {text!r} for {_name(point)}, not what that frame shows")
    return text


def _pictures(title, draw, points):
    """Draw every point; past two seconds show a line that counts them, and empty it at the end."""
    start, line, pictures = time.monotonic(), None, []
    try:
        for point in points:
            pictures.append(_picture(title, draw, point))
            if time.monotonic() - start > 2 and get_ipython():
                line = line or display(HTML(""), display_id=True)
                line.update(HTML(escape(f"Drawing “{title}”: {len(pictures)} of {len(points)}")))
    finally:
        if line:
            line.update(HTML(""))
    return pictures


def _picture(title, draw, point):
    """Return a point's figure, closed, the boxes of its pieces in inches, and an SVG of each."""
    figure = _call(draw, point)
    figure = figure[0] if isinstance(figure, tuple) and figure else figure
    if not isinstance(figure, plt.Figure):
        raise _error(title, f"draw returned {type(figure).__name__} for {_name(point)}, not a Figure")
    plt.close(figure)
    if engine := figure.get_layout_engine():
        engine.execute(figure)  # once, not at each drawing
        figure.set_layout_engine("none")
    pieces, svgs = _pieces(figure), []
    for box, others in pieces:
        svg = io.StringIO()
        for part in others:
            part.set_visible(False)
        # A fixed salt gives like parts like names, so gzip stores them once; paths need no font there.
        with plt.rc_context({"svg.hashsalt": "frames", "svg.fonttype": "path"}):
            figure.savefig(svg, format="svg", facecolor="white", metadata={"Date": None}, bbox_inches=box)
        svgs.append(svg.getvalue())
        for part in others:
            part.set_visible(True)
    return figure, [box for box, _ in pieces], svgs


def _pieces(figure):
    """Return the boxes, in inches, of the pieces of a figure, each with what stands in the others."""
    width, height = figure.get_size_inches()
    parts = [part for part in figure.get_children() if part is not figure.patch and part.get_visible()]
    if width <= WIDE or len(figure.axes) == 1:
        parts = []  # one piece: do not pay for their places
    spans = [part.get_tightbbox().intervalx / figure.dpi for part in parts]
    edges = _edges(width, _gaps(spans))
    return [
        (
            Bbox.from_extents(left, 0, right, height),
            [part for part, span in zip(parts, spans, strict=True) if not left <= span.mean() <= right],
        )
        for left, right in itertools.pairwise(edges)
    ]


def _gaps(spans):
    """Return the middles of the gaps between these intervals."""
    spans = sorted(map(tuple, spans))
    reached = itertools.accumulate((right for _, right in spans), max)
    return [(end + left) / 2 for end, (left, _) in zip(reached, spans[1:], strict=False) if end < left]


def _edges(width, gaps):
    """Return where the pieces of a picture begin and end, from 0 to its width: few, and none too wide."""
    for n in range(2, len(gaps) + 2) if width > WIDE else ():
        cuts = {min(gaps, key=lambda gap, ideal=k * width / n: abs(gap - ideal)) for k in range(1, n)}
        edges = [0, *sorted(cuts), width]
        if all(right - left <= PANEL for left, right in itertools.pairwise(edges)):
            return edges
    return [0, width]


def _panels(alt, pieces):
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


def _pixels(figure, boxes):
    """Return the pieces of a closed figure as images of twice the size."""
    png = io.BytesIO()
    with plt.rc_context({"savefig.bbox": "standard"}):
        figure.savefig(png, format="png", dpi=200, facecolor="white")
    image = Image.open(png).convert("RGB")
    return [image.crop((round(200 * box.x0), 0, round(200 * box.x1), image.height)) for box in boxes]


def _images(title, pictures, alts, stills, budget):
    """Return each picture as HTML: SVG for curves, else the best WebP that fits the budget."""

    def html(sources):
        return [
            _panels(alt, [(uri, box, "") for uri, box in zip(uris, boxes, strict=True)])
            for alt, uris, (_, boxes, _) in zip(alts, sources, pictures, strict=True)
        ]

    @functools.cache
    def pixels():
        return [_pixels(figure, boxes) for figure, boxes, _ in pictures]

    def webp(**options):
        return html([_webp(image, **options) for image in images] for images in pixels())

    def size(images):  # the widget round a frame adds about 100 bytes
        page = "".join(images + [images[k] for k in stills])
        return len(gzip.compress(page.encode())) + 100 * len(images)

    svg = html([_svg(svg) for svg in svgs] for _, _, svgs in pictures)
    curves = [svg] if size(svg) <= 10_000 * len(svg) else []  # many points or pixels are smaller as WebP
    coarser = ({}, {"colours": 64}, {"colours": 24}, {"shrink": 2, "quality": 50})
    sizes = []
    for images in itertools.chain(curves, (webp(**options) for options in coarser)):
        sizes.append(size(images))
        if sizes[-1] <= budget:
            return images
    raise _over(title, min(sizes), budget, "draw fewer values, a smaller figure or fewer things in it")


def _svg(svg):
    """Return a data URI, without what no browser draws: a page's text must be parsed before it is usable."""
    svg = re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"([1-9]\d*\.\d\d)\d+", r"\1", re.sub(r"\s+", " ", svg))  # a hundredth of a point will do
    svg = re.sub(r" ?([MLQCz]) (?=[-\d\"])", r"\1", svg.strip())  # of paths
    # Single quotes need no escape in a page's attribute, and stand already where a name has double ones.
    svg = re.sub(r"'[^']*'|\"[^\"]*\"", lambda m: "'" + m[0][1:-1].replace("'", "&#39;") + "'", svg)
    return "data:image/svg+xml," + quote(svg, safe=" ,:;=()/-'")


def _webp(image, *, shrink=1, colours=0, quality=0):
    """Return a data URI; quality 0 is lossless, colours 0 keeps them all."""
    image = image.reduce(shrink)
    if colours:
        image = image.quantize(colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).convert(
            "RGB"
        )
    file = io.BytesIO()
    image.save(file, "WEBP", lossless=not quality, quality=quality or 80)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


def _control(name, values, start):
    few_words = len(values) <= 5 and all(isinstance(value, str | bool) for value in values)
    return (ipywidgets.ToggleButtons if few_words else ipywidgets.SelectionSlider)(
        options=[(_text(value), value) for value in values],
        value=start,
        description=name.replace("_", " "),
        style={"description_width": "initial"},
        layout={"width": "auto", "max_width": "36em"},
    )


def _linked(lists, start, images, play):
    """Return the controls and the stack of frames they choose from, linked in the browser."""
    controls = [_control(name, values, start[name]) for name, values in lists.items()]
    arrange = _stacked if hasattr(ipywidgets, "Stack") else _switched  # ipywidgets 7, which Colab has
    shown = arrange(controls, images)
    if play:
        button = ipywidgets.Play(max=len(controls[0].options) - 1, value=controls[0].index, interval=600)
        ipywidgets.jslink((button, "value"), (controls[0], "index"))
        controls.insert(0, button)
    return [*controls, *shown]


def _stacked(controls, images):
    """Return the frames in stacks that the controls switch in the browser."""
    first = ipywidgets.HTML(images[0])
    shared = {"layout": first.layout, "style": first.style}  # one model a frame, not three
    stacks = [first, *(ipywidgets.HTML(image, **shared) for image in images[1:])]
    for control in reversed(controls):  # the last parameter varies fastest: its stacks are the inner ones
        n = len(control.options)
        stacks = [
            ipywidgets.Stack(stacks[k : k + n], selected_index=control.index)
            for k in range(0, len(stacks), n)
        ]
        for stack in stacks:
            ipywidgets.jslink((control, "index"), (stack, "selected_index"))
    return stacks


def _switched(controls, images):
    """Return one frame whose picture the kernel changes when a control moves."""
    frame = ipywidgets.HTML()

    def show(change=None):
        chosen = np.ravel_multi_index([c.index for c in controls], [len(c.options) for c in controls])
        frame.value = images[chosen]

    show()
    for control in controls:
        control.observe(show, "index")
    return [frame]


def element(name, *, title, notice, fallback, **data):
    """Show a custom element of `utils/elements/`, which computes in the browser.

    The figures below are made with it; the first is in the lesson "A line through points".

    Args:
        name: the element's file without `.js`.
        title: what to try, shown above the figure.
        notice: what to notice, shown below the title.
        fallback: HTML shown in its stead where JavaScript is off.
        data: what the element finds in `this.data`; anything that `json` writes.
    Returns:
        An IPython `HTML` object, one string with the element and its script.
    Raises:
        ValueError: if it adds over 150 KB to a gzipped page.
    """
    tag = f"explore-{name.replace('_', '-')}"
    folder = Path(__file__).with_name("elements")
    script = "".join((folder / f"{part}.js").read_text("utf-8") for part in ("base", name))
    data = escape(json.dumps(data))
    page = f"""<{tag} class="explore" role="group" aria-label="{escape(title)}" data="{data}">
<div slot="heading">{_heading(title, notice)}</div>{fallback}</{tag}>
<script>if (!customElements.get("{tag}")) {{
{script}}}</script>"""
    if (size := len(gzip.compress(page.encode()))) > BUDGET:
        raise _over(title, size, BUDGET, "keep fewer images")
    return HTML(page)


def _table(head, rows):
    """Return an HTML table; a row's first entry is its header."""
    head = "".join(f'<th scope="col">{escape(entry)}</th>' for entry in head)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{entry}</td>" for entry in row)}</tr>'
        for name, *row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def softmax(logits=(2.0, 1.0, 0.0), classes=("shirt", "coat", "bag")):
    """Show logits, a temperature and a common shift as sliders, and the softmax probabilities as bars.

    Used in the lesson "From scores to probabilities".

    Args:
        logits: numbers from −5 to 5, one for each class.
        classes: as many names.
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if there are not as many logits as classes.
    """
    powers = [math.exp(z - max(logits)) for z in logits]
    probabilities = [f"{power / sum(powers):.3f}" for power in powers]
    return element(
        "softmax",
        title="Try it: move the logits, add the same number to all of them, then change the temperature.",
        notice="Notice: only differences between logits count, so adding to all of them changes nothing. "
        "Towards temperature 0 the largest takes all; towards infinity all classes become alike.",
        fallback=_table(("class", "logit", "probability"), zip(classes, logits, probabilities, strict=True)),
        logits=list(logits),
        classes=list(classes),
    )


def cross_entropy(p=0.1):
    """Show the cross-entropy loss, and its gradient p − 1, over the probability p of the true class.

    Used in the lesson "From scores to probabilities".

    Args:
        p: where the slider starts, from 0.0001 to 0.9999; 0.1 is a blind guess among ten classes.
    Returns:
        An IPython `HTML` object.
    """
    rows = [(f"{q:g}", f"{-math.log(q):.4g}", f"{q - 1:.4g}") for q in (0.0001, 0.01, 0.1, 0.5, 0.9, 0.9999)]
    return element(
        "cross_entropy",
        title="Try it: make the model ever surer of a wrong class (p towards 0), then of the true one.",
        notice="Notice: the loss grows without bound, but its gradient with respect to the true class's "
        "logit, p − 1, never passes −1.",
        fallback=_table(("probability p of the true class", "loss −log p", "gradient p − 1"), rows),
        p=p,
    )


def confusion(counts, classes, images_by_cell):
    """Show a confusion matrix whose chosen cell shows its images (lesson "What it learned").

    Args:
        counts: integers (k, k), a row for each true class and a column for each predicted one.
        classes: the k names.
        images_by_cell: a dictionary from (true index, predicted index) to uint8 images (m, 28, 28), about
            ten of them at most.
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if counts or images have another shape or dtype, or if it adds over 150 KB to a page.
    """
    counts, n = np.asarray(counts), len(classes)
    if counts.shape != (n, n):
        raise ValueError(f"A confusion matrix of {n} classes has shape {n, n}, not {counts.shape}.")
    strips = {}
    for (i, j), images in images_by_cell.items():
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28) or not len(images):
            raise ValueError(
                f"Cell {i, j} needs images uint8 (k, 28, 28), k > 0, not {images.dtype} {images.shape}."
            )
        strips[f"{i},{j}"] = _webp(Image.fromarray(np.hstack(images)))
    wrong = counts - np.diag(np.diag(counts))
    rows = [(name, *row) for name, row in zip(classes, counts.tolist(), strict=True)]
    return element(
        "confusion",
        title="Try it: choose a cell, by pointer or arrow keys, and look at the images that fell into it.",
        notice="Notice: the diagonal is right; the large numbers beside it are classes that look alike.",
        fallback=_table(("true ↓ predicted →", *classes), rows),
        counts=counts.tolist(),
        classes=list(classes),
        images=strips,
        start=[int(k) for k in np.unravel_index(wrong.argmax(), wrong.shape)],  # the most frequent mistake
    )


def _cloud(ranges, **values):
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


def squares(x, y, left=22.0, right=6.0, labels=("x", "y"), unit=""):
    """Show points, a line, and the squares of its errors; sliders or a pointer move the line's two ends.

    A button takes sixty steps of gradient descent on the heights of the ends. Used on the front page; the
    lesson "A line through points" says why squares.

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
    points = _cloud(ranges, x=x, y=y, left=left, right=right)
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
        notice="Drag the ends of the line, or use the sliders.",
        fallback=_images(title, [_picture(title, draw, {"ends": best})], [alt.strip()], [0], BUDGET)[0],
        points=points.tolist(),
        left=float(left),
        right=float(right),
        labels=list(labels),
        least=float(least),
        unit=unit,
    )


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
    points = _cloud(ranges, x=x, y=y, w=w, b=b)
    columns = np.stack([points[:, 0], np.ones(len(points))], 1)
    best = columns @ np.linalg.lstsq(columns, points[:, 1], rcond=None)[0]
    rows = [
        (f"{u:.1f}", f"{v:.1f}", f"{t:.2f}", f"{v - t:.2f}") for (u, v), t in zip(points, best, strict=True)
    ]
    return element(
        "line",
        title="Try it: find the lowest loss with w and b alone, by slider or by dragging, and compare with "
        "the best line. Then move a point far up, and far to the side.",
        notice="Notice: the loss is a bowl over (w, b); each ring lies four times as far above the lowest "
        "loss as the ring inside it. When a point moves up or down, the rings keep their shape and only "
        "their centre moves; when it moves sideways, their shape changes.",
        fallback=_table((*labels, "least-squares line", "residual"), rows),
        points=points.tolist(),
        ranges=ranges,
        labels=list(labels),
        w=float(w),
        b=float(b),
    )


def overflow(gap=95.0, dtype="float32"):
    """Show the cross-entropy of the logits [0, gap] for class 0, and its gradient, in four forms.

    Sliders choose gap and dtype (lesson "Log-sum-exp"). All is computed as torch does it on the CPU, forward
    and backward, and each loss and each gradient by the logits is marked, in this order:

    - NaN (a loss of infinity: inf): an entry is not finite;
    - dead: of every entry less than a hundredth is left;
    - wrong: an entry is off by over 1 %; in bfloat16, whose numbers lie up to 0.8 % apart, by over 2 %;
    - right: none of these.

    Args:
        gap: from 0 to 120, in steps of 0.5.
        dtype: "float64", "float32", "bfloat16" or "float16".
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if gap or dtype is none of these.
    """
    import torch  # here, so that the other figures need not wait for it

    tolerances = {"float64": 0.01, "float32": 0.01, "bfloat16": 0.02, "float16": 0.01}
    if dtype not in tolerances or not 0 <= gap <= 120 or gap % 0.5:
        raise ValueError(f"gap needs 0 to 120 by 0.5, dtype one of {list(tolerances)}, not {gap}, {dtype!r}.")

    def softmax(o):
        e = o.exp()
        return e / e.sum()

    forms = {
        "naive": ("−log(naive softmax)", lambda o: -softmax(o)[0].log()),
        "shift": ("−log(max-shift softmax)", lambda o: -softmax(o - o.max())[0].log()),
        "clamp": ("−log(max-shift softmax + 1e-8)", lambda o: -(softmax(o - o.max())[0] + 1e-8).log()),
        "lse": ("log-sum-exp (F.cross_entropy)", lambda o: -o.log_softmax(0)[0]),
    }

    def mark(values, truths):
        shares = [value / truth for value, truth in zip(values, truths, strict=True)]
        if not all(map(math.isfinite, values)):
            return "inf" if values[0] == math.inf else "NaN"
        if all(abs(share) < 0.01 for share in shares):
            return "dead"
        return "wrong" if any(abs(share - 1) > tolerances[dtype] for share in shares) else "right"

    def entry(form, gap):
        o = torch.tensor([0, gap], dtype=getattr(torch, dtype), requires_grad=True)
        (loss := form(o)).backward()
        p = 1 / (1 + math.exp(-gap))
        a, b = o.grad.tolist()
        one, two = mark([loss.item()], [gap - math.log(p)]), mark([a, b], [-p, p])
        return f"loss {loss.item():.4g} ({one}), gradient [{a:.4g}, {b:.4g}] ({two})".replace("-", "−")

    gaps = sorted({5, 9, 12, 18, 50, 88, 89, 100, 104, gap})
    rows = [(f"{gap:g}", *(entry(form, gap) for _, form in forms.values())) for gap in gaps]
    return element(
        "overflow",
        title="Try it: the logits are [0, M], the true class is 0. Widen the gap M and see which form fails "
        "first, and where. Then change the dtype.",
        notice="Notice: a loss can be right while its gradient is NaN, and a gradient can be wrong before "
        "anything is NaN. Adding 1e-8 hides the failure: the gradient is dead, and nothing is learned. (In "
        "float16, 1e-8 is itself 0.) Log-sum-exp is right throughout.",
        fallback=_table((f"gap in {dtype}", *(name for name, _ in forms.values())), rows),
        forms={form: name for form, (name, _) in forms.items()},
        tolerances=tolerances,
        gap=gap,
        dtype=dtype,
    )
