"""What the figures that compute have in common: keyboard, names, print, no JavaScript, narrow pages, axe."""

import numpy as np
import pytest
from playwright.sync_api import expect
from test_element_line import LABELS, X, Y
from test_elements import CLASSES, THEMES, open_page, picture

from tools.browser import OF_PAGES, axe
from utils import explore

__all__ = ["open_page"]  # a fixture
random = np.random.default_rng(0)
PLANE, CURVE, MANY = random.normal(size=(30, 2)), random.normal(size=(4, 40)), random.normal(size=(60, 3))
FIGURES = {
    "descent": lambda: explore.descent(
        PLANE,
        PLANE @ [2, -3.4] + 4.2,
        start=(0, 0),
        ranges=((-1, 4), (-5, 1)),
        batch_sizes=(30, 3, 1),
        momentum=True,
        scales=(1, 10),
        steps=5,
        notice="Notice it.",
    ),
    "outlier": lambda: explore.outlier(X, Y, ranges=((0, 5), (0, 30)), labels=LABELS),
    "polynomial": lambda: explore.polynomial(
        *CURVE, [5, 1.2, -3.4, 5.6], degrees=(1, 9), notice="Notice it."
    ),
    "boundaries": lambda: explore.boundaries(PLANE, np.arange(30) % 3, CLASSES, notice="Notice it."),
    "early-stopping": lambda: explore.early_stopping(
        MANY, MANY @ [1, 2, 0], MANY[:9], MANY[:9] @ [1, 2, 1], rate=0.1, notice="Notice it."
    ),
    "squares": lambda: explore.squares(X, Y, labels=LABELS, unit="min²"),
}
every = pytest.mark.parametrize("name", FIGURES)


@every
def test_each_slider_moves_the_figure_by_keyboard_and_says_its_value(open_page, name):
    page = open_page(FIGURES[name]())
    element = page.locator(f"explore-{name}")
    element.evaluate("e => e.shadowRoot.querySelectorAll('details').forEach(d => { d.open = true; })")
    for slider in element.get_by_role("slider").all():
        before, said = slider.get_attribute("aria-valuetext"), set()
        for key in ("Home", "ArrowRight", "PageUp", "End"):
            slider.press(key)
            said.add(slider.get_attribute("aria-valuetext"))
            assert slider.get_attribute("aria-valuetext") == slider.evaluate(
                "e => e.nextElementSibling.value"
            )
        assert len(said) > 1
        assert before
        assert "NaN" not in element.locator("svg").inner_html()
    expect(element.locator(".spoken")).to_have_text(element.locator(".summary").inner_text())


@every
def test_buttons_work_by_keyboard_and_the_first_state_comes_back(open_page, name):
    page = open_page(FIGURES[name](), reduced_motion="reduce")
    element = page.locator(f"explore-{name}")
    rest = picture(element)
    for button in element.get_by_role("button").all():
        button.press("Enter")
    if element.get_by_role("button", name="Reset").count() and name != "descent":
        element.get_by_role("button", name="Reset").press("Enter")
        assert picture(element) == rest


@every
def test_copies_on_one_page_are_independent(open_page, name):
    page = open_page(FIGURES[name](), FIGURES[name]())
    one, two = (page.locator(f"explore-{name}").nth(i) for i in (0, 1))
    rest = picture(one)
    two.get_by_role("slider").nth(int(name == "boundaries")).press("End")
    assert picture(one) == rest != picture(two)


@every
def test_without_javascript_there_are_words_and_a_still(open_page, name):
    page = open_page(FIGURES[name](), java_script_enabled=False)
    expect(page.get_by_role("table").or_(page.get_by_role("img"))).to_be_visible()
    expect(page.get_by_text("Try it:")).to_be_visible()


@every
def test_print_shows_the_figure_its_words_and_no_controls(open_page, name):
    page = open_page(FIGURES[name]())
    page.emulate_media(media="print")
    expect(page.get_by_role("img")).to_be_visible()
    expect(page.locator(".summary")).to_be_visible()
    expect(page.get_by_role("slider").first).to_be_hidden()
    expect(page.get_by_role("button").first).to_be_hidden()


@every
def test_on_a_telephone_letters_are_ten_pixels_high_and_nothing_scrolls(open_page, name):
    page = open_page(FIGURES[name](), viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    svg = page.locator(f"explore-{name} svg")
    scale = svg.evaluate("e => e.getScreenCTM().a")
    sizes = svg.locator("text").evaluate_all("all => all.map(e => parseFloat(getComputedStyle(e).fontSize))")
    assert min(sizes) * scale >= 10


@every
def test_nothing_is_drawn_beside_the_picture(open_page, name):
    page = open_page(FIGURES[name]())
    ends = page.locator(f"explore-{name} svg").evaluate("""svg => {
      const { left, right } = svg.getBoundingClientRect();
      const boxes = [...svg.querySelectorAll("text")].map(text => text.getBoundingClientRect());
      return boxes.flatMap(box => [box.left - left, right - box.right]);
    }""")
    assert min(ends) >= 0


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(open_page, theme):
    page = open_page(*(make() for make in FIGURES.values()), theme=theme)
    expect(page.locator(".summary").last).not_to_be_empty()
    assert axe(page, without=OF_PAGES) == []


def test_each_is_short(pytestconfig):
    folder = pytestconfig.rootpath / "utils/explore"
    for file in folder.glob("*.js"):
        assert len(file.read_text().splitlines()) < 150 or file.stem == "base", file.name
