"""The element `boundaries` in a real browser: softmax regression against torch, its steps and boundaries."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect
from test_elements import CLASSES, anything, numbers, open_page

from utils import explore

__all__ = ["open_page"]  # a fixture
random = np.random.default_rng(2)
Y = np.arange(30) % 3
X = (random.normal(size=(30, 2)) + np.array([[1, 1], [-1, 0], [1, -1]])[Y]).round(2)
parameter = st.floats(-9, 9)
weights = st.lists(st.tuples(parameter, parameter), min_size=3, max_size=3)
biases = st.lists(parameter, min_size=3, max_size=3)
ELEMENT = "customElements.get('explore-boundaries')"


def show(**options):
    return explore.boundaries(**{"X": X, "y": Y, "classes": CLASSES, "notice": "Notice it."} | options)


@pytest.fixture(scope="module")
def bare(browser):
    page = browser.new_page()
    page.set_content(show().data)
    yield page
    page.close()


def torchs(W, b):
    W, b = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (W, b))
    logits = torch.tensor(X) @ W.T + b
    loss = F.cross_entropy(logits, torch.tensor(Y))
    loss.backward()
    return loss.item(), (logits.argmax(1) == torch.tensor(Y)).double().mean().item(), W, b


POINTS = [[*x, int(c)] for x, c in zip(X.tolist(), Y, strict=True)]


@anything
@given(weights, biases, st.floats(0.01, 1))
def test_loss_gradient_and_step_are_torchs(bare, W, b, rate):
    loss, _, W_torch, b_torch = torchs(W, b)
    ours = bare.evaluate(f"a => {ELEMENT}.learnFrom(...a)", [POINTS, W, b])
    assert ours["loss"] == pytest.approx(loss, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(ours["dW"], W_torch.grad, atol=1e-9)
    np.testing.assert_allclose(ours["db"], b_torch.grad, atol=1e-9)
    after, bias = bare.evaluate(f"a => {ELEMENT}.step(...a)", [POINTS, W, b, rate])
    torch.optim.SGD([W_torch, b_torch], lr=rate).step()
    np.testing.assert_allclose(after, W_torch.detach(), atol=1e-9)
    np.testing.assert_allclose(bias, b_torch.detach(), atol=1e-9)


@anything
@given(weights, biases)
def test_on_a_boundary_two_scores_are_equal(bare, W, b):
    for end in bare.evaluate(f"a => {ELEMENT}.tie(...a)", [W, b, 0, 2, 3]):
        one, other = (np.dot(W[c], end) + b[c] for c in (0, 2))
        assert one == pytest.approx(other, rel=1e-7, abs=1e-4)


def check(element, W, b):
    loss, accuracy, *_ = torchs(W, b)
    said = numbers(element.locator(".summary").inner_text())
    values = [v for row, bias in zip(W, b, strict=True) for v in (*row, bias)]
    assert said == pytest.approx([loss, accuracy, *values], abs=6e-3)


def test_sliders_move_the_chosen_class_alone(open_page):
    W, b = [[0.5, 1.0], [-1.0, 0.25], [1.0, -1.0]], [0.0, 0.5, -0.5]
    page = open_page(show(weights=W, bias=b))
    element = page.locator("explore-boundaries")
    check(element, W, b)
    page.get_by_role("slider", name="class").press("ArrowRight")
    check(element, W, b)  # choosing moves nothing
    page.get_by_role("slider", name="weight of x₂").press("End")
    check(element, [W[0], [-1, 10], W[2]], b)
    page.get_by_role("slider", name="bias").press("Home")
    check(element, [W[0], [-1, 10], W[2]], [0, -10, -0.5])
    page.get_by_role("button", name="Reset").press("Enter")
    check(element, W, b)


def test_without_parameters_it_guesses_the_first_class(open_page):
    page = open_page(show(labels=("top", "bottom"), unit="gray value"))
    element = page.locator("explore-boundaries")
    check(element, [[0, 0]] * 3, [0] * 3)
    assert "accuracy 0.33" in element.locator(".summary").inner_text()
    expect(element.locator("svg")).to_contain_text("bottom: gray value")
    expect(page.get_by_role("slider", name="weight of bottom")).to_have_count(1)


def test_learning_is_torchs_and_rounds_nothing(open_page):
    page = open_page(show(), reduced_motion="reduce")
    element = page.locator("explore-boundaries")
    page.get_by_role("button", name="Learn").press("Enter")
    W, b = torch.zeros(3, 2).double().requires_grad_(), torch.zeros(3).double().requires_grad_()
    optimizer = torch.optim.SGD([W, b], lr=1)
    for _ in range(100):
        optimizer.zero_grad()
        F.cross_entropy(torch.tensor(X) @ W.T + b, torch.tensor(Y)).backward()
        optimizer.step()
    check(element, W.tolist(), b.tolist())
    assert "After 100 steps" in element.locator(".summary").inner_text()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [({"y": Y + 1}, "from 0 to 2"), ({"X": X[:, :1]}, "shape"), ({"classes": list("abcd")}, "two or three"),
     ({"weights": [[1, 2]]}, "weights need shape")],
)  # fmt: skip
def test_what_does_not_fit_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        show(**change)
