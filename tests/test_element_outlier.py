"""The element `outlier` in a real browser: its three best lines against torch, its points."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from test_element_line import LABELS, X, Y
from test_elements import anything, numbers, open_page

from utils import explore

__all__ = ["open_page"]  # a fixture
tenths = st.tuples(st.integers(0, 50), st.integers(0, 300)).map(lambda point: [k / 10 for k in point])
clouds = st.lists(tenths, min_size=3, max_size=12)
LOSSES = {
    "squared": lambda p, y, delta: torch.nn.functional.mse_loss(p, y) / 2,
    "absolute": lambda p, y, delta: torch.nn.functional.l1_loss(p, y),
    "Huber": lambda p, y, delta: torch.nn.functional.huber_loss(p, y, delta=delta),
}


def show(**options):
    return explore.outlier(**{"x": X, "y": Y, "ranges": ((0, 5), (0, 30)), "labels": LABELS} | options)


@pytest.fixture(scope="module")
def bare(browser):
    page = browser.new_page()
    page.set_content(show().data)
    yield page
    page.close()


def fit(page, name, points, delta=1.0):
    return page.evaluate(
        "([name, ...a]) => customElements.get('explore-outlier').FITS[name](...a)", [name, points, delta]
    )


def loss(name, points, line, delta=1.0):
    x, y = torch.tensor(points, dtype=torch.float64).T
    line = line if torch.is_tensor(line) else torch.tensor(line, dtype=torch.float64)
    return LOSSES[name](line[0] * x + line[1], y, delta)


@anything
@given(clouds, st.sampled_from(list(LOSSES)), st.floats(0.1, 10), st.floats(-9, 9), st.floats(-9, 39))
def test_loss_is_torchs(bare, points, name, delta, w, b):
    ours = bare.evaluate(
        "a => customElements.get('explore-outlier').loss(...a)", [name, points, [w, b], delta]
    )
    assert ours == pytest.approx(loss(name, points, [w, b], delta).item(), rel=1e-9, abs=1e-9)


@anything
@given(clouds, st.sampled_from(list(LOSSES)), st.floats(0.1, 10))
def test_no_other_line_is_better(bare, points, name, delta):
    """All three losses are convex: where torch finds nothing lower nearby, there is nothing lower."""
    assume(len({x for x, _ in points}) > 1)
    ours = torch.tensor(fit(bare, name, points, delta), dtype=torch.float64)
    lowest = loss(name, points, ours, delta).item()
    for size in (1e-3, 0.1, 3):
        for turn in np.linspace(0, 2 * np.pi, 24):
            near = ours + size * torch.tensor([np.cos(turn), np.sin(turn)])
            assert loss(name, points, near, delta).item() >= lowest - 1e-7 * max(lowest, 1)


def test_the_smooth_ones_end_where_torchs_gradient_is_0(bare):
    points = [list(point) for point in zip(X, [*Y[:8], 30, Y[9]], strict=True)]
    for name in ("squared", "Huber"):
        line = torch.tensor(fit(bare, name, points), dtype=torch.float64, requires_grad=True)
        loss(name, points, line).backward()
        assert line.grad.abs().max() < 1e-9


def check(element):
    """Compare what is said with the best lines through the points as they are drawn; return the points."""
    points = element.locator(".point").evaluate_all("all => all.map(p => [+p.dataset.x, +p.dataset.y])")
    said = numbers(element.locator(".summary").inner_text())
    page = element.page
    expected = [v for name in LOSSES for v in fit(page, name, points)]
    assert said == pytest.approx(expected, abs=6e-3)
    return points


def test_the_point_is_moved_by_keyboard(open_page):
    page = open_page(show(point=5))
    element = page.locator("explore-outlier")
    before = check(element)
    assert before == [list(point) for point in zip(X, Y, strict=True)]
    page.get_by_role("slider", name="height").press("End")
    assert check(element)[4] == [X[4], 30]
    page.get_by_role("slider", name="which point").press("End")
    page.get_by_role("slider", name="place").press("Home")
    assert check(element)[9] == [0, Y[9]]
    page.get_by_role("button", name="Reset").press("Enter")
    assert check(element) == before


def test_a_large_threshold_is_the_squared_loss_and_a_small_one_the_absolute(open_page):
    page = open_page(show())
    summary = page.locator("explore-outlier .summary")
    page.get_by_role("slider", name="threshold").press("End")
    squared, _, huber = summary.inner_text().rstrip(".").split("; ")
    assert numbers(squared) == numbers(huber)
    page.get_by_role("slider", name="threshold").press("Home")
    _, absolute, huber = summary.inner_text().rstrip(".").split("; ")
    assert numbers(absolute) == pytest.approx(numbers(huber), abs=0.1)


def test_a_point_is_dragged(open_page):
    page = open_page(show())
    element = page.locator("explore-outlier")
    unit = element.locator("svg").bounding_box()["width"] / 480
    box = page.locator("[data-handle='3']").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 84 * unit, y - 77 * unit, steps=4)  # a fifth of 420, a third of 230
    page.mouse.up()
    after = check(element)
    assert after[2] == pytest.approx([X[2] + 1, Y[2] + 10], abs=0.15)
    assert [*after[:2], *after[3:]] == [list(p) for k, p in enumerate(zip(X, Y, strict=True)) if k != 2]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"x": X[:-1]}, "one length"),
        ({"x": [1.0] * 10}, "not all be equal"),
        ({"y": [31, *Y[1:]]}, "y must lie"),
        ({"point": 11}, "from 1 to 10"),
    ],
)
def test_what_does_not_fit_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        show(**change)
