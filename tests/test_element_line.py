"""The element `line` in a real browser: its mathematics against torch, sliders, pointer, fallback, axe."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect
from test_elements import THEMES, anything, numbers, open_page, picture

from tools.browser import OF_PAGES, axe
from utils import explore

__all__ = ["open_page"]  # a fixture
X = [0.5, 0.9, 1.4, 1.8, 2.3, 2.7, 3.2, 3.6, 4.1, 4.7]
Y = [5.6, 4.9, 10.3, 9.1, 13.4, 11.9, 17.2, 16.0, 21.6, 20.8]
LABELS = ("distance, km", "time, min")
tenths = st.tuples(st.integers(0, 50), st.integers(0, 300)).map(lambda point: [k / 10 for k in point])
clouds = st.lists(tenths, min_size=2, max_size=12)


def show():
    return explore.line(X, Y, labels=LABELS)


@pytest.fixture(scope="module")
def bare(browser):
    page = browser.new_page()
    page.set_content(show().data)
    yield page
    page.close()


def call(page, function, *arguments):
    return page.evaluate(
        "([f, a]) => customElements.get('explore-line')[f](...a)", [function, list(arguments)]
    )


def torchs(points):
    """Return X with its column of ones, and y, in float64."""
    points = torch.tensor(points, dtype=torch.float64)
    return torch.stack([points[:, 0], torch.ones(len(points))], 1), points[:, 1]


def best(points):
    columns, y = torchs(points)
    return torch.linalg.lstsq(columns, y.unsqueeze(1), driver="gelsd", rcond=1e-9).solution.flatten()


def unfold(page):
    """Show the sliders of the points."""
    page.locator("summary").press("Enter")
    return page


# The mathematics, against torch in float64


@anything
@given(clouds, st.floats(-10, 10), st.floats(-20, 20))
def test_loss_and_gradient_are_torchs(bare, points, w, b):
    columns, y = torchs(points)
    theta = torch.tensor([w, b], dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.mse_loss(columns @ theta, y) / 2
    loss.backward()
    assert call(bare, "loss", points, w, b) == pytest.approx(loss.item(), rel=1e-9, abs=1e-6)
    np.testing.assert_allclose(call(bare, "gradient", points, w, b), theta.grad, rtol=1e-9, atol=1e-6)


@anything
@given(clouds)
def test_optimum_is_torchs_of_minimum_norm(bare, points):
    np.testing.assert_allclose(call(bare, "optimum", points), best(points), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("x", [0.0, 0.1, 2.3, 5.0])
def test_optimum_where_all_x_are_equal(bare, x):
    points = [[x, y] for y in (3.0, 8.0, 10.3)]
    ours = call(bare, "optimum", points)
    np.testing.assert_allclose(ours, best(points), atol=1e-6)
    assert call(bare, "gradient", points, *ours) == pytest.approx([0, 0], abs=1e-9)


@anything
@given(clouds, st.floats(0.01, 100))
def test_each_ring_has_one_loss(bare, points, excess):
    columns, y = torchs(points)
    if len({x for x, _ in points}) == 1:
        return  # then the rings are pairs of lines, drawn only nearly parallel
    ring = torch.tensor(call(bare, "ring", points, excess), dtype=torch.float64)  # (97, 2)
    losses = ((columns @ ring.T - y[:, None]) ** 2).mean(0) / 2
    lowest = ((columns @ best(points) - y) ** 2).mean() / 2
    np.testing.assert_allclose(losses, lowest + excess, rtol=1e-6)
    assert torch.allclose(ring[0], ring[-1])


# The controls


def state(element):
    return [float(text.replace("−", "-")) for text in element.locator("output").all_text_contents()]


def places(element):
    """The points as they are drawn, in the units of the data."""
    drawn = element.locator("circle.point").evaluate_all(
        "c => c.map(c => [c.getAttribute('cx') / 36 - 292 / 36, (195 - c.getAttribute('cy')) / 6])"
    )
    return np.array(drawn)


def check(element):
    """Compare all that the element shows and says with torch, and return its points.

    The best line is part of it only if the button is pressed.
    """
    w, b, point, x, y = state(element)
    points = places(element)
    np.testing.assert_allclose(points[int(point) - 1], [x, y], atol=1e-6)
    columns, target = torchs(points.tolist())
    theta = best(points.tolist())

    def loss(theta):
        return (((columns @ theta - target) ** 2).mean() / 2).item()

    yours = loss(torch.tensor([w, b], dtype=torch.float64))
    shown = element.get_by_role("button", name="Show the best line", pressed=True).count()
    lowest = [*theta.tolist(), loss(theta)] * shown
    assert numbers(picture(element)) == pytest.approx([w, b, yours, *lowest], rel=1e-3, abs=6e-3)
    legend = element.locator("svg text").filter(has_text="loss").all_text_contents()
    assert numbers(" ".join(legend)) == pytest.approx([yours, *lowest], rel=1e-3, abs=6e-3)
    assert ("best" in element.locator(".summary").inner_text()) == bool(shown)
    assert element.locator("[stroke*='#D55E00']").count() == 4 * shown, "line, cross, and both in the legend"
    for slider in element.locator("input").all():
        told = slider.get_attribute("aria-valuetext")
        assert told == slider.evaluate("input => input.nextElementSibling.value")
    return points


def test_it_starts_as_it_is_told(open_page):
    element = open_page(show()).locator("explore-line")
    np.testing.assert_allclose(check(element), np.stack([X, Y], 1), atol=1e-6)
    assert state(element) == [2.0, 8.0, 1.0, X[0], Y[0]]


def test_the_best_line_is_shown_to_who_has_moved_something_and_asks(open_page):
    page = open_page(show())
    element, button = page.locator("explore-line"), page.get_by_role("button", name="Show the best line")
    expect(button).to_be_disabled()
    expect(button).to_have_text("Show the best line: move yours first")
    unfold(page).get_by_role("slider", name="point").press("End")
    expect(button).to_be_disabled()
    page.get_by_role("slider", name="slope w").press("ArrowRight")
    check(element)
    assert "best" not in picture(element)
    expect(button).to_have_text("Show the best line")
    button.press("Enter")
    check(element)
    assert "best line w = 4.03, b = 2.92" in picture(element)
    page.get_by_role("slider", name="intercept b").press("ArrowRight")
    check(element)  # it stays
    button.press("Enter")
    check(element)
    assert "best" not in picture(element)


def test_the_legend_fits(open_page):
    page = unfold(open_page(show()))
    for name in ("slope w", "intercept b", "time, min"):
        page.get_by_role("slider", name=name).press("End")
    page.get_by_role("button").press("Enter")
    check(page.locator("explore-line"))
    ends = page.locator("svg text[x='76']").evaluate_all(
        "all => all.map(t => t.getBBox().x + t.getBBox().width)"
    )
    assert len(ends) == 2
    assert max(ends) < 480 - 30  # another font may be wider


@pytest.mark.parametrize("label", ["slope w", "intercept b", *LABELS])
def test_each_slider_by_keyboard(open_page, label):
    page = unfold(open_page(show()))
    element, slider = page.locator("explore-line"), page.get_by_role("slider", name=label)
    seen, before = {slider.get_attribute("aria-valuetext")}, check(element)
    for key in ("ArrowRight", "PageUp", "Home", "End"):
        slider.press(key)
        seen.add(slider.get_attribute("aria-valuetext"))
        after = check(element)
    assert len(seen) == 5
    assert (before[0] != after[0]).any() == (label in LABELS)
    np.testing.assert_array_equal(before[1:], after[1:])


def test_the_keyboard_chooses_a_point_and_moves_it_alone(open_page):
    page = unfold(open_page(show()))
    element = page.locator("explore-line")
    before = check(element)
    for _ in range(3):
        page.get_by_role("slider", name="point").press("ArrowRight")
        np.testing.assert_array_equal(check(element), before)  # choosing moves nothing
    assert state(element)[2:] == [4, X[3], Y[3]]
    page.get_by_role("slider", name="time, min").press("End")
    after = check(element)
    assert after[3] == pytest.approx([X[3], 30])
    page.get_by_role("slider", name="point").press("Home")
    np.testing.assert_array_equal(check(element), after)  # it stays where it was put


def drag(page, handle, across, up):
    """Drag a handle by so many units of the picture."""
    box = page.locator(f"[data-handle='{handle}']").bounding_box()
    unit = page.locator("explore-line svg").first.bounding_box()["width"] / 480
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + across * unit, y - up * unit, steps=6)
    page.mouse.up()
    page.mouse.move(x, y)  # let go: this moves nothing


def test_a_point_is_dragged_by_pointer(open_page):
    page = open_page(show())
    element = page.locator("explore-line")
    before = check(element)
    drag(page, 3, across=36, up=30)
    after = check(element)
    assert after[2] == pytest.approx([X[2] + 1, Y[2] + 5], abs=0.11)
    np.testing.assert_array_equal(np.delete(before, 2, 0), np.delete(after, 2, 0))
    assert state(element)[2] == 3
    drag(page, 3, across=-400, up=400)
    assert check(element)[2] == pytest.approx([0, 30])  # the axes hold it


def test_the_line_is_dragged_on_the_contour(open_page):
    page = open_page(show())
    element = page.locator("explore-line")
    before = check(element)
    drag(page, "line", across=45, up=-45)
    np.testing.assert_array_equal(check(element), before)
    assert state(element)[:2] == pytest.approx([4, 3], abs=0.11)


def test_all_points_over_one_x(open_page):
    page = unfold(open_page(explore.line([2.0, 3.0], [4.0, 8.0])))
    element = page.locator("explore-line")
    page.get_by_role("slider", name="slope w").press("ArrowLeft")
    page.get_by_role("button").press("Enter")
    page.get_by_role("slider", name="x", exact=True).focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
        check(element)
    expect(page.locator(".summary")).to_contain_text("every line through their mean is best, with loss 2.000")


def test_copies_on_one_page_are_independent(open_page):
    page = open_page(show(), show())
    one, two = (page.locator("explore-line").nth(i) for i in (0, 1))
    rest = picture(one)
    unfold(two)
    two.locator("input").last.press("End")
    assert picture(one) == rest != picture(two)


# The page around it


def test_without_javascript_there_is_a_table(open_page):
    page = open_page(show(), java_script_enabled=False)
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.get_by_text("Try it:")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(len(X) + 1)
    slope, intercept = best([list(point) for point in zip(X, Y, strict=True)]).tolist()
    predicted = slope * X[-1] + intercept
    row = [X[-1], Y[-1], predicted, predicted - Y[-1]]  # a residual is prediction minus target
    assert numbers(page.get_by_role("row").last.inner_text()) == pytest.approx(row, abs=6e-3)


def test_labels_are_text_not_markup(open_page):
    page = open_page(explore.line(X, Y, labels=("<b>&", '"c"')))
    expect(unfold(page).get_by_role("slider", name="<b>&")).to_be_visible()
    assert "<b>&" in page.locator("explore-line svg text").all_text_contents()


def test_print_shows_the_picture_and_no_controls(open_page):
    page = open_page(show())
    page.emulate_media(media="print")
    expect(page.get_by_role("img")).to_be_visible()
    expect(page.get_by_role("slider").first).to_be_hidden()


def test_a_narrow_page_does_not_scroll_sideways(open_page):
    page = open_page(show(), viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(open_page, theme):
    page = unfold(open_page(show(), theme=theme))
    page.get_by_role("slider", name="slope w").press("ArrowRight")
    page.get_by_role("button").press("Enter")
    expect(page.locator(".summary").last).not_to_be_empty()
    assert axe(page, without=OF_PAGES) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"x": [1.0]}, "one shape"),
        ({"x": X[:-1]}, "one shape"),
        ({"x": [X], "y": [Y]}, "one shape"),
        ({"x": [*X[:-1], 5.1]}, "x must lie between 0 and 5"),
        ({"y": [*Y[:-1], float("nan")]}, "y must lie between 0 and 30"),
        ({"w": 9}, "w must lie"),
        ({"b": -6}, "b must lie"),
    ],
)
def test_what_does_not_fit_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        explore.line(**({"x": X, "y": Y} | change))
