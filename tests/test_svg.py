"""Figures as lean SVG: what is drawn, the page's colors, words, pixels; where wide figures are cut."""

import base64
import io
import itertools
import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from utils import panels
from utils.plotting import COLORS, style
from utils.svg import _path, document, lean, read

PAPER, DARK = (1, 1, 1), tuple(int(part, 16) / 255 for part in ("15", "18", "1c"))


def draw(plot, **options):
    """Return the inside of a figure of one panel."""
    with style():
        figure, axes = plt.subplots(**{"figsize": (4, 3)} | options)
        plot(axes)
    [panel] = lean(figure)
    plt.close(figure)
    ElementTree.fromstring(f"<svg>{panel.inside}</svg>")  # raises if something is left open
    return panel


def two(width=7, legend=False):
    figure, axes = plt.subplots(1, 2, figsize=(width, 2.5), layout="constrained")
    axes[0].plot([0, 1], color="#010203")
    axes[1].plot([1, 0], color="#040506")
    axes[1].set_ylabel("of the second")
    if legend:
        figure.legend(axes[0].lines, ["spans both panels, from the one into the other"], loc="upper center")
    plt.close(figure)
    return figure


# Colors


def test_black_and_white_are_the_pages_and_nothing_else_of_its_ground():
    panel = draw(lambda axes: axes.plot([0, 1], "o", color="black", markerfacecolor="white"))
    assert "fill:var(--ground,#fff)" in panel.inside
    assert "stroke:currentColor" in panel.inside
    assert not re.search("#000|#fff(?!\\))", panel.inside)
    assert panel.inside.count("var(--ground,#fff)") < 30, "no ground is drawn"


@pytest.mark.parametrize(("gray", "share"), [("0.9", 10), ("0.4", 60)])
def test_a_gray_is_something_between(gray, share):
    panel = draw(lambda axes: axes.plot([0, 1], color=gray, linewidth=7))
    mixed = f"stroke:color-mix(in srgb,currentColor {share}%,var(--ground,#fff));stroke-width:7"
    assert mixed in panel.inside


def test_lines_take_the_pages_own_blue_and_vermilion_where_it_has_them():
    panel = draw(lambda axes: [axes.plot([0, 1], color=color) for color in COLORS[:2]])
    shown = panels.svgs([panel])
    assert "stroke:var(--blue,#0072b2)" in shown
    assert "stroke:var(--vermilion,#d55e00)" in shown
    assert "var(" not in re.sub("var\\(--(ground|blue|vermilion),#\\w+\\)", "", shown)
    assert "#0072b2" in panels.images([panel], "Lines").lower().replace("%23", "#"), (
        "black on white, in print"
    )


def contrast(one, two):
    def luminance(color):
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
        return np.dot(parts, [0.2126, 0.7152, 0.0722])

    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize(("text", "ground"), [((0, 0, 0), PAPER), ((0.8, 0.84, 0.87), DARK)])
def test_each_color_of_the_book_is_seen_on_light_and_dark(color, text, ground):
    """At least 3:1, WCAG's bound for graphics."""
    panel = draw(lambda axes: axes.plot([0, 1], color=color, linewidth=7))
    [found] = re.findall(r"stroke:([^;']*);stroke-width:7", panel.inside)
    if mixed := re.fullmatch(r"color-mix\(in srgb,(#\w{6}) (\d+)%,currentColor\)", found):
        share = int(mixed[2]) / 100
        shown = [
            share * c + (1 - share) * t
            for c, t in zip(plt.matplotlib.colors.to_rgb(mixed[1]), text, strict=True)
        ]
    else:
        shown = text if found == "currentColor" else plt.matplotlib.colors.to_rgb(found)
    assert contrast(shown, ground) >= 2.95


def test_words_on_colors_keep_their_own():
    """On a heat map black stays black in the dark, and white words are never the page's ground."""

    def plot(axes):
        axes.pcolormesh([[0, 1], [1, 0]], cmap="gray")
        axes.text(0.5, 0.5, "on white", color="black")
        axes.text(1.5, 0.5, "on black", color="white")

    panel = draw(plot)
    assert re.search("fill:#000'>on white", panel.inside)
    assert re.search("fill:#ffffff'>on black", panel.inside)
    assert "fill:#ffffff" in panel.inside.split("crispEdges")[1], "its cells are data"
    assert panel.pixels


def test_what_is_drawn_only_for_the_svg_is_undone():
    figure = two()
    before = [(axes.get_gid(), axes.patch.get_visible()) for axes in figure.axes], figure.dpi, figure.canvas
    lean(figure)
    after = [(axes.get_gid(), axes.patch.get_visible()) for axes in figure.axes], figure.dpi, figure.canvas
    assert after == before


# Words, curves, pixels


def test_words_are_text_in_the_pages_font():
    panel = draw(lambda axes: axes.set(xlabel="a < b & c", title="it's"))
    assert ">a &lt; b &amp; c</text>" in panel.inside
    assert ">it&#x27;s</text>" in panel.inside
    assert "font-family" not in panel.inside


def test_powers_are_letters():
    panel = draw(lambda axes: axes.plot([1e-3, 20]) and axes.set_yscale("log"))
    assert ">10⁻³</text>" in panel.inside
    assert ">10¹</text>" in panel.inside
    assert "mathdefault" not in panel.inside


def test_mathematics_flows_in_any_font():
    panel = draw(lambda axes: axes.set_title(r"$\lambda_2 x$"))
    words = "".join(ElementTree.fromstring(f"<svg>{panel.inside}</svg>").find(".//text[tspan]").itertext())
    assert words.replace("\u205f", "").replace(" ", "") == "λ2x"
    assert not re.search("<tspan[^>]* x=", panel.inside)


@given(
    st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), min_size=2, max_size=30),
    st.sampled_from([10, 100]),
)
def test_a_path_of_relative_steps_does_not_drift(points, scale):
    written = _path("M " + "L ".join(f"{x:.6f} {y:.6f} \n" for x, y in points), scale)
    numbers = [float(n) for n in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", written)]
    ends = np.cumsum(np.array(numbers).reshape(-1, 2), axis=0)
    expected = np.array(points)[[0, *(k for k in range(1, len(points)) if len(ends) == len(points))]]
    np.testing.assert_allclose(ends[-1], points[-1], atol=0.51 / scale + 1e-5)
    if len(ends) == len(points):
        np.testing.assert_allclose(ends, expected, atol=0.51 / scale + 1e-5)


def test_an_image_keeps_its_own_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    panel = draw(lambda axes: axes.imshow(pixels))
    [uri] = re.findall("data:image/webp;base64,([^']*)", panel.inside)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(uri)))), pixels)
    assert "image-rendering:pixelated" in panel.inside
    assert panel.pixels


def test_a_hatch_is_drawn():
    panel = draw(lambda axes: axes.bar([1, 2], [1, 2], hatch="//"))
    [name] = re.findall("<pattern id='(.*?)'", panel.inside)
    assert panel.inside.count(f"fill:url(#{name})") == 2


@given(st.sampled_from(["o", "s", "^", "x"]), st.sampled_from(["", "//", ".."]), st.booleans())
@settings(deadline=None, max_examples=12)
def test_each_reference_leads_to_a_shape_of_its_panel(marker, hatch, image):
    figure = two()
    figure.axes[0].plot([0, 1], marker)
    figure.axes[1].bar([0, 1], [1, 2], hatch=hatch)
    if image:
        figure.axes[1].imshow(np.eye(3))
    for panel in lean(figure):
        links = set(re.findall(r"(?:href='|url\()#(\w+)", panel.inside))
        assert links == set(re.findall(r" id='(\w+)'", panel.inside))


def test_figures_of_a_page_may_share_their_shapes():
    """A name is given to a shape by what it is: like ones are alike, unlike ones are not."""
    one, other = (draw(lambda axes, mark=mark: axes.plot([0, 1], mark)).inside for mark in "os")
    shapes = [dict(re.findall(r"<path id='(\w+)' (.*?)/>", inside)) for inside in (one, other)]
    shared = shapes[0].keys() & shapes[1].keys()
    assert shared, "ticks"
    assert all(shapes[0][name] == shapes[1][name] for name in shared)
    assert shapes[0].keys() != shapes[1].keys()
    assert draw(lambda axes: axes.plot([0, 1], "o")).inside == one, "drawing is deterministic"


def test_a_file_gives_its_panels_back():
    written = document(two())
    found = read(written)
    assert [panel._replace(inside="") for panel in found] == [
        panel._replace(inside="") for panel in lean(two())
    ]
    assert [("#010203" in panel.inside) for panel in found] == [True, False]
    assert read("<svg xmlns='http://www.w3.org/2000/svg' class='other'><svg viewBox='0 0 1 1'/></svg>") == []


# Panels


def test_panels_of_a_wide_figure_stand_alone():
    first, second = lean(two())
    assert ("#010203" in first.inside, "#040506" in first.inside) == (True, False)
    assert ("#010203" in second.inside, "#040506" in second.inside) == (False, True)
    assert first.width + second.width == pytest.approx(7 * 72)
    assert second.left == first.width
    html = panels.inline([first, second], "a & b")
    assert html.count('role="img" aria-label="a &amp; b"') == 1
    assert html.count("<svg ") == 2
    assert re.findall('<img alt="(.*?)"', panels.images([first, second], "a & b")) == ["a &amp; b", ""]


@pytest.mark.parametrize("options", [{"width": 5}, {"legend": True}])
def test_a_figure_stays_whole_where_it_is_narrow_or_has_no_gap(options):
    assert len(lean(two(**options))) == 1


@pytest.mark.parametrize("n", [2, 3])
def test_each_panel_of_a_row_is_one(n):
    with style():
        figure, _ = plt.subplots(1, n, figsize=(2.7 * n, 2.8))
    plt.close(figure)
    assert len(lean(figure)) == n


def test_a_label_is_no_panel():
    """Between an axis and its label there may be a gap, but a piece of that width helps nobody."""
    assert panels.split(6, [0.3]) == [0, 6]
    assert panels.split(7, [0.3, 3.4, 3.7]) == [0, 3.4, 7]
    assert panels.split(9, [3, 6]) == [0, 3, 6, 9]


@given(st.floats(1, 20), st.lists(st.floats(0.01, 0.99), max_size=12, unique=True))
def test_no_panel_is_too_wide_or_the_figure_is_whole(width, shares):
    gaps = sorted(width * share for share in shares)
    edges = panels.split(width, gaps)
    assert (edges[0], edges[-1]) == (0, width)
    assert set(edges[1:-1]) <= set(gaps)
    assert all(0 < b - a <= panels.PANEL for a, b in itertools.pairwise(edges)) or len(edges) == 2
