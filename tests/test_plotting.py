"""Tests of utils.plotting: what the figures show, and what the live one leaves behind in a real notebook."""

from __future__ import annotations

import base64
import math
import struct
import subprocess
import sys

import IPython.display
import matplotlib as mpl
import matplotlib.pyplot as plt
import nbclient
import nbformat
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb

from utils import plotting
from utils.plotting import COLORS, LiveCurves, plot_confusion, plot_history, show_images
from utils.training import History

HISTORY = History([2.0, 1.0, 0.5], [0.3, 0.6, 0.7], [2.1, 1.2, 0.8], [0.2, 0.5, 0.6])
LOSS_ONLY = History([2.0, 1.0], [math.nan, math.nan])


@pytest.fixture(autouse=True)
def settings_stay_and_figures_go():
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before, "no call changes matplotlib's settings"
    plt.close("all")


def curves(ax):
    return {line.get_gid(): (list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines}


# ── learning curves ──


def test_plot_history_shows_each_list_over_its_epochs():
    fig, (loss, accuracy) = plot_history(HISTORY)
    epochs = [1, 2, 3]
    assert loss.figure is fig
    assert curves(loss) == {
        "train_loss": (epochs, HISTORY.train_loss),
        "val_loss": (epochs, HISTORY.val_loss),
    }
    assert curves(accuracy) == {
        "train_accuracy": (epochs, HISTORY.train_accuracy),
        "val_accuracy": (epochs, HISTORY.val_accuracy),
    }
    assert [ax.get_xlabel() for ax in (loss, accuracy)] == ["epoch", "epoch"]
    assert [ax.get_ylabel() for ax in (loss, accuracy)] == ["mean loss", "accuracy"]
    for ax in (loss, accuracy):
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation"]
        assert ax.get_ylim()[0] < min(y for _, ys in curves(ax).values() for y in ys)


def test_curves_differ_in_colour_marker_and_dash():
    _, axes = plot_history(HISTORY)
    for ax in axes:
        train, val = ax.lines
        assert [to_hex(line.get_color()).upper() for line in (train, val)] == list(COLORS[:2])
        assert train.get_marker() != val.get_marker()
        assert train.get_linestyle() != val.get_linestyle()


def test_epochs_are_whole_numbers_on_the_axis():
    fig, axes = plot_history(HISTORY)
    fig.draw_without_rendering()
    assert all(tick == int(tick) for ax in axes for tick in ax.get_xticks())


def test_plot_history_leaves_out_what_was_not_measured():
    _, axes = plot_history(LOSS_ONLY)
    assert [ax.get_ylabel() for ax in axes] == ["mean loss"]
    assert curves(axes[0]) == {"train_loss": ([1, 2], [2.0, 1.0]), "val_loss": ([], [])}
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == ["training"]


def test_plot_history_redraws_in_place():
    fig, axes = plot_history(History([9.0], [0.1]))
    again, same_axes = plot_history(HISTORY, axes)
    assert again is fig
    assert same_axes is axes
    assert curves(axes[0])["train_loss"] == ([1, 2, 3], HISTORY.train_loss)
    assert axes[0].get_ylim()[1] < 9, "the axes follow the data"
    assert len(axes[0].get_legend().get_texts()) == 2
    assert len(plt.get_fignums()) == 1


# ── images ──


@pytest.mark.parametrize("shape", [(5, 4, 3), (5, 1, 4, 3)])
def test_show_images_shows_each_image_under_its_title(shape):
    images = torch.rand(shape, requires_grad=True)
    fig, axes = show_images(images, titles=list("abcde"), columns=3)
    assert len(axes) == 6
    for ax, image, title in zip(axes, images.detach().reshape(5, 4, 3), "abcde", strict=False):
        assert np.array_equal(ax.images[0].get_array(), image.numpy())
        assert ax.images[0].get_cmap().name == "gray"
        assert ax.get_title() == title
    assert not any(ax.axison for ax in axes)
    assert not axes[5].images
    assert not axes[5].get_title()
    assert fig.get_size_inches() == pytest.approx([7, 2 * (7 / 3 * 4 / 3 + 0.3)])
    assert show_images(images, columns=3, size=1)[0].get_size_inches()[0] == pytest.approx(3)


def test_show_images_narrows_to_few_images_and_passes_options_on():
    _, axes = show_images(torch.zeros(2, 4, 4), cmap="RdBu", vmin=-1, vmax=1, interpolation="bilinear")
    assert len(axes) == 2
    image = axes[0].images[0]
    assert (image.get_cmap().name, image.get_clim(), image.get_interpolation()) == (
        "RdBu",
        (-1, 1),
        "bilinear",
    )
    assert axes[0].get_title() == ""


@pytest.mark.parametrize("shape", [(4, 4), (0, 4, 4), (2, 0, 4), (2, 4, 0), (2, 3, 4, 4)])
def test_show_images_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match=rf"\(n, height, width\) with n > 0, not \({str(shape)[1:-1]}\)"):
        show_images(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(0,), (0, 1, 4, 4), (0, 0, 0), (0, 1, 0, 0)])
def test_an_empty_stack_of_images_gets_our_sentence(shape):
    with pytest.raises(
        ValueError, match=r"^Images must have shape \(n, height, width\) with n > 0, not \(0,"
    ):
        show_images(torch.zeros(shape))


def test_show_images_refuses_no_columns():
    with pytest.raises(ValueError, match="columns must be at least 1, not 0"):
        show_images(torch.zeros(2, 4, 4), columns=0)


def test_show_images_refuses_missing_titles():
    with pytest.raises(ValueError, match="2 images but 1 titles"):
        show_images(torch.zeros(2, 4, 4), titles=["a"])


# ── confusion matrix ──


def test_plot_confusion_writes_every_count_that_is_not_zero():
    counts = torch.tensor([[50, 2], [0, 7]])
    fig, ax = plot_confusion(counts, ["cat", "dog"])
    written = {text.get_position(): text for text in ax.texts}
    assert {place: text.get_text() for place, text in written.items()} == {
        (0, 0): "50",
        (1, 0): "2",
        (1, 1): "7",
    }
    assert np.array_equal(ax.images[0].get_array(), counts)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert [label.get_text() for label in labels] == ["cat", "dog"]
    assert ax.figure is fig


@pytest.mark.parametrize("counts", [[[100]], [[5, 5], [5, 5]], torch.arange(100).reshape(10, 10)])
def test_plot_confusion_is_readable_on_every_shade(counts):
    counts = torch.as_tensor(counts)
    _, ax = plot_confusion(counts, range(len(counts)))
    image = ax.images[0]
    for text in ax.texts:
        background = image.to_rgba(np.array([[float(text.get_text())]]))[0, 0, :3]
        assert contrast(to_rgb(text.get_color()), background) >= 4.5, "WCAG AA"


def contrast(*colours):
    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])

    dark, light = sorted(luminance(colour) for colour in colours)
    return (light + 0.05) / (dark + 0.05)


def test_plot_confusion_refuses_what_does_not_fit():
    for counts in (torch.zeros(2, 3), torch.zeros(3), torch.zeros(3, 3)):
        with pytest.raises(ValueError, match="2 classes need a square matrix of counts"):
            plot_confusion(counts, ["cat", "dog"])


# ── live curves ──


def test_live_curves_in_a_script_leave_a_finished_figure_for_plt_show():
    live = LiveCurves(redraws_per_second=1e-9)
    live(None, History([2.0], [0.3]))
    live(None, HISTORY)
    live.close()
    loss, _ = plt.gcf().axes
    assert curves(loss)["train_loss"] == ([1, 2, 3], HISTORY.train_loss)
    assert len(plt.get_fignums()) == 1
    live(None, LOSS_ONLY)
    live.close()
    assert len(plt.get_fignums()) == 2, "a second run has a figure of its own"


def test_live_curves_show_one_figure_and_then_update_it(monkeypatch):
    shown = []

    class Handle:
        def update(self, fig):
            shown.append(("updated", fig, len(fig.axes[0].lines[0].get_xdata())))

    def display(fig, display_id):
        assert display_id
        shown.append(("displayed", fig, len(fig.axes[0].lines[0].get_xdata())))
        return Handle()

    monkeypatch.setattr(IPython, "get_ipython", object)
    monkeypatch.setattr(IPython.display, "display", display)
    monkeypatch.setattr(plotting.time, "monotonic", lambda: 0)  # drawing takes no time
    live = LiveCurves(redraws_per_second=math.inf)
    for history in (History([2.0], [0.3]), HISTORY):
        live(None, history)
    live.close()
    live(None, LOSS_ONLY)
    assert [(what, epochs) for what, _, epochs in shown] == [
        ("displayed", 1),
        ("updated", 3),
        ("updated", 3),
        ("displayed", 2),
    ]
    figures = [fig for _, fig, _ in shown]
    assert figures[0] is figures[1] is figures[2] is not figures[3]
    assert not plt.get_fignums(), "closed, or the notebook would show it again"


def test_live_curves_without_an_epoch_draw_nothing():
    LiveCurves().close()
    assert not plt.get_fignums()


@pytest.mark.parametrize(("cost", "redraws"), [(0, 40), (0.12, 14), (0.5, 4)])
def test_live_curves_redraw_at_most_so_often_and_take_little_of_the_run(monkeypatch, cost, redraws):
    """40 epochs of a second: drawing that costs half a second is done every ten seconds."""
    now, drawn = 0.0, []

    def draw(history, axes):
        nonlocal now
        now += cost
        return drawn.append(len(history.train_loss)) or (None, 1)

    monkeypatch.setattr(plotting.time, "monotonic", lambda: now)
    monkeypatch.setattr(plotting, "plot_history", draw)
    live, history = LiveCurves(redraws_per_second=1), History()
    for epoch in range(40):
        now += 1
        history.train_loss.append(float(epoch))
        live(None, history)
    assert drawn[0] == 1, "the first epoch is shown at once"
    assert len(drawn) == redraws
    live.close()
    assert drawn[-1] == 40, "the last state is drawn"


NOTEBOOK = """
import time
import matplotlib.pyplot as plt
from utils.plotting import LiveCurves, plot_history
from utils.training import History

def train(epochs):
    history = History()
    for epoch in range(epochs):
        time.sleep(0.01)
        history.train_loss.append(1 / (epoch + 1)), history.train_accuracy.append(epoch / epochs)
        live(None, history)
    live.close()
    return history

live = LiveCurves(redraws_per_second=5)
---
started = time.monotonic()
train(50)
seconds = time.monotonic() - started
---
train(2)
print("words")
---
plot_history(train(3));
---
plt.plot([1, 2]);
---
print(seconds, plt.get_fignums())
"""


def test_live_curves_in_a_notebook_leave_one_image_a_run():
    sources = NOTEBOOK.split("---\n")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    updates = []

    class Client(nbclient.NotebookClient):
        def process_message(self, message, cell, index):
            if message["msg_type"] in ("display_data", "update_display_data"):
                updates.append((index, message["msg_type"], message["content"]["data"].get("image/png")))
            return super().process_message(message, cell, index)

    Client(notebook, timeout=60, kernel_name="python3").execute()
    images = [[o for o in cell.outputs if "image/png" in o.get("data", {})] for cell in notebook.cells]
    assert [len(found) for found in images] == [0, 1, 1, 2, 1, 0], "one a run, and each other figure"
    first = [update for update in updates if update[0] == 1]
    seconds, figures = notebook.cells[-1].outputs[0].text.split(" ", 1)
    assert [kind for _, kind, _ in first] == ["display_data"] + ["update_display_data"] * (len(first) - 1)
    assert 2 <= len(first) <= float(seconds) * 5 + 2, "at most five a second, the first and the last"
    assert images[1][0].data["image/png"].strip() == first[-1][2].strip(), "the last redraw is what stays"
    assert figures.strip() == "[]", "no figure is left open"
    drawn = [output.data["image/svg+xml"] for found in images for output in found]
    assert all("class='lean'" in svg for svg in drawn), "for the site, since no reader sits here"
    live, finished = (output.data["image/png"] for output in images[3])
    assert live.strip() == finished.strip(), "the finished live figure is plot_history's"
    width, height = struct.unpack(">2i", base64.b64decode(live)[16:24])
    assert width > 1.5 * height > 300


def test_import_changes_no_setting():
    code = (
        "import matplotlib as mpl; before = dict(mpl.rcParams); import utils.plotting;"
        "after = dict(mpl.rcParams); before.pop('backend'); after.pop('backend'); assert before == after"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_import_is_quick():
    """What takes long to import, and few need, is imported where it is needed."""
    code = "import sys, utils.data, utils.training, utils.plotting; print(*sys.modules); import utils.explore"
    run = [sys.executable, "-c", f"{code}; print(*sys.modules)"]
    first, then = subprocess.run(run, check=True, capture_output=True, text=True).stdout.splitlines()
    assert not {"torchvision", "IPython", "ipywidgets"} & set(first.split())
    assert "ipywidgets" not in then.split()
