"""One style for every figure: learning curves, finished or live, grids of images, confusion matrices.

Each function draws under its own style and returns (fig, axes); none changes matplotlib's settings.
"""

from __future__ import annotations

import contextlib
import math
import time

import matplotlib
import matplotlib.pyplot as plt
import torch
from matplotlib.ticker import MaxNLocator

from utils.notebook import has_reader, shell
from utils.svg import document

# https://jfly.uni-koeln.de/color/
#: Okabe and Ito's palette, told apart by colour-blind readers.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
#: What the legends of learning curves say.
LABELS = {"train": "training", "val": "validation"}
#: The book's settings of matplotlib, which `style` applies.
STYLE = {
    "axes.axisbelow": True,
    "axes.prop_cycle": plt.cycler(color=COLORS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "axes.grid": True,
    "grid.color": "0.9",
    "figure.dpi": 140,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "image.cmap": "gray",
    "legend.frameon": False,
    "lines.markersize": 4,
}


def plot_history(history, axes=None):
    """Plot a `training.History`: loss on the left, accuracy on the right where there is one (lesson "Train").

    Args:
        history: lists of one value an epoch.
        axes: those that an earlier call returned, to redraw in place.
    Returns:
        (fig, axes), one axes for each panel.
    """
    if axes is None:
        has_accuracy = any(math.isfinite(value) for value in history.train_accuracy)
        axes = _empty_curves(("loss", "accuracy") if has_accuracy else ("loss",))
    for ax in axes:
        for line in ax.lines:
            values = getattr(history, line.get_gid())
            line.set_data(range(1, len(values) + 1), values)
            line.set_label(LABELS[line.get_gid().split("_")[0]] if values else "")
        ax.relim()
        ax.autoscale_view()
        ax.legend()
    return axes[0].figure, axes


def _empty_curves(measures):
    """Return axes with two empty lines each, whose gid names the list of the history that they show."""
    with style():
        _, axes = plt.subplots(1, len(measures), figsize=(3.6 * len(measures), 2.8), squeeze=False)
        for ax, measure in zip(axes[0], measures, strict=True):
            ax.plot([], [], "o-", gid=f"train_{measure}")
            ax.plot([], [], "s--", gid=f"val_{measure}")
            ax.set(xlabel="epoch", ylabel=measure if measure == "accuracy" else "mean loss")
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        return axes[0]


@contextlib.contextmanager
def style(changes=None):
    """Draw under the book's style within a `with`, and leave matplotlib's settings as they were, but for one.

    That one is its interactive mode. All lessons draw so, the lesson "A line through points" first.

    Args:
        changes: settings of matplotlib to change besides, as a dict.
    """
    with plt.rc_context({**STYLE, **(changes or {})}):
        yield
        interactive = plt.isinteractive()
    # A notebook's first figure turns this on; turned off again, no later figure would be shown.
    matplotlib.interactive(interactive)
    if shell() and not has_reader():  # the site takes the SVG: it has the page's colors and font
        shell().display_formatter.formatters["image/svg+xml"].for_type(plt.Figure, document)


class LiveCurves:
    """A callback of `training.fit` that redraws one figure in place, and leaves it finished behind.

    In a plain Python script nothing is displayed before the end; call `plt.show()` to see the figure.
    Used in the lesson "Train".

    Args:
        redraws_per_second: at most so many, and fewer where drawing would take over about a twentieth of the
            run.
    """

    def __init__(self, redraws_per_second=2):
        self._pause = 1 / redraws_per_second
        self._axes = self._handle = self._history = None
        self._next = -math.inf

    def __call__(self, model, history):
        self._history = history
        if time.monotonic() >= self._next:
            self._draw()

    def close(self):
        """Draw the last state; `fit` calls this when training ends."""
        if self._history is not None:
            self._draw()
            self._axes = self._handle = self._history = None  # ready for another run

    def _draw(self):
        from IPython import get_ipython  # a tenth of a second that no other plot needs
        from IPython.display import display

        started = time.monotonic()
        fig, self._axes = plot_history(self._history, self._axes)
        if get_ipython() is not None:
            plt.close(fig)  # or the notebook would show it a second time when the cell ends
            if self._handle is None:
                self._handle = display(fig, display_id=True)
            else:
                self._handle.update(fig)
        done = time.monotonic()
        self._next = done + max(self._pause, 20 * (done - started))


def show_images(images, titles=None, columns=8, size=None, **imshow):
    """Show images in a grid (lesson "Fashion-MNIST").

    Args:
        images: a tensor (n, height, width) or (n, 1, height, width), on any device.
        titles: n short texts, shown above the images.
        columns: images in a row.
        size: width of an image in inches; by default a full row is 7 inches wide.
        imshow: passed on to matplotlib, for example `cmap`, `vmin` and `vmax`.
    Returns:
        (fig, axes), the axes in one flat array, those without an image invisible.
    Raises:
        ValueError: if the images have another shape or no pixels, if there are not as many titles, or if
            `columns` is below 1.
    """
    images = torch.as_tensor(images).detach().cpu().numpy()
    if images.ndim == 4 and images.shape[1] == 1:
        images = images[:, 0]
    if images.ndim != 3 or 0 in images.shape:
        raise ValueError(f"Images must have shape (n, height, width) with n > 0, not {images.shape}.")
    if columns < 1:
        raise ValueError(f"columns must be at least 1, not {columns}.")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"There are {len(images)} images but {len(titles)} titles.")
    size = size or 7 / columns
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    with style({"axes.titlesize": 10}):
        height = size * images.shape[1] / images.shape[2] + (0.3 if titles is not None else 0.05)
        fig, axes = plt.subplots(rows, columns, figsize=(size * columns, height * rows), squeeze=False)
        for ax in axes.flat:
            ax.set_axis_off()
        for i, (ax, image) in enumerate(zip(axes.flat, images, strict=False)):
            ax.imshow(image, **{"interpolation": "nearest", **imshow})
            ax.set_title(titles[i] if titles is not None else "")
    return fig, axes.ravel()


def plot_confusion(counts, classes):
    """Plot a confusion matrix as a heat map with its numbers; darker is more (lesson "What it learned").

    Args:
        counts: integers (k, k), a row for each true class and a column for each predicted one.
        classes: the k names.
    Returns:
        (fig, ax).
    Raises:
        ValueError: if the matrix is not square or the names do not fit it.
    """
    counts = torch.as_tensor(counts).detach().cpu()
    if counts.dim() != 2 or tuple(counts.shape) != (len(classes), len(classes)):
        raise ValueError(f"{len(classes)} classes need a square matrix of counts, not {tuple(counts.shape)}.")
    with style({"axes.grid": False, "font.size": 9}):
        fig, ax = plt.subplots(figsize=(6.4, 5.6))
        ax.imshow(counts.numpy(), cmap="Blues", vmin=0)
        ax.set(xlabel="predicted class", ylabel="true class")
        ax.set_xticks(range(len(classes)), classes, rotation=45, ha="right")
        ax.set_yticks(range(len(classes)), classes)
        for row, column in counts.nonzero().tolist():
            count = counts[row, column].item()
            color = "white" if count > 0.72 * counts.max() else "black"  # each readable on its blue
            ax.text(column, row, count, ha="center", va="center", color=color, fontsize=8)
    return fig, ax
