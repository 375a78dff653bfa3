"""The element `squares` in a real browser: mathematics, sliders, pointer, button, fallback."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect
from test_element_line import LABELS, X, Y, clouds
from test_elements import AXE, THEMES, anything, browser, numbers, open_page, picture

from utils import explore

__all__ = ["browser", "open_page"]  # fixtures
heights = st.floats(0, 30)


def show(**options):
    return explore.squares(X, Y, labels=LABELS, unit="min²", **options)


def loss(points, ends):
    """The mean squared error of the line through two heights, over x = 0 and x = 5."""
    x, y = torch.tensor(points, dtype=torch.float64).T
    return torch.nn.functional.mse_loss(ends[0] + (ends[1] - ends[0]) * x / 5, y)


def lowest():
    a = np.stack([1 - np.array(X) / 5, np.array(X) / 5], 1)
    return np.linalg.lstsq(a, np.array(Y), rcond=None)[0]


@pytest.fixture(scope="module")
def bare(browser):
    page = browser.new_page()
    page.set_content(show().data)
    yield page
    page.close()


@anything
@given(clouds, heights, heights)
def test_a_step_goes_down_torchs_gradient(bare, points, left, right):
    ends = torch.tensor([left, right], dtype=torch.float64, requires_grad=True)
    half = loss(points, ends) / 2
    half.backward()
    element = "customElements.get('explore-squares')"
    ours = bare.evaluate(f"a => {element}.loss(...a)", [points, left, right])
    assert ours == pytest.approx(2 * half.item(), rel=1e-9, abs=1e-9)
    step = bare.evaluate(f"a => {element}.step(...a, .1)", [points, left, right])
    np.testing.assert_allclose(step, ends.detach() - 0.1 * ends.grad, atol=1e-9)


def check(element):
    """Compare what is shown and said with torch, and return the two ends."""
    left, right = (float(text) for text in element.locator("output").all_inner_texts())
    area = loss(list(zip(X, Y, strict=True)), torch.tensor([left, right], dtype=torch.float64)).item()
    assert numbers(picture(element)) == pytest.approx([left, right, area], abs=6e-3)
    expect(element.locator(".spoken")).to_contain_text(re.compile(rf"ean area.* {area:.2f} min²\. "))
    assert element.locator(".summary").inner_text() == element.locator(".spoken").inner_text()
    boxes = element.locator("svg g rect").evaluate_all(
        "all => all.map(e => [e.width, e.height].map(l => +l.baseVal.value))"
    )
    sides = [3 / 20 * side for side, _ in boxes]
    assert np.mean(np.square(sides)) == pytest.approx(area)
    assert all(width == height for width, height in boxes)
    return left, right


def test_each_end_by_keyboard(open_page):
    page = open_page(show())
    element = page.locator("explore-squares")
    assert check(element) == (22, 6)
    page.get_by_role("slider", name="left end").press("Home")
    assert check(element) == (0, 6)
    page.get_by_role("slider", name="right end").press("ArrowRight")
    assert check(element) == (0, 6.1)


def test_an_end_is_dragged(open_page):
    page = open_page(show())
    element, svg = page.locator("explore-squares"), page.locator("explore-squares svg").bounding_box()
    handle = page.locator("[data-handle=right]").bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 50, y - 100 * svg["width"] / 480, steps=4)  # half of the scale up
    page.mouse.up()
    page.mouse.move(x, y)  # let go: this moves nothing
    left, right = check(element)
    assert (left, right) == (22, pytest.approx(21, abs=0.11))


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_the_button_learns_the_best_line(open_page, motion):
    """At once for whoever wants nothing to move, else within four seconds."""
    page = open_page(show(), reduced_motion=motion)
    element, button = page.locator("explore-squares"), page.get_by_role("button", name="Let the machine")
    button.press("Enter")
    if motion == "reduce":
        np.testing.assert_allclose(check(element), lowest(), atol=0.06)
    else:
        expect(element.locator("output").first).not_to_have_text("22.0")
        middle = element.locator("output").all_inner_texts()
        summary = element.locator(".summary").inner_text()
        assert re.match(r"Step \d+ of 60: mean area \d+\.\d\d min²\.", summary), "the numbers move, too"
        page.wait_for_timeout(300)
        assert element.locator("output").all_inner_texts() != middle, "it moves step by step"
        assert element.locator(".summary").inner_text() != summary
        page.wait_for_timeout(3500)
        np.testing.assert_allclose(check(element), lowest(), atol=0.06)


def test_a_hand_on_the_slider_stops_the_machine(open_page):
    page = open_page(show())
    element = page.locator("explore-squares")
    page.get_by_role("button").press("Enter")
    page.get_by_role("slider", name="left end").press("End")
    ends = element.locator("output").all_inner_texts()
    assert element.locator(".summary").inner_text().startswith("Mean area"), "no step of the machine's"
    page.wait_for_timeout(300)
    assert element.locator("output").all_inner_texts() == ends


def test_without_javascript_there_is_a_picture(open_page):
    page = open_page(show(), java_script_enabled=False)
    expect(page.get_by_role("img")).to_be_visible()
    assert numbers(page.get_by_role("img").get_attribute("alt")) == [
        pytest.approx(loss(list(zip(X, Y, strict=True)), torch.tensor(lowest())).item(), abs=6e-3)
    ]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci")
@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(open_page, theme):
    page = open_page(show(), theme=theme)
    expect(page.locator(".summary").last).not_to_be_empty()
    page.evaluate(AXE.read_text())
    rules = {name: {"enabled": False} for name in ("region", "landmark-one-main", "page-has-heading-one")}
    found = page.evaluate("rules => axe.run(document, { rules })", rules)["violations"]
    assert [(row["id"], [node["html"] for node in row["nodes"]]) for row in found] == []


@pytest.mark.parametrize(
    ("change", "complaint"), [({"x": [1.0]}, "one shape"), ({"left": 31}, "left must lie")]
)
def test_what_does_not_fit_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        explore.squares(**({"x": X, "y": Y} | change))
