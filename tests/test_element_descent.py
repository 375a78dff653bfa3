"""The element `descent` in a real browser: its mathematics against torch, its steps, its start."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect
from test_elements import anything, open_page, picture

from utils import explore

__all__ = ["open_page"]  # a fixture
random = np.random.default_rng(1)
X = random.normal(size=(40, 2)).round(3)
Y = (X @ [2, -3.4] + 4.2 + 0.01 * random.normal(size=40)).round(3)
number = st.integers(-300, 300).map(lambda k: k / 100)
starts, rates, momenta = st.tuples(number, number), st.floats(1e-3, 0.3), st.sampled_from([0, 0.5, 0.9])


def show(X=X, y=Y, **options):
    options = {"start": (0, 0), "ranges": ((-1, 4), (-5, 1)), "notice": "Notice it."} | options
    return explore.descent(X, y, **options)


@pytest.fixture(scope="module")
def bare(browser):
    page = browser.new_page()
    page.set_content(show().data)
    yield page
    page.close()


def call(page, body, **names):
    """Run JavaScript that knows the element's class as D."""
    return page.evaluate(
        "([body, names]) => Function('D', ...Object.keys(names), body)"
        "(customElements.get('explore-descent'), ...Object.values(names))",
        [f"return {body}", names],
    )


def mulberry32(seed):
    """The element's generator, as numbers from 0 to 1."""
    mask = 0xFFFFFFFF
    while True:
        seed = (seed + 0x6D2B79F5) & mask
        t = ((seed ^ (seed >> 15)) * (seed | 1)) & mask
        t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & mask)) & mask
        yield ((t ^ (t >> 14)) & mask) / 2**32


def batches(n, size, seed=0):
    numbers, order = mulberry32(seed), list(range(n))
    while True:
        for i in range(n - 1, 0, -1):
            j = int(next(numbers) * (i + 1))
            order[i], order[j] = order[j], order[i]
        yield from (order[k : k + size] for k in range(0, n, size))


def torchs(X, y, start, rate, size, momentum, steps, scale=1):
    """The parameters, and the loss of all points, before the first step of torch.optim.SGD and after each."""
    X, y = torch.tensor(X) * torch.tensor([1.0] * (X.shape[1] - 1) + [scale]).double(), torch.tensor(y)
    A = torch.cat([X, torch.ones(len(X), 1).double()], 1)
    theta = torch.tensor([*start, *[0.0] * (A.shape[1] - 2)], dtype=torch.float64, requires_grad=True)
    optimizer, served = torch.optim.SGD([theta], lr=rate, momentum=momentum), batches(len(X), size)
    path, losses = [], []
    for _ in range(steps + 1):
        path.append(theta.tolist())
        losses.append(((A @ theta - y) ** 2).mean().item() / 2)
        chosen = next(served) if size < len(X) else slice(None)
        optimizer.zero_grad()
        (((A[chosen] @ theta - y[chosen]) ** 2).mean() / 2).backward()
        optimizer.step()
    return path, losses


@anything
@given(starts, rates, momenta, st.sampled_from([1, 7, 40]), st.sampled_from([1, 2]), st.sampled_from([1, 3]))
def test_the_path_and_its_losses_are_torchs(bare, start, rate, momentum, size, features, scale):
    """Also with batches that are drawn: by the same small generator."""
    theirs, losses = torchs(X[:, :features], Y, start, rate / scale**2, size, momentum, 30, scale)
    names = {
        "X": X[:, :features].tolist(),
        "y": Y.tolist(),
        "start": [*start, *[0] * (features - 1)],
        "options": {"rate": rate / scale**2, "size": size, "momentum": momentum, "steps": 30},
        "scale": scale,
    }
    ours = call(bare, "D.path(D.rows(X, scale), y, start, options)", **names)
    n = len(ours)
    assert n == 31 or np.linalg.norm(theirs[n - 1]) > 9e5
    np.testing.assert_allclose(ours, theirs[:n], rtol=1e-8, atol=1e-8)
    body = "path.map((theta) => D.loss(D.quadratic(D.rows(X, scale), y), theta))"
    np.testing.assert_allclose(call(bare, body, path=ours, **names), losses[:n], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("columns", [X, X[:, :1], X[:, :1] * 100])
def test_the_bowl_and_its_limit_are_torchs(bare, columns):
    A = torch.cat([torch.tensor(columns), torch.ones(len(X), 1).double()], 1)
    best = torch.linalg.lstsq(A, torch.tensor(Y)[:, None]).solution[:, 0]
    names = {"X": columns.tolist(), "y": Y.tolist()}
    bowl = "D.bowl(D.quadratic(D.rows(X, 1), y))"
    np.testing.assert_allclose(call(bare, f"{bowl}.lowest", **names), best, rtol=1e-9, atol=1e-9)
    curvature = call(bare, "D.curvature(D.quadratic(D.rows(X, 1), y))", **names)
    assert curvature == pytest.approx(torch.linalg.eigvalsh(A.T @ A / len(X))[-1].item(), rel=1e-9)
    lowest = ((A @ best - torch.tensor(Y)) ** 2).mean().item() / 2
    for excess in (0.5, 20):
        for w, v in call(bare, f"{bowl}.ring({excess})", **names)[::8]:
            rest = torch.tensor(Y) - A[:, 0] * w - A[:, 1] * v
            if A.shape[1] == 3:
                rest = rest - rest.mean()  # the best bias
            assert (rest**2).mean().item() / 2 == pytest.approx(lowest + excess, rel=1e-6)


def said(element):
    """What the element says of the last step: loss and parameters."""
    text = element.locator(".summary").inner_text()
    values = [part.split(" ", 1) for part in text.split(": loss ")[1].split(";")[0].rstrip(".").split(", ")]
    return [" ".join(v).split("= ")[-1] for v in values]


def test_what_is_shown_is_what_torch_computes(open_page):
    page = open_page(show(rate=0.1, batch_sizes=(40, 7), momentum=True, steps=20))
    element = page.locator("explore-descent")
    # The batch sizes ascend, however they are given.
    for keys, size, momentum in (
        ({}, 40, 0),
        ({"batch size": "Left"}, 7, 0),
        ({"momentum": "Right"}, 7, 0.01),
    ):
        for label, arrow in keys.items():
            page.get_by_role("slider", name=label).press(f"Arrow{arrow}")
        path, losses = torchs(X, Y, (0, 0), 0.1, size, momentum, 20)
        loss, *parameters = (float(text.replace("−", "-")) for text in said(element))
        assert loss == pytest.approx(losses[-1], rel=6e-3)
        assert parameters == pytest.approx(path[-1], rel=6e-3)
        assert picture(element).endswith(element.locator(".summary").inner_text())


def test_buttons_take_steps_and_go_back(open_page):
    page = open_page(show(steps=3))
    element, steps = page.locator("explore-descent"), page.get_by_role("slider", name="steps")
    page.get_by_role("button", name="Step").press("Enter")
    assert steps.get_attribute("aria-valuetext") == "4"
    page.get_by_role("button", name="Reset").press("Enter")
    assert steps.get_attribute("aria-valuetext") == "0"
    page.get_by_role("button", name="Play").press("Enter")
    expect(element.locator(".summary")).not_to_contain_text("After 0 steps")
    page.get_by_role("button", name="Pause").press("Enter")
    rest = steps.get_attribute("aria-valuetext")
    page.wait_for_timeout(300)
    assert steps.get_attribute("aria-valuetext") == rest


def test_without_motion_play_is_at_its_end_at_once(open_page):
    page = open_page(show(), reduced_motion="reduce")
    page.get_by_role("button", name="Play").press("Enter")
    assert page.get_by_role("slider", name="steps").get_attribute("aria-valuetext") == "300"


def test_the_largest_rate_is_told_to_who_asks(open_page):
    page = open_page(show())
    summary = page.locator("explore-descent .summary")
    A = torch.cat([torch.tensor(X), torch.ones(40, 1).double()], 1)
    limit = f"{2 / torch.linalg.eigvalsh(A.T @ A / 40)[-1]:.3f}"
    expect(summary).not_to_contain_text(limit)
    page.get_by_role("button", name="largest rate", pressed=False).press("Enter")
    expect(summary).to_contain_text(limit)


def test_with_batches_it_names_no_largest_rate(open_page):
    page = open_page(show(batch_sizes=(1, 40)))
    expect(page.get_by_role("button", name="Reset")).to_be_visible()
    expect(page.get_by_role("button", name="largest rate")).to_have_count(0)


@pytest.mark.parametrize("rate", [0.03, 0.9, 0.1, 1e-5])
def test_it_starts_at_the_given_rate(open_page, rate):
    page = open_page(show(rate=rate, steps=20))
    assert page.locator("explore-descent").evaluate("e => e.state.rate") == rate


def test_beyond_the_limit_it_says_that_it_diverges(open_page):
    page = open_page(show(steps=300))
    page.get_by_role("slider", name="learning rate").press("End")
    expect(page.locator("explore-descent .summary")).to_contain_text("It diverges")
    assert "NaN" not in page.locator("explore-descent svg").inner_html()


def test_the_start_is_dragged(open_page):
    page = open_page(show())
    box = page.locator("circle[data-handle=start]").bounding_box()
    unit = page.locator("explore-descent svg").bounding_box()["width"] / 480
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 36 * unit, y + 60 * unit, steps=4)  # 180 units for each range
    page.mouse.up()
    page.mouse.move(x, y)  # let go: this moves nothing
    at = [float(page.get_by_role("slider", name=f"start: {name}").input_value()) for name in ("w₁", "w₂")]
    assert at == pytest.approx([1, -2], abs=0.051)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"y": Y[:-1]}, "X needs shape"),
        ({"X": np.ones((40, 3))}, "X needs shape"),
        ({"X": np.ones((40, 1))}, "constant"),
        ({"X": np.stack([X[:, 0], X[:, 0]], 1)}, "tell the same"),
    ],
)
def test_what_does_not_fit_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        show(**change)
