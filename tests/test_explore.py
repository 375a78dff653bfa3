"""The frames of explore.frames without a browser: pictures, links, errors, budget, memory, progress."""

import base64
import gc
import gzip
import io
import json
import re
import types
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from ipywidgets.embed import dependency_state
from PIL import Image

from utils import explore

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
    figure = plt.figure(figsize=(4, 3))
    figure.figimage(np.random.default_rng(int(value)).random((300, 400, 3)))
    return figure


def stacked(box):
    """Return the box, if frames stand in stacks: ipywidgets 7 has one frame, which is a test of its own."""
    return box if hasattr(box.children[-1], "children") else pytest.skip("ipywidgets 7 has no Stack")


def make(draw=curve, alt=lambda value: f"the line to {value:g}", **options):
    return stacked(explore.frames(draw, alt=alt, **WORDS, **options))


def links(box):
    """Return what the browser links: (control, attribute, stack, attribute)."""
    states = [
        model["state"] for model in dependency_state(box).values() if model["model_name"] == "LinkModel"
    ]
    widgets = ipywidgets.widgets.widget._instances
    return [
        (widgets[a.removeprefix("IPY_MODEL_")], x, widgets[b.removeprefix("IPY_MODEL_")], y)
        for (a, x), (b, y) in ((state["source"], state["target"]) for state in states)
    ]


def shown(box):
    """Return the frame that the stacks show, once the links have done what they do in the browser."""
    for source, here, target, there in links(box):
        setattr(target, there, getattr(source, here))
    frame = box.children[-1]
    while isinstance(frame, ipywidgets.Stack):
        frame = frame.children[frame.selected_index]
    return re.search('alt="(.*?)"', frame.value)[1]


def size(box):
    return len(gzip.compress((json.dumps(dependency_state(box)) + box.heading).encode()))


def images(html):
    """Return the decoded pictures of the <img> elements in a string: SVG text or PIL images."""
    for source in re.findall('src="(.*?)"', html):
        kind, data = source.split(",", 1)
        svg = kind == "data:image/svg+xml"
        yield unquote(data) if svg else Image.open(io.BytesIO(base64.b64decode(data)))


def test_each_value_has_its_frame_and_its_text():
    box = make(rate=[0.01, 0.1, 1])
    slider, stack = box.children
    assert isinstance(slider, ipywidgets.SelectionSlider)
    assert slider.description == "rate"
    assert [label for label, _ in slider.options] == ["0.01", "0.1", "1"]
    assert slider.value == 0.1  # the middle one
    assert len({next(images(frame.value)) for frame in stack.children}) == 3
    for value in (0.01, 0.1, 1):
        slider.value = value
        assert shown(box) == f"the line to {value:g}"


def test_two_parameters_by_keyword():
    box = make(plane, lambda slope, kind: f"{kind} {slope}", slope=[1, 2, 3], kind=["solid", "dashed"])
    slope, kind, _ = box.children
    assert isinstance(slope, ipywidgets.SelectionSlider)
    assert isinstance(kind, ipywidgets.ToggleButtons)
    assert (slope.value, kind.value) == (2, "dashed")
    for slope.value in (3, 1, 2):
        for kind.value in ("dashed", "solid"):
            assert shown(box) == f"{kind.value} {slope.value}"


@pytest.mark.parametrize("name", ["Student's t", 'a "quoted" name', "<both> & 'each' \"other\""])
def test_a_frame_is_well_formed_whatever_its_parts_are_called(name):
    def draw(value):
        figure = curve(value)
        figure.axes[0].lines[0].set_gid(name)
        figure.axes[0].set_title(name)
        return figure

    (svg,) = images(make(draw, slope=[1]).children[-1].children[0].value)
    assert name in [element.get("id") for element in ElementTree.fromstring(svg).iter()]


def test_each_link_joins_an_index_to_a_stack():
    box = make(plane, lambda slope, kind: f"{kind} {slope}", slope=[1, 2, 3], kind=["solid", "dashed"])
    assert len(links(box)) == 4  # one for the slopes, one in each of their three stacks
    for control, attribute, stack, index in links(box):
        assert (attribute, index) == ("index", "selected_index")
        assert len(control.options) == len(stack.children)
        assert control.index == stack.selected_index


def test_where_there_is_no_stack_the_kernel_changes_the_picture(monkeypatch):
    monkeypatch.delattr(ipywidgets, "Stack", raising=False)  # as in ipywidgets 7
    parameters = {"slope": [1, 2, 3], "kind": ["solid", "dashed"]}
    box = explore.frames(plane, alt=lambda slope, kind: f"{kind} {slope}", **WORDS, **parameters)
    slope, kind, frame = box.children
    assert 'alt="dashed 2"' in frame.value
    for slope.value in (3, 1, 2):
        for kind.value in ("dashed", "solid"):
            assert f'alt="{kind.value} {slope.value}"' in frame.value


@pytest.mark.parametrize("values", [range(3), np.arange(3), torch.arange(3), (0, 1, 2), iter([0, 1, 2])])
def test_values_come_in_any_sequence(values):
    assert make(step=values).children[0].options == (("0", 0), ("1", 1), ("2", 2))


def test_names_read_as_words():
    assert make(learning_rate=torch.tensor([0.5, 0.25])).children[0].description == "learning rate"


def test_play_moves_the_first_slider():
    box = make(play=True, epoch=range(4))
    play, slider, _ = box.children
    assert (play.min, play.max, play.value) == (0, 3, slider.index)
    assert (play, "value", slider, "index") in links(box)


def test_stills_are_the_chosen_frames_and_the_start():
    box = make(still=[3, 1], epoch=[1, 2, 3])
    assert box.children[0].value == 3
    assert re.findall('alt="(.*?)"', box.heading) == ["the line to 3", "the line to 1"]
    assert re.findall("<figcaption>(.*?)</figcaption>", box.heading) == ["epoch = 3", "epoch = 1"]
    box = make(
        plane, lambda slope, kind: f"{kind} {slope}", still=[(1, "solid")], slope=[1, 2], kind=["solid"]
    )
    assert "<figcaption>slope = 1, kind = solid</figcaption>" in box.heading


def test_the_box_is_displayed_below_its_heading(monkeypatch):
    box, seen = make(n=[1, 2]), []
    monkeypatch.setattr(explore, "display", lambda data, **options: seen.append((data, options)))
    box._ipython_display_()
    (heading, _), (view, options) = seen
    assert "Try it: move on." in heading.data
    assert "Notice: it moves." in heading.data
    assert options == {"raw": True}
    assert view["application/vnd.jupyter.widget-view+json"]["model_id"] == box.model_id


def test_text_is_escaped():
    box = stacked(explore.frames(curve, title="a < b & c", notice="<i>", alt=lambda n: f'"{n}" <b>', n=[1]))
    assert "a &lt; b &amp; c" in box.heading
    assert "&lt;i&gt;" in box.heading
    assert 'alt="&quot;1&quot; &lt;b&gt;"' in box.children[-1].children[0].value


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


def test_curves_are_vectors_on_white():
    (svg,) = images(make(n=[1]).children[-1].children[0].value)
    assert svg.startswith("<svg")
    assert "fill: #ffffff" in svg
    assert not re.search(r"<!--|<metadata|\"|  ", svg)
    ElementTree.fromstring(svg)  # raises if something is left open


def test_pixels_are_lossless_webp_at_twice_the_size():
    frame = make(noise, n=[1]).children[-1].children[0]
    (image,) = images(frame.value)
    assert image.format == "WEBP"
    assert image.size == (800, 600)
    assert 'width="400" height="300"' in frame.value
    again = make(noise, budget=150_000, n=[1]).children[-1].children[0]
    assert again.value == frame.value  # drawing is deterministic


def gradient(value):
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.imshow(np.add.outer(np.arange(40.0), np.sin(np.arange(40.0) * value)), cmap="PuOr")
    return figure


def panels(value, width=7, legend=False):
    figure, axes = plt.subplots(1, 2, figsize=(width, 2.5), layout="constrained")
    axes[0].plot([0, value], color="#010203")
    axes[1].plot([value, 0], color="#040506")
    axes[1].set_ylabel("of the second")
    if legend:
        figure.legend(axes[0].lines, ["spans both panels, from the one into the other"], loc="upper center")
    return figure


def test_panels_of_a_wide_figure_are_pieces_that_can_stack():
    html = make(panels, n=[1]).children[-1].children[0].value
    first, second = images(html)
    assert ("#010203" in first, "#040506" in first) == (True, False)
    assert ("#010203" in second, "#040506" in second) == (False, True)
    assert re.findall('alt="(.*?)"', html) == ["the line to 1", ""], "said once"
    widths = [int(width) for width in re.findall(' width="(.*?)"', html)]
    assert sum(widths) == 700
    assert min(widths) > 300


def test_pieces_in_pixels_are_cut_at_the_same_places():
    def draw(value):
        figure = panels(value)
        figure.axes[0].imshow(np.random.default_rng(0).random((60, 60)))
        return figure

    html = make(draw, n=[1]).children[-1].children[0].value
    sizes = [image.size for image in images(html)]
    assert [w // 2 for w, _ in sizes] == [int(width) for width in re.findall(' width="(.*?)"', html)]
    assert {h for _, h in sizes} == {500}


@pytest.mark.parametrize("options", [{"width": 5}, {"legend": True}])
def test_a_figure_stays_whole_where_it_is_narrow_or_has_no_gap(options):
    html = make(lambda n: panels(n, **options), n=[1]).children[-1].children[0].value
    assert html.count("<img") == 1


def test_a_label_is_no_panel():
    """Between an axis and its label there may be a gap, but a piece of that width helps nobody."""
    assert explore._edges(6, [0.3]) == [0, 6]
    assert explore._edges(7, [0.3, 3.4, 3.7]) == [0, 3.4, 7]
    assert explore._edges(9, [3, 6]) == [0, 3, 6, 9]


def test_a_smaller_budget_gives_coarser_pictures_within_it():
    sizes = {}
    for budget in (150_000, 60_000, 45_000, 30_000):
        box = make(gradient, budget=budget, still=[1], value=[1, 2, 3, 4])
        assert size(box) <= budget
        sizes[budget] = size(box)
    assert len(set(sizes.values())) > 1, sizes


def test_a_figure_over_its_budget_says_what_to_do():
    with pytest.raises(
        ValueError, match=r"“Try it: move on.”: \d+ KB gzipped are over its budget of 10 KB; draw fewer"
    ):
        make(noise, budget=10_000, n=[1, 2])
    assert not plt.get_fignums()


def test_a_run_of_curves_shares_what_is_alike():
    assert size(make(n=range(20))) < 25_000


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
    """Let each look at the clock cost a second, in a notebook; return what the progress line shows."""
    clock, shown = iter(range(100)), []
    line = types.SimpleNamespace(update=lambda html: shown.append(html.data))
    monkeypatch.setattr(explore.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(explore, "get_ipython", lambda: True)
    monkeypatch.setattr(explore, "display", lambda html, display_id: line)
    return shown


def test_slow_drawing_shows_one_line_and_empties_it(progress):
    make(n=range(4))
    assert progress == ["Drawing “Try it: move on.”: 3 of 4", "Drawing “Try it: move on.”: 4 of 4", ""]


def test_an_error_while_drawing_empties_the_line_too(progress):
    with pytest.raises(ValueError, match="n = 4"):
        make(lambda n: None if n == 4 else curve(n), n=range(5))
    assert progress[-2:] == ["Drawing “Try it: move on.”: 4 of 5", ""]


def test_quick_drawing_shows_no_line(monkeypatch):
    monkeypatch.setattr(explore, "get_ipython", lambda: True)
    monkeypatch.setattr(explore, "display", lambda *args, **options: pytest.fail("a line was shown"))
    make(n=[1, 2])


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
    strip = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    page = explore.confusion(kind([[5, 1], [7, 9]]), ("coat", "bag"), {(1, 0): strip}).data
    assert '<th scope="row">bag</th><td>7</td><td>9</td>' in page
    data = json.loads(re.search('data="({.*?})"', page)[1].replace("&quot;", '"'))
    assert data["start"] == [1, 0]
    (image,) = images(f'src="{data["images"]["1,0"]}"')
    np.testing.assert_array_equal(np.asarray(image.convert("L")), np.hstack(strip))


def test_confusion_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"2 classes has shape \(2, 2\), not \(1, 2\)"):
        explore.confusion([[1, 2]], "ab", {})
    wrong = np.zeros((1, 28, 28)), *(np.zeros(s, np.uint8) for s in ((28, 28), (1, 8, 8), (0, 28, 28)))
    for images in wrong:
        with pytest.raises(ValueError, match=r"Cell \(0, 1\) needs images uint8"):
            explore.confusion(np.eye(2, dtype=int), "ab", {(0, 1): images})
    noise = np.random.default_rng(0).integers(0, 256, (200, 28, 28), dtype=np.uint8)
    with pytest.raises(
        ValueError, match=r"Try it: choose a cell.* over its budget of 150 KB; keep fewer images"
    ):
        explore.confusion(np.eye(2, dtype=int), "ab", {(0, 1): noise})
