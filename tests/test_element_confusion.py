"""The element `confusion` in a real browser: the images of its cells, and how the weights see one."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import expect
from test_elements import CLASSES, COUNTS, THEMES, numbers, open_page

from tools.browser import OF_PAGES, axe
from utils import explore

__all__ = ["open_page"]  # a fixture
random = np.random.default_rng(4)
IMAGES = {(0, 1): random.integers(0, 256, (6, 28, 28), np.uint8), (2, 2): np.full((2, 28, 28), 90, np.uint8)}
W, B = random.normal(size=(784, 3)) / 10, random.normal(size=3)


def show(images=IMAGES, weights=W, bias=B, **options):
    return explore.confusion(COUNTS, CLASSES, images, weights, bias, **options)


def rounded(images):
    return torch.tensor((images / 17).round() * 17 / 255).reshape(-1, 784)


def choose(page, name, role="button"):
    page.get_by_role("gridcell", name=name).click()
    return page.get_by_role(role, name=re.compile(r"Image \d"))


def pixels(canvas):
    body = "c => [...c.getContext('2d').getImageData(0, 0, 28, 28).data]"
    return np.array(canvas.evaluate(body)).reshape(28, 28, 4)


def test_a_cell_shows_its_images_and_no_more_than_told(open_page):
    page = open_page(show(weights=None, bias=None, each=4))
    images = choose(page, "true shirt, predicted coat", "img")
    expect(images).to_have_count(4)
    for k in range(4):
        np.testing.assert_array_equal(pixels(images.nth(k))[..., 0], (IMAGES[0, 1][k] / 17).round() * 17)
    expect(choose(page, "true bag, predicted bag", "img")).to_have_count(2)
    expect(choose(page, "true coat, predicted coat", "img")).to_have_count(0)
    expect(page.locator(".cell")).to_contain_text("no image")


def test_images_are_decoded_only_when_their_cell_is_chosen(open_page):
    page = open_page(show())
    assert page.locator("explore-confusion canvas, explore-confusion img").count() == 0
    choose(page, "true bag, predicted bag")
    expect(page.locator("explore-confusion .strip canvas")).to_have_count(2)


@pytest.mark.parametrize(
    ("cell", "true", "guess"), [("true shirt, predicted coat", 0, 1), ("true bag, predicted bag", 2, 2)]
)
def test_the_weights_view_of_an_image_is_torchs(open_page, cell, true, guess):
    page = open_page(show())
    button = choose(page, cell).first
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    image = torch.tensor(pixels(button.locator("canvas"))[..., 0] / 255).reshape(784)
    logits = image @ torch.tensor(W) + torch.tensor(B)
    rival = true
    if true == guess:
        rival = max((c for c in range(3) if c != guess), key=lambda c: logits[c])
    words = page.locator(".view figcaption").all_inner_texts()
    said = [numbers(text)[0] for text in words[1:]]
    expected = [logits[guess], logits[rival], logits[guess] - logits[rival]]
    assert said == pytest.approx([v.item() for v in expected], abs=6e-3)
    assert [re.split(":| minus", text)[0] for text in words[1:]] == [
        CLASSES[guess],
        CLASSES[rival],
        CLASSES[guess],
    ]
    shares = image * torch.tensor(W[:, guess])
    drawn = pixels(page.locator(".view canvas").nth(1)).reshape(784, 4)
    strong = shares.abs() > 0.1 * shares.abs().max()
    assert ((drawn[strong, 2] > drawn[strong, 0]) == (shares[strong] > 0).numpy()).all(), "blue speaks for it"
    assert page.locator(".spoken").count() == 1
    expect(page.locator(".summary")).to_contain_text(f"{CLASSES[guess]}: logit")


def test_images_that_the_rounding_leaves_in_their_cell_come_first(open_page):
    page = open_page(show(each=6))
    images = choose(page, "true shirt, predicted coat")
    expect(images).to_have_count(6)
    stays = (rounded(IMAGES[0, 1]) @ torch.tensor(W) + torch.tensor(B)).argmax(1) == 1
    order = [*torch.nonzero(stays)[:, 0].tolist(), *torch.nonzero(~stays)[:, 0].tolist()]
    assert 0 < stays.sum() < 6
    for k, source in enumerate(order):
        np.testing.assert_array_equal(
            pixels(images.nth(k).locator("canvas"))[..., 0], (IMAGES[0, 1][source] / 17).round() * 17
        )


def test_another_cell_forgets_the_view(open_page):
    page = open_page(show())
    choose(page, "true shirt, predicted coat").first.click()
    expect(page.locator(".view figure")).to_have_count(4)
    choose(page, "true coat, predicted coat")
    expect(page.locator(".view figure")).to_have_count(0)


def test_where_there_is_room_the_first_image_is_seen_by_the_weights(open_page):
    """What is said is still how many fell into the cell."""
    page = open_page(show(), viewport={"width": 1280, "height": 800})
    page.add_style_tag(content="explore-confusion { max-width: none }")
    first = choose(page, "true shirt, predicted coat").first
    expect(page.locator(".view figure")).to_have_count(4)
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".summary")).to_contain_text("true shirt, predicted coat")
    choose(page, "true coat, predicted coat")
    expect(page.locator(".view figure")).to_have_count(0)


@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_does_not_scroll_sideways_with_a_view(open_page, width):
    page = open_page(show(), viewport={"width": width, "height": 800})
    choose(page, "true shirt, predicted coat").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(open_page, theme):
    page = open_page(show(), theme=theme)
    choose(page, "true shirt, predicted coat").first.click()
    expect(page.locator(".view figure")).to_have_count(4)
    assert axe(page, without=OF_PAGES) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"weights": W.T}, "weights need shape"),
        ({"bias": B[:2]}, "weights need shape"),
        ({"images": {(0, 0): IMAGES[2, 2] / 2}}, "uint8"),
    ],
)
def test_what_does_not_fit_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        show(**change)
