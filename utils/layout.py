"""The layout of a matplotlib figure, shared by figures whose decorations take as much room.

To find it takes nearly half the time of drawing a frame, and most frames of an interactive figure have the
same ticks and labels: only what lies inside of the axes differs.
"""

from __future__ import annotations

import contextlib
import functools

from matplotlib.axis import Axis


class Unclear(Exception):
    """It cannot be told what the layout of a figure depends on."""


def lay_out(figure, known):
    """Place the axes of a figure once and for all, by its own layout engine or as a figure like it.

    Args:
        figure: a matplotlib figure.
        known: a dict of the layouts so far, which grows; each figure of a run gets the same.
    """
    if not (engine := figure.get_layout_engine()):
        return
    key = None
    with contextlib.suppress(Unclear):
        key = decorations(figure)
    if key in known:
        for axes, place in zip(figure.axes, known[key], strict=True):
            axes.set_position(place)
    else:
        engine.execute(figure)
        if key:
            known[key] = [axes.get_position(original=True) for axes in figure.axes]
    figure.set_layout_engine("none")  # else it is found anew at each drawing


def decorations(figure):
    """Return what a figure's layout depends on, as a text, or raise Unclear."""
    inside = [part for part in figure.get_children() if part is not figure.patch]
    if set(map(id, inside)) != set(map(id, figure.axes)):
        raise Unclear  # a title or legend of the whole figure
    found = repr((figure.get_size_inches().tolist(), [_axes(axes) for axes in figure.axes]))
    if " at 0x" in found:
        raise Unclear  # an object, say a function that writes ticks: another may do otherwise
    return found


def _axes(axes):
    place = axes.get_subplotspec()
    if place is None or axes.child_axes or axes.artists or axes.tables:
        raise Unclear
    if not all(part.get_clip_on() for part in (*axes.lines, *axes.collections, *axes.patches, *axes.images)):
        raise Unclear  # what is clipped stays inside
    grid = place.get_gridspec()
    return (
        *(place.get_geometry(), grid.get_width_ratios(), grid.get_height_ratios()),
        *(axes.axison, axes.get_aspect(), axes.get_box_aspect(), axes.get_anchor()),
        [axes.get_title(side) and _height(axes, side) for side in ("left", "center", "right")],
        [_axis(axis) for axis in (axes.xaxis, axes.yaxis)],
        [_text(axes, text) for text in axes.texts],
        _legend(axes),
    )


def _height(axes, side):
    """Return how high a title is; how long it is changes nothing."""
    title = {"left": axes._left_title, "center": axes.title, "right": axes._right_title}[side]
    return round(title.get_window_extent().height, 2)


def _axis(axis):
    def state(thing):
        return type(thing).__name__, sorted((k, _words(v)) for k, v in vars(thing).items() if k != "axis")

    helpers = ("major_locator", "minor_locator", "major_formatter", "minor_formatter")
    return (
        *(axis.get_visible(), axis.get_scale(), axis.get_view_interval().tolist()),
        *(axis.get_label_text(), axis.label.get_visible(), axis.label.get_fontsize()),
        *(sorted(axis.get_tick_params(which).items()) for which in ("major", "minor")),
        *(state(getattr(axis, f"get_{name}")()) for name in helpers),
    )


def _words(value):
    """Return a value as a text; of words given for ticks, which matplotlib hides in a function, the words."""
    if isinstance(value, functools.partial) and value.func is getattr(Axis, "_format_with_dict", None):
        return repr(value.args)
    return repr(value)


def _text(axes, text):
    if type(text).__name__ != "Text" or text.get_transform() not in (axes.transData, axes.transAxes):
        raise Unclear
    return (
        *(text.get_text(), text.get_position(), text.get_fontsize(), text.get_rotation()),
        *(text.get_ha(), text.get_va(), text.get_transform() == axes.transData),
    )


def _legend(axes):
    legend = axes.get_legend()
    if legend is None:
        return None
    if legend.get_bbox_to_anchor() is not axes.bbox:
        raise Unclear  # it stands beside the axes
    return [(text.get_text(), text.get_fontsize()) for text in (legend.get_title(), *legend.get_texts())]
