"""The element `squares` in a real browser: mathematics, sliders, pointer, button, fallback."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect
from test_element_line import LABELS, X, Y, clouds
from test_elements import THEMES, anything, numbers, open_page, picture

from tools.browser import OF_PAGES, axe
from utils import explore

__all__ = ["open_page"]  # a fixture
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
    area = loss(points, ends)
    area.backward()
    element = "customElements.get('explore-squares')"
    ours = bare.evaluate(f"a => {element}.loss(...a)", [points, left, right])
    assert ours == pytest.approx(area.item(), rel=1e-9, abs=1e-9)
    slopes = bare.evaluate(f"a => {element}.gradient(...a)", [points, left, right])
    np.testing.assert_allclose(slopes, ends.grad, rtol=1e-9, atol=1e-9)
    step = bare.evaluate(f"a => {element}.step(...a, .1)", [points, left, right])
    np.testing.assert_allclose(step, ends.detach() - 0.1 * ends.grad, atol=1e-9)


def places(element):
    """The points as they are drawn, in the units of the data."""
    return np.array(
        element.locator("circle.point").evaluate_all(
            "c => c.map(c => [(c.getAttribute('cx') - 50) / 83, (208 - c.getAttribute('cy')) * 3 / 20])"
        )
    )


def check(element):
    """Compare what is shown and said with torch, and return the two ends."""
    points = places(element)
    left, right = (float(element.locator(f"output[for={end}]").inner_text()) for end in ("left", "right"))
    ends = torch.tensor([left, right], dtype=torch.float64, requires_grad=True)
    area = loss(points, ends)
    area.backward()
    said = numbers(element.locator(".summary").inner_text().split(". Your best")[0])
    assert said == pytest.approx([area.item(), *ends.grad.tolist()], rel=6e-3, abs=0.02)
    assert numbers(picture(element))[:2] == [left, right]
    boxes = element.locator("svg g rect").evaluate_all(
        "all => all.map(e => [e.width, e.height].map(l => +l.baseVal.value))"
    )
    sides = [3 / 20 * side for side, _ in boxes]
    assert np.mean(np.square(sides)) == pytest.approx(area.item(), rel=6e-3, abs=0.02)
    assert all(width == height for width, height in boxes)
    return left, right


def bests(element):
    """The reader's best and the machine's, None for none yet."""
    text = element.locator(".summary").inner_text().split("Your best: ")[1]
    return [numbers(part)[0] if numbers(part) else None for part in text.split("; the machine’s: ")]


def test_each_end_by_keyboard(open_page):
    page = open_page(show())
    element = page.locator("explore-squares")
    assert check(element) == (22, 6)
    assert bests(element) == [None, None], "nothing is given away"
    page.get_by_role("slider", name="left end").press("Home")
    assert check(element) == (0, 6)
    page.get_by_role("slider", name="right end").press("ArrowRight")
    assert check(element) == (0, 6.1)
    first = bests(element)[0]
    page.get_by_role("slider", name="right end").press("Home")
    check(element)
    assert bests(element) == [first, None], "the best stays"


def drag(page, handle, across, up):
    """Drag a handle by so many units of the picture."""
    unit = page.locator("explore-squares svg").bounding_box()["width"] / 480
    box = page.locator(f"[data-handle='{handle}']").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + across * unit, y - up * unit, steps=4)
    page.mouse.up()
    page.mouse.move(x, y)  # let go: this moves nothing


def test_an_end_is_dragged(open_page):
    page = open_page(show())
    drag(page, "right", across=-50, up=100)  # half of the scale up
    assert check(page.locator("explore-squares")) == (22, pytest.approx(21, abs=0.11))


def test_a_point_is_dragged_and_the_contest_begins_anew(open_page):
    page = open_page(show())
    element = page.locator("explore-squares")
    page.get_by_role("slider", name="left end").press("ArrowLeft")
    page.get_by_role("button", name="One step").press("Enter")
    assert None not in bests(element)
    drag(page, 3, across=83, up=-40)
    moved = np.stack([X, Y], 1)
    moved[2] += [1, -6]
    np.testing.assert_allclose(places(element), moved, atol=0.11)
    assert bests(element) == [None, None]


def test_a_point_is_moved_by_keyboard(open_page):
    page = open_page(show())
    element = page.locator("explore-squares")
    page.locator("summary").press("Enter")
    page.get_by_role("slider", name="point", exact=True).press("ArrowRight")
    np.testing.assert_allclose(places(element), np.stack([X, Y], 1), atol=1e-6)  # choosing moves nothing
    page.get_by_role("slider", name=LABELS[1]).press("End")
    assert places(element)[1] == pytest.approx([X[1], 30])
    check(element)
    page.get_by_role("button", name="Reset").press("Enter")
    np.testing.assert_allclose(places(element), np.stack([X, Y], 1), atol=1e-6)


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_the_button_learns_the_best_line(open_page, motion):
    """At once for whoever wants nothing to move, else step by step."""
    page = open_page(show(), reduced_motion=motion)
    element, button = page.locator("explore-squares"), page.get_by_role("button", name="Let the machine")
    button.press("Enter")
    expect(element.locator(".summary")).to_contain_text("Step 60", timeout=15_000)
    np.testing.assert_allclose(check(element), lowest(), atol=0.06)
    least = loss(list(zip(X, Y, strict=True)), torch.tensor(lowest())).item()
    assert bests(element) == [None, pytest.approx(least, abs=6e-3)]
    assert element.locator("svg g path[stroke*='#D55E00']").count() == 1, "the falling loss"


@pytest.mark.parametrize("button", ["One step", "Let the machine"])
def test_a_rate_that_is_too_large_is_said_to_be_so(open_page, button):
    page = open_page(show(), reduced_motion="reduce")
    summary = page.locator("explore-squares .summary")
    page.get_by_role("slider", name="learning rate").press("End")
    for _ in range(7):
        page.get_by_role("button", name=button).press("Enter")
    expect(summary).to_have_text(
        "Step 4: the loss is off the scale, 2.76 × 10⁷ min². The learning rate is too large: press Reset."
    )
    page.get_by_role("button", name="Reset").press("Enter")
    assert check(page.locator("explore-squares")) == (22, 6)


def test_arrows_show_the_next_step(open_page):
    page = open_page(show())
    arrows = page.locator("explore-squares path.step")
    slopes = torch.tensor([22.0, 6.0], dtype=torch.float64, requires_grad=True)
    loss(list(zip(X, Y, strict=True)), slopes).backward()
    lengths = arrows.evaluate_all(
        "all => all.map(a => a.getAttribute('d').match(/M\\S+ (\\S+)V(\\S+?)m/).slice(1).map(Number))"
    )
    ours = [(to - at) * 3 / 20 for at, to in lengths]
    np.testing.assert_allclose(ours, slopes.grad, atol=1e-6)  # downhill: up on the screen is less
    said = numbers(page.locator("explore-squares .summary").inner_text())[1:3]
    assert ours == pytest.approx(said, abs=6e-3), "at rate 1, as long as the gradient that is shown"


def test_a_hand_on_the_slider_stops_the_machine(open_page):
    page = open_page(show())
    element = page.locator("explore-squares")
    page.get_by_role("button", name="Let the machine").press("Enter")
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


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(open_page, theme):
    page = open_page(show(), theme=theme)
    expect(page.locator(".summary").last).not_to_be_empty()
    assert axe(page, without=OF_PAGES) == []


@pytest.mark.parametrize(
    ("change", "complaint"), [({"x": [1.0]}, "one shape"), ({"left": 31}, "left must lie")]
)
def test_what_does_not_fit_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        explore.squares(**({"x": X, "y": Y} | change))
