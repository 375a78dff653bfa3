"""A figure drawn once for each value of its parameters; sliders choose among the frames."""

import functools
import gzip
import inspect
import io
import itertools
import time
from html import escape

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.display import HTML, display
from PIL import Image

from utils.explore.element import BUDGET, fault, heading, over_budget
from utils.explore.encoding import svg_uri, webp_uri
from utils.explore.panels import find_pieces, panels_html

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
        raise fault(title, f"pass one or two lists of values by name, such as lr=[.01, .1], not {len(lists)}")
    points = [dict(zip(lists, point, strict=True)) for point in itertools.product(*lists.values())]
    stills = _stills(title, lists, points, still)
    try:
        _call(inspect.signature(draw).bind, points[0])
    except TypeError as error:
        raise fault(title, f"draw does not take {' and '.join(lists)} ({error})") from None
    alts = [_alt(title, alt, point) for point in points]
    images = images_html(title, _pictures(title, draw, points), alts, stills, budget)
    captions = "".join(
        f"<figure>{images[k]}<figcaption>{escape(_name(points[k]))}</figcaption></figure>" for k in stills
    )
    box = Frames(_linked(lists, points[stills[0]], images, play))
    box.heading = f'{STYLE}{heading(title, notice)}<div class="explore-still">{captions}</div>'
    return box.add_class("explore-live")


def _text(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def _name(point):
    return ", ".join(f"{name.replace('_', ' ')} = {_text(value)}" for name, value in point.items())


def _call(function, point):
    return function(**point) if len(point) > 1 else function(*point.values())


def _values(title, name, values):
    """Return a list of Python's own numbers, which print and compare alike."""
    if isinstance(values, str) or not hasattr(values, "__iter__") or not (values := list(values)):
        raise fault(title, f"{name} needs a list with at least one value, not {values!r}")
    values = [value.item() if hasattr(value, "item") else value for value in values]
    if len({_text(value) for value in values}) < len(values):
        raise fault(title, f"two values of {name} read the same")
    return values


def _stills(title, lists, points, still):
    """Return the indices of the still points."""
    middle = tuple(values[len(values) // 2] for values in lists.values())
    wanted = [s if isinstance(s, tuple) else (s,) for s in ([middle] if still is None else still)]
    places = {tuple(point.values()): k for k, point in enumerate(points)}
    if not wanted or any(point not in places for point in wanted):
        raise fault(title, f"still needs a list of values that have a frame, not {still!r}")
    return [places[point] for point in wanted]


def _alt(title, alt, point):
    text = _call(alt, point)
    if not isinstance(text, str) or not text.strip():
        raise fault(title, f"alt returned {text!r} for {_name(point)}, not what that frame shows")
    return text


def _pictures(title, draw, points):
    """Draw every point; past two seconds show a line that counts them, and empty it at the end."""
    start, line, pictures = time.monotonic(), None, []
    try:
        for point in points:
            pictures.append(picture(title, draw, point))
            if time.monotonic() - start > 2 and get_ipython():
                line = line or display(HTML(""), display_id=True)
                line.update(HTML(escape(f"Drawing “{title}”: {len(pictures)} of {len(points)}")))
    finally:
        if line:
            line.update(HTML(""))
    return pictures


def picture(title, draw, point):
    """Return a point's figure, closed, the boxes of its pieces in inches, and an SVG of each."""
    figure = _call(draw, point)
    figure = figure[0] if isinstance(figure, tuple) and figure else figure
    if not isinstance(figure, plt.Figure):
        raise fault(title, f"draw returned {type(figure).__name__} for {_name(point)}, not a Figure")
    plt.close(figure)
    if engine := figure.get_layout_engine():
        engine.execute(figure)  # once, not at each drawing
        figure.set_layout_engine("none")
    pieces, svgs = find_pieces(figure), []
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


def pixels_of(figure, boxes):
    """Return the pieces of a closed figure as images of twice the size."""
    png = io.BytesIO()
    with plt.rc_context({"savefig.bbox": "standard"}):
        figure.savefig(png, format="png", dpi=200, facecolor="white")
    image = Image.open(png).convert("RGB")
    return [image.crop((round(200 * box.x0), 0, round(200 * box.x1), image.height)) for box in boxes]


def images_html(title, pictures, alts, stills, budget):
    """Return each picture as HTML: SVG for curves, else the best WebP that fits the budget."""

    def html(sources):
        return [
            panels_html(alt, [(uri, box, "") for uri, box in zip(uris, boxes, strict=True)])
            for alt, uris, (_, boxes, _) in zip(alts, sources, pictures, strict=True)
        ]

    @functools.cache
    def pixels():
        return [pixels_of(figure, boxes) for figure, boxes, _ in pictures]

    def webp(**options):
        return html([webp_uri(image, **options) for image in images] for images in pixels())

    def size(images):  # the widget round a frame adds about 100 bytes
        page = "".join(images + [images[k] for k in stills])
        return len(gzip.compress(page.encode())) + 100 * len(images)

    svg = html([svg_uri(svg) for svg in svgs] for _, _, svgs in pictures)
    curves = [svg] if size(svg) <= 10_000 * len(svg) else []  # many points or pixels are smaller as WebP
    coarser = ({}, {"colours": 64}, {"colours": 24}, {"shrink": 2, "quality": 50})
    sizes = []
    for images in itertools.chain(curves, (webp(**options) for options in coarser)):
        sizes.append(size(images))
        if sizes[-1] <= budget:
            return images
    raise over_budget(title, min(sizes), budget, "draw fewer values, a smaller figure or fewer things in it")


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
