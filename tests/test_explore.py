"""The frames of explore.frames without a browser: frames, words, stills, errors, budget, memory, progress."""

import base64
import gc
import gzip
import html
import io
import json
import math
import re
import sys
import types
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from utils import explore
from utils.explore import drawing, live

FRAMES = sys.modules["utils.explore.frames"]  # whose name its function has in the package
WORDS = {"title": "Try it: move on.", "notice": "Notice: it moves."}


def curve(value):
    figure, axes = plt.subplots(figsize=(3, 2))
    axes.plot([0, 1], [0, float(value)])
    return figure


def plane(slope, kind):
    figure, axes = plt.subplots(figsize=(3, 2))
    axes.plot([0, 1], [0, slope], linestyle={"solid": "-", "dashed": "--"}[kind])
    return figure, axes


def noise(value):
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.imshow(np.random.default_rng(int(value)).random((60, 80, 3)))
    return figure


def make(draw=curve, alt=lambda value: f"the line to {value:g}", **options):
    return explore.frames(draw, alt=alt, **WORDS, **options)


def data(shown):
    """Return what the element finds in `this.data`."""
    return json.loads(html.unescape(re.search(' data="(.*?)"', shown.data)[1]))


def stills(shown):
    """Return the words, captions, and SVGs of the stills."""
    page = shown.data
    sources = [html.unescape(source) for source in re.findall('<img .*?src="(.*?)"', page)]
    return (
        [html.unescape(words) for words in re.findall('<img alt="(.*?)"', page)],
        [html.unescape(words) for words in re.findall("<figcaption>(.*?)</figcaption>", page)],
        [unquote(source.removeprefix("data:image/svg+xml,")) for source in sources],
    )


def test_each_value_has_its_frame_and_its_words():
    found = data(make(rate=[0.01, 0.1, 1]))
    assert found["parameters"] == [{"name": "rate", "values": ["0.01", "0.1", "1"], "radio": False}]
    assert found["alts"] == ["the line to 0.01", "the line to 0.1", "the line to 1"]
    assert len(set(found["frames"])) == 3
    assert found["start"] == [1]  # the middle one


def test_of_two_parameters_the_last_varies_fastest():
    shown = make(plane, lambda slope, kind: f"{kind} {slope}", slope=[1, 2, 3], kind=["solid", "dashed"])
    found = data(shown)
    assert [entry["radio"] for entry in found["parameters"]] == [False, True]
    assert found["alts"] == ["solid 1", "dashed 1", "solid 2", "dashed 2", "solid 3", "dashed 3"]
    assert ["stroke-dasharray" in frame for frame in found["frames"]] == [False, True] * 3
    assert found["start"] == [1, 1]


@pytest.mark.parametrize("name", ["Student's t", 'a "quoted" name', "<both> & 'each' \"other\""])
def test_a_frame_is_well_formed_whatever_its_parts_are_called(name):
    def draw(value):
        figure = curve(value)
        figure.axes[0].lines[0].set_gid(name)
        figure.axes[0].set_title(name)
        return figure

    (frame,) = data(make(draw, slope=[1]))["frames"]
    assert name in ElementTree.fromstring(frame).itertext()


@pytest.mark.parametrize("values", [range(3), np.arange(3), torch.arange(3), (0, 1, 2), iter([0, 1, 2])])
def test_values_come_in_any_sequence(values):
    assert data(make(step=values))["parameters"][0]["values"] == ["0", "1", "2"]


def test_names_read_as_words():
    assert data(make(learning_rate=torch.tensor([0.5, 0.25])))["parameters"][0]["name"] == "learning rate"


@pytest.mark.parametrize("play", [True, False])
def test_play_is_passed_on(play):
    assert data(make(play=play, epoch=range(4)))["play"] is play


def test_stills_are_the_chosen_frames_and_the_first_is_the_start():
    shown = make(still=[3, 1], epoch=[1, 2, 3])
    assert data(shown)["start"] == [2]
    words, captions, _ = stills(shown)
    assert words == ["the line to 3", "the line to 1"]
    assert captions == ["epoch = 3", "epoch = 1"]
    shown = make(
        plane, lambda slope, kind: f"{kind} {slope}", still=[(1, "solid")], slope=[1, 2], kind=["solid"]
    )
    assert stills(shown)[1] == ["slope = 1, kind = solid"]


def test_a_still_draws_what_its_frame_draws():
    shown = make(n=[1, 2])
    (svg,) = stills(shown)[2]
    ElementTree.fromstring(svg)  # raises if something is left open
    drawing = re.search(r"<svg .*?>(.*)</svg>", data(shown)["frames"][1])[1]
    assert drawing in svg


def test_text_is_escaped():
    shown = explore.frames(curve, title="a < b & c", notice="<i>", alt=lambda n: f'"{n}" <b> \'', n=[1])
    assert "a &lt; b &amp; c" in shown.data
    assert "&lt;i&gt;" in shown.data
    assert data(shown)["alts"] == stills(shown)[0] == ['"1" <b> \'']


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "pass one or two lists of values by name"),
        ({"a": [1], "b": [1], "c": [1]}, "not 3"),
        ({"n": []}, "n needs a list with at least one value"),
        ({"n": 0.1}, "n needs a list with at least one value, not 0.1"),
        ({"n": "relu"}, "n needs a list with at least one value, not 'relu'"),
        ({"n": [1.0, 1]}, "two values of n read the same"),
        ({"draw": lambda: None, "n": [1]}, "draw does not take n"),
        ({"draw": plane, "slope": [1], "sort": ["solid"]}, "draw does not take slope and sort"),
        ({"draw": lambda n: None if n == 2 else curve(n), "n": [1, 2]}, "NoneType for n = 2, not a Figure"),
        ({"draw": lambda n: (), "n": [1]}, "tuple for n = 1, not a Figure"),
        ({"draw": lambda n: plt.Axes, "n": [1]}, "draw returned type"),
        ({"alt": lambda n: " ", "n": [1]}, "alt returned ' ' for n = 1"),
        ({"alt": lambda n: None, "n": [1]}, "alt returned None for n = 1"),
        ({"still": [7], "n": [1, 2]}, r"still needs a list of values that have a frame, not \[7\]"),
        ({"still": [], "n": [1, 2]}, "still needs"),
    ],
)
def test_errors_name_the_figure_in_one_sentence(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        make(**options)
    assert str(caught.value).startswith("The figure “Try it: move on.”: ")
    assert "\n" not in str(caught.value)
    plt.close("all")


def test_alt_is_required():
    with pytest.raises(TypeError, match="alt"):
        explore.frames(curve, **WORDS, n=[1])


def test_frames_of_one_figure_are_cut_alike():
    """A label that grows must not move the other panel from frame to frame."""

    def draw(n):
        figure, axes = plt.subplots(1, 2, figsize=(7, 2.5), layout="constrained")
        axes[0].plot([0, 10**n])
        axes[1].set_ylabel("of the second")
        return figure

    frames = data(make(draw, n=[0, 3, 6]))["frames"]
    assert len({tuple(re.findall("viewBox='(.*?)'", frame)) for frame in frames}) == 1
    assert len(re.findall("<svg ", frames[0])) == 2


def test_a_figure_over_its_budget_says_what_to_do():
    with pytest.raises(
        ValueError, match=r"“Try it: move on.”: \d+ KB gzipped are over its budget of 10 KB; show fewer"
    ):
        make(noise, budget=10_000, n=[1, 2])
    assert not plt.get_fignums()


def test_a_run_of_curves_is_light():
    assert len(gzip.compress(make(n=range(20)).data.encode())) < 15_000


def test_two_hundred_frames_leave_no_figure_and_no_memory():
    def draw(n):
        figure = plt.figure(figsize=(3, 2))
        figure.text(0.5, 0.5, str(n))
        return figure

    def resident():
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    make(draw, n=range(20))
    before = resident()
    make(draw, n=range(200))
    assert not plt.get_fignums()
    assert resident() - before < 40e6  # 200 canvases would take 190 MB


@pytest.fixture
def progress(monkeypatch):
    """Let each look at the clock cost a second, for a reader; return what the progress line shows."""
    clock, shown = iter(range(100)), []
    line = types.SimpleNamespace(update=lambda html: shown.append(html.data))
    monkeypatch.setattr(drawing, "time", types.SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(drawing, "has_reader", lambda: True)
    monkeypatch.setattr(drawing, "display", lambda html, display_id: line)
    return shown


def test_slow_drawing_shows_one_line_and_empties_it(progress):
    make(n=range(4))
    assert progress == ["Drawing “Try it: move on.”: 3 of 4", "Drawing “Try it: move on.”: 4 of 4", ""]


def test_an_error_while_drawing_empties_the_line_too(progress):
    with pytest.raises(ValueError, match="n = 4"):
        make(lambda n: None if n == 4 else curve(n), n=range(5))
    assert progress[-2:] == ["Drawing “Try it: move on.”: 4 of 5", ""]


@pytest.mark.parametrize("reader", [True, False])
def test_quick_drawing_shows_no_line_and_nobody_sees_any(monkeypatch, progress, reader):
    """What is executed unseen would keep an empty output."""
    monkeypatch.setattr(drawing, "has_reader", lambda: reader)
    make(n=range(2) if reader else range(9))
    assert progress == []


# With a reader at a kernel


@pytest.fixture
def reader(monkeypatch):
    """Let a reader sit at the kernel; return what is displayed."""
    shown = []
    monkeypatch.setattr(FRAMES, "has_reader", lambda: True)
    monkeypatch.setattr(live, "display", shown.append)
    return shown


def run(calls):
    def draw(rate, size):
        calls.append((rate, size))
        return curve(rate * size)

    return explore.frames(
        draw,
        alt=lambda rate, size: f"rate {rate:g}, size {size}",
        **WORDS,
        still=[(0.1, 10)],
        rate=explore.between(0.01, 0.1, 1, log=True),
        size=[10, 100],
    )


def test_a_reader_chooses_among_few_words_by_buttons(reader):
    shown = make(
        plane, lambda slope, kind: f"{kind} {slope}", slope=explore.between(1, 3), kind=["solid", "dashed"]
    )
    assert [type(control) for control in shown.controls.values()] == [
        ipywidgets.IntSlider,
        ipywidgets.ToggleButtons,
    ]


def test_without_a_reader_there_are_the_frames_alone():
    shown = run([])
    assert type(shown) is type(make(n=[1]))
    assert data(shown)["parameters"][0]["values"] == ["0.01", "0.1", "1"]


def test_where_no_value_can_be_asked_for_there_are_the_frames_alone(reader):
    assert type(make(n=[1, 2])) is type(explore.softmax())


def test_a_reader_asks_for_any_value_and_is_answered_once_the_slider_is_released(reader):
    calls = []
    shown = run(calls)
    rate, size = shown.controls.values()
    assert isinstance(rate, ipywidgets.FloatLogSlider)
    assert (rate.value, rate.min, rate.max, rate.continuous_update) == (0.1, -2, 0, False)
    assert isinstance(size, ipywidgets.SelectionSlider)
    assert calls[-1] == (0.1, 10)
    rate.value = 0.037
    assert calls[-1] == (pytest.approx(0.037), 10)
    size.value = 100
    assert calls[-1] == (pytest.approx(0.037), 100)
    assert 'role="img" aria-label="rate 0.037, size 100"' in reader[-1].data
    assert shown.status.value == ""
    assert not plt.get_fignums()


def test_the_controls_hide_the_frames_only_as_long_as_they_work(reader):
    """Saved without its kernel, the notebook shows the frames: the style that hides them is the controls'."""
    shown = run([])
    frames, name = shown.data, re.search(r"explore-[0-9a-f]{8}", shown.data)[0]
    assert "<explore-frames" in frames
    assert f".{name} {{ display: none }}" not in frames
    assert f".{name} {{ display: none }}" in shown.box.children[0].value
    reader.clear()
    shown._ipython_display_()
    assert [getattr(thing, "data", thing) for thing in reader] == [frames, shown.box]


@pytest.mark.parametrize(
    ("numbers", "kind"), [((1, 5, 9), ipywidgets.IntSlider), ((0.0, 0.5), ipywidgets.FloatSlider)]
)
def test_between_numbers_there_is_a_slider_of_their_kind(reader, numbers, kind):
    shown = make(n=explore.between(*numbers))
    control = shown.controls["n"]
    assert type(control) is kind
    assert (control.min, control.max) == (min(numbers), max(numbers))


def test_a_position_stands_for_what_is_read_there():
    """A draw that looks up what it computed gets the very numbers that were drawn beforehand."""
    for number in (0.001, 0.2, 1, 1e-12):
        assert explore.between(0.5, number, log=True).exact(10 ** math.log10(number)) == number
    size = explore.between(50, 700, 4000, log=True)
    assert size.exact(10 ** math.log10(700)) == 700
    assert isinstance(size.exact(123.4), int)


@pytest.mark.parametrize(("numbers", "log"), [((), False), ((1, 1), False), ((0, 1), True)])
def test_between_refuses_what_gives_no_slider(numbers, log):
    with pytest.raises(ValueError, match="between needs two"):
        explore.between(*numbers, log=log)


# The elements' Python


def test_softmax_carries_its_data_fallback_and_script():
    page = explore.softmax((1, 1), ("<b>", "b")).data
    assert page.count("<script>") == page.count("</script>") == 1
    assert '<th scope="row">&lt;b&gt;</th><td>1</td><td>0.500</td>' in page
    with pytest.raises(ValueError, match="argument"):
        explore.softmax((1, 2, 3), ("a", "b"))


def test_cross_entropy_carries_its_fallback():
    assert '<th scope="row">0.1</th><td>2.303</td><td>-0.9</td>' in explore.cross_entropy().data


@pytest.mark.parametrize("kind", [np.array, torch.tensor, list])
def test_confusion_carries_counts_and_images(kind):
    levels = np.random.default_rng(0).integers(0, 16, (5, 28, 28))
    strip = (17 * levels).astype(np.uint8)  # gray levels that rounding to 16 keeps
    page = explore.confusion(kind([[5, 1], [7, 9]]), ("coat", "bag"), {(1, 0): strip, (0, 1): strip[:0]}).data
    assert '<th scope="row">bag</th><td>7</td><td>9</td>' in page
    found = json.loads(html.unescape(re.search(' data="(.*?)"', page)[1]))
    assert found["start"] == [0, 0], "on the diagonal: mistakes are the reader's to find"
    assert list(found["images"]) == ["1,0"], "a cell without images has none"
    image = Image.open(io.BytesIO(base64.b64decode(found["images"]["1,0"].partition(",")[2])))
    np.testing.assert_array_equal(np.asarray(image.convert("L")), np.hstack(strip[:4]))


def test_confusion_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"2 classes has shape \(2, 2\), not \(1, 2\)"):
        explore.confusion([[1, 2]], "ab", {})
    for images in (np.zeros((1, 28, 28)), np.zeros((28, 28), np.uint8), np.zeros((1, 8, 8), np.uint8)):
        with pytest.raises(ValueError, match=r"Cell \(0, 1\) needs images uint8"):
            explore.confusion(np.eye(2, dtype=int), "ab", {(0, 1): images})
    noise = np.random.default_rng(0).integers(0, 256, (400, 28, 28), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"Try it: choose a cell.* over its budget of 150 KB; show fewer"):
        explore.confusion(np.eye(2, dtype=int), "ab", {(0, 1): noise}, each=len(noise))
