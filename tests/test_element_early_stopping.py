"""The element `early_stopping` in a real browser: stopped steps and ridge regression against torch."""

import numpy as np
import pytest
import torch
from test_elements import numbers, open_page

from utils import explore

__all__ = ["open_page"]  # a fixture
random = np.random.default_rng(3)
X, X_VAL = (random.normal(size=(n, 6)) * [1, 1, 0.5, 0.3, 0.1, 0.05] for n in (40, 70))
Y, Y_VAL = (Z @ random.normal(size=6) + random.normal(size=len(Z)) for Z in (X, X_VAL))
RATE = 0.5


def show(**options):
    return explore.early_stopping(
        **{"X": X, "y": Y, "X_val": X_VAL, "y_val": Y_VAL, "rate": RATE, "notice": "Notice it."} | options
    )


def loss(theta):
    return ((torch.tensor(X_VAL) @ theta - torch.tensor(Y_VAL)) ** 2).mean().item() / 2


def stopped(steps):
    theta = torch.zeros(6, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([theta], lr=RATE)
    for _ in range(steps):
        optimizer.zero_grad()
        (((torch.tensor(X) @ theta - torch.tensor(Y)) ** 2).mean() / 2).backward()
        optimizer.step()
    return theta.detach()


def ridge(strength):
    A, y = torch.tensor(X), torch.tensor(Y)
    return torch.linalg.solve(A.T @ A / 40 + strength * torch.eye(6), A.T @ y / 40)


def check(element, steps, strength):
    expected = [
        f(theta).__float__() for theta in (stopped(steps), ridge(strength)) for f in (loss, torch.norm)
    ]
    said = numbers(element.locator(".summary").inner_text())
    at = next(k for k, v in enumerate(said) if v == pytest.approx(expected[0], abs=6e-5))
    assert said[at : at + 2] == pytest.approx(expected[:2], abs=6e-4)
    assert said[-2:] == pytest.approx(expected[2:], abs=6e-4)


def to(slider, value):
    slider.evaluate(f"e => {{ e.value = {value}; e.dispatchEvent(new Event('input')); }}")


def test_both_are_torchs(open_page):
    page = open_page(show())
    element = page.locator("explore-early-stopping")
    check(element, 1, 100)
    to(page.get_by_role("slider", name="steps"), 2)
    to(page.get_by_role("slider", name="strength"), -1)
    check(element, 100, 0.1)


def test_tied_the_strength_follows_the_steps(open_page):
    page = open_page(show(steps=10))
    element, strength = page.locator("explore-early-stopping"), page.get_by_role("slider", name="strength")
    page.get_by_role("button", name="Tie").press("Enter")
    check(element, 10, 1 / (RATE * 10))
    assert strength.is_disabled()
    to(page.get_by_role("slider", name="steps"), 3)
    check(element, 1000, 1 / (RATE * 1000))
    assert float(strength.get_attribute("aria-valuetext")) == pytest.approx(0.002, rel=0.03)


def test_shares_of_the_way_are_torchs(open_page):
    page = open_page(show())
    k = torch.linalg.eigvalsh(torch.tensor(X).T @ torch.tensor(X) / 40)
    for call, expected in (("stopped(k, .5, 17)", 1 - (1 - 0.5 * k) ** 17), ("ridge(k, .3)", k / (k + 0.3))):
        ours = page.evaluate(
            f"all => all.map(k => customElements.get('explore-early-stopping').{call})", k.tolist()
        )
        np.testing.assert_allclose(ours, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"y": Y[:-1]}, "do not fit"),
        ({"rate": 5}, "the rate needs"),
        ({"X": X[:, [0] * 6]}, "depend on each other"),
    ],
)
def test_what_does_not_fit_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        show(**change)
