"""A figure drawn once for each value of its parameters; controls in the browser choose among these frames."""

import inspect
import itertools
from html import escape

from utils import panels
from utils.explore import drawing
from utils.explore.between import between
from utils.explore.element import BUDGET, element, fault, heading
from utils.notebook import has_reader


def frames(draw, *, title, notice, alt, still=None, play=False, budget=BUDGET, **parameters):
    """Draw a figure for each value of one or two parameters; sliders choose among them in the browser.

    Most lessons have such a figure; the first is in the lesson "Concise". Where a parameter is given as
    `between(…)` and a reader sits at a kernel, controls ask it for any value; where none does, and when the
    saved notebook is opened again, there are the frames.

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
        An IPython `HTML` object. Every matplotlib figure is closed.
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
        drawing.call(inspect.signature(draw).bind, points[0])
    except TypeError as error:
        raise fault(title, f"draw does not take {' and '.join(lists)} ({error})") from None
    alts = [drawing.words(title, alt, point) for point in points]
    rows = drawing.all_panels(title, draw, points)
    shown = element(
        "frames",
        title=title,
        notice=notice,
        fallback="".join(_still(rows[k], alts[k], points[k]) for k in stills),
        budget=budget,
        parameters=[_control(name, values) for name, values in lists.items()],
        start=[values.index(points[stills[0]][name]) for name, values in lists.items()],
        play=play,
        alts=alts,
        row=panels.ROW,
        frames=[panels.svgs(row) for row in rows],
    )
    if not has_reader() or not any(isinstance(values, between) for values in parameters.values()):
        return shown
    from utils.explore.live import Live  # ipywidgets take a tenth of a second, which nobody else needs

    return Live(shown, draw, alt, title, heading(title, notice), parameters, points[stills[0]])


def _values(title, name, values):
    """Return a list of Python's own numbers, which print and compare alike."""
    if isinstance(values, str) or not hasattr(values, "__iter__") or not (values := list(values)):
        raise fault(title, f"{name} needs a list with at least one value, not {values!r}")
    values = [value.item() if hasattr(value, "item") else value for value in values]
    if len({drawing.text(value) for value in values}) < len(values):
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


def _control(name, values):
    """Return what the element needs for a slider, or for a few words side by side of which one is chosen."""
    texts = [*map(drawing.text, values)]
    return {"name": name.replace("_", " "), "values": texts, "radio": drawing.few_words(values)}


def _still(row, words, point):
    caption = f"<figcaption>{escape(drawing.name(point))}</figcaption>"
    style = "display: inline-block; max-width: 100%; margin: 0 1em 1em 0"
    return f'<figure class="explore-still" style="{style}">{panels.images(row, words)}{caption}</figure>'
