"""Figures whose decorations are alike share a layout, and look as if each had its own."""

import matplotlib.pyplot as plt
import pytest

from utils import layout
from utils.plotting import style
from utils.svg import lean


def draw(values=(0, 1), change=lambda figure: None, n=2, **labels):
    with style():
        figure, axes = plt.subplots(1, n, figsize=(3.5 * n, 2.8), squeeze=False)
        for ax in axes[0]:
            ax.plot(values, label="training")
            ax.set(xlabel="epoch", ylabel="loss", ylim=(-2, 2), title="after 1 epoch", **labels)
            ax.legend(loc="upper right")
        change(figure)
    plt.close(figure)
    return figure


def first(figure):
    return figure.axes[0]


ALIKE = {
    "other values": {"values": (1, -1)},
    "a longer title": {"change": lambda figure: first(figure).set_title("after 100 epochs")},
    "a line more": {"change": lambda figure: first(figure).axhline(0)},
    "a point": {"change": lambda figure: first(figure).scatter([0], [0])},
}
DIFFERENT = {
    "ticks of its own": {"change": lambda figure: first(figure).set_yticks([0], ["long"])},
    "other ticks": {"change": lambda figure: first(figure).set_ylim(-2000, 2000)},
    "turned ticks": {"change": lambda figure: first(figure).tick_params(axis="x", rotation=90)},
    "another scale": {"change": lambda figure: first(figure).set(yscale="log", ylim=(1e-6, 2))},
    "a title of two lines": {"change": lambda figure: first(figure).set_title("after\n1 epoch")},
    "no label": {"change": lambda figure: first(figure).set_ylabel("")},
    "large label": {"change": lambda figure: first(figure).set_ylabel("loss", fontsize=20)},
    "a text beside it": {"change": lambda figure: first(figure).text(1.2, 0, "here")},
    "no axes": {"change": lambda figure: first(figure).set_axis_off()},
    "one panel": {"n": 1},
}
UNCLEAR = {
    "a title of all": {"change": lambda figure: figure.suptitle("all")},
    "a legend beside": {"change": lambda figure: first(figure).legend(bbox_to_anchor=(1, 1), loc=2)},
    "an arrow": {"change": lambda figure: first(figure).annotate("here", (0, 0), (1.3, 0))},
    "what goes beyond": {"change": lambda figure: first(figure).plot([0.5, 2.5], clip_on=False)},
    "a function": {"change": lambda figure: first(figure).yaxis.set_major_formatter(lambda v, _: f"{v} mm")},
    "axes in axes": {"change": lambda figure: first(figure).inset_axes([1, 0, 0.5, 0.5])},
}


@pytest.mark.parametrize("name", [*ALIKE, *DIFFERENT, *UNCLEAR])
def test_each_looks_as_if_alone(name):
    """Those that may differ do not share, and those that share are equal to the tenth of a point."""
    options = {**ALIKE, **DIFFERENT, **UNCLEAR}[name]
    known = {}
    lean(draw(), layouts=known)
    assert len(known) == 1
    together, alone = lean(draw(**options), layouts=known), lean(draw(**options))
    assert together == alone
    assert len(known) == 1 + (name in DIFFERENT)


def test_without_a_layout_engine_axes_stay(monkeypatch):
    figure = draw()
    figure.set_layout_engine("none")
    before = first(figure).get_position().bounds
    layout.lay_out(figure, {})
    assert first(figure).get_position().bounds == before
