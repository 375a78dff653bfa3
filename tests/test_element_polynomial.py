"""The element `polynomial` in a real browser: closed form, gradient descent and errors against torch."""

import numpy as np
import pytest
import torch
from playwright.sync_api import expect
from test_elements import open_page

from utils import explore

__all__ = ["open_page"]  # a fixture
TRUTH = [5, 1.2, -3.4, 5.6]


def points(seed, n=100):
    """Places and noise for training and validation, as in the lesson "Make it overfit"."""
    generator = torch.Generator().manual_seed(seed)
    draw = {"generator": generator, "dtype": torch.float64}
    return [torch.randn(n, 1, **draw) for _ in range(4)]


def show(seed=0, **options):
    return explore.polynomial(*points(seed), TRUTH, notice="Notice it.", **options)


@pytest.fixture(scope="module")
def bare(browser):
    page = browser.new_page()
    page.set_content(show().data)
    yield page
    page.close()


def features(x, degree):
    powers = torch.arange(degree + 1, dtype=torch.float64)
    return x.reshape(-1, 1) ** powers / torch.exp(torch.lgamma(powers + 1))


def closed_form(x, y, degree):
    A = features(x, degree)
    length = A.norm(dim=0)
    return torch.linalg.lstsq(A / length, y.reshape(-1, 1), driver="gels").solution[:, 0] / length


def call(page, name, *arguments):
    return page.evaluate(
        "([f, a]) => customElements.get('explore-polynomial')[f](...a)", [name, list(arguments)]
    )


def data(seed, sigma=0.1):
    x, e, x_val, e_val = points(seed)
    return x, features(x, 3) @ torch.tensor(TRUTH).double() + sigma * e[:, 0], x_val, e_val


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("degree", [1, 3, 8, 12, 19])
def test_the_closed_form_is_torchs(bare, seed, degree):
    x, y, *_ = data(seed)
    ours = torch.tensor(call(bare, "solve", x[:, 0].tolist(), y.tolist(), degree), dtype=torch.float64)
    theirs = closed_form(x, y, degree)
    A = features(x, degree)
    np.testing.assert_allclose(A @ ours, A @ theirs, rtol=1e-7, atol=1e-7)
    error = ((A @ theirs - y) ** 2).mean().item()
    assert call(bare, "error", ours.tolist(), x[:, 0].tolist(), y.tolist()) == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 7, 400])
@pytest.mark.parametrize("degree", [1, 5, 19])
def test_gradient_descent_is_torchs(bare, degree, steps):
    x, y, *_ = data(1)
    theta = torch.zeros(degree + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([theta], lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(features(x, degree) @ theta, y).backward()
        optimizer.step()
    ours = call(bare, "descend", x[:, 0].tolist(), y.tolist(), degree, steps)
    np.testing.assert_allclose(ours, theta.detach(), rtol=1e-8, atol=1e-10)


def test_endless_descent_ends_at_the_closed_form(bare):
    x, y, *_ = data(2)
    ours = call(bare, "descend", x[:, 0].tolist(), y.tolist(), 4, 10**8)
    np.testing.assert_allclose(ours, closed_form(x, y, 4), rtol=1e-6, atol=1e-6)


def said(element):
    training, validation = (
        element.locator(".summary").inner_text().split("training error ")[1].split(", validation error ")
    )
    return [plain(text.rstrip(".")) for text in (training, validation)]


def plain(text):
    head, _, power = text.partition(" × 10")
    digits = "".join("-0123456789"["⁻⁰¹²³⁴⁵⁶⁷⁸⁹".index(c)] for c in power)
    return float(head.replace("−", "-").replace(",", "")) * 10.0 ** int(digits or 0)


def test_what_is_said_is_what_torch_computes(open_page):
    page = open_page(show())
    element, degree = page.locator("explore-polynomial"), page.get_by_role("slider", name="degree")
    for k in range(1, 20):
        x, y, x_val, e_val = data(0)
        y_val = features(x_val, 3) @ torch.tensor(TRUTH).double() + 0.1 * e_val[:, 0]
        theta = closed_form(x, y, k)
        errors = [((features(u, k) @ theta - v) ** 2).mean().item() for u, v in ((x, y), (x_val, y_val))]
        assert said(element) == pytest.approx(errors, rel=6e-3)
        assert element.locator("svg circle[r='4']").count() == k + 1, "one a degree, and the legend's"
        degree.press("ArrowRight")


def test_fewer_steps_hide_what_degree_19_can_do(open_page):
    page = open_page(show())
    element = page.locator("explore-polynomial")
    page.get_by_role("slider", name="degree").press("End")
    assert said(element)[1] > 1000
    steps = page.get_by_role("slider", name="steps")
    steps.evaluate("e => { e.value = 3.6; e.dispatchEvent(new Event('input')); }")
    expect(element.locator(".summary")).to_contain_text("3,981 steps")
    training, validation = said(element)
    assert validation < 0.03
    assert training > 0.013


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"e": [1, 2]}, "each point needs its noise"),
        ({"x": [1] * 20, "e": [0] * 20}, "more than 19 different"),
    ],
)
def test_what_does_not_fit_is_refused(change, complaint):
    x, e, x_val, e_val = points(0)
    with pytest.raises(ValueError, match=complaint):
        explore.polynomial(
            **{"x": x, "e": e, "x_val": x_val, "e_val": e_val, "truth": TRUTH, "notice": ""} | change
        )
