"""Frames in a real browser: each value its frame, by keyboard and pointer; words, play, print, reload."""

import matplotlib.pyplot as plt
import pytest
from playwright.sync_api import expect
from test_elements import THEMES, open_page

from tools.browser import OF_PAGES, axe
from utils import explore
from utils.plotting import style

__all__ = ["open_page"]  # a fixture
SIZES, KINDS = [1, 2, 3], ["solid", "dashed"]


def draw(size, kind):
    with style():
        figure, axes = plt.subplots(1, 2, figsize=(7, 2.5))
        axes[0].plot([0, size], "o", linestyle=kind)
        axes[0].set(xlabel="epoch", ylabel="loss")
        axes[1].pcolormesh([[0, 1], [1, size]], cmap="Blues")
        axes[1].set_title(f"of {size}")
    return figure


def say(size, kind):
    return f"A {kind} line to {size}, and a map"


def frames(**options):
    words = {"title": "Try it: move & see.", "notice": "Notice: it moves."}
    return explore.frames(draw, alt=say, still=[(2, "dashed")], **words, **options, size=SIZES, kind=KINDS)


@pytest.fixture(scope="module")
def shown():
    return frames(play=True)


def picture(page):
    return page.locator("explore-frames [role=img].panels").first


def state(page):
    """Return what is said and what is drawn."""
    return picture(page).get_attribute("aria-label"), picture(page).locator("svg").last.text_content()


def test_each_value_shows_its_frame_by_keyboard(open_page, shown):
    page = open_page(shown)
    slider = page.get_by_role("slider", name="size")
    assert state(page)[0] == say(2, "dashed"), "it opens where the first still is"
    for kind in KINDS:
        page.get_by_role("radio", name=kind).press("Space")
        slider.press("Home")
        for size in SIZES:
            assert slider.get_attribute("aria-valuetext") == str(size)
            assert state(page)[0] == say(size, kind)
            assert f"of {size}" in state(page)[1]
            slider.press("ArrowRight")


def test_radio_buttons_by_arrow_and_pointer(open_page, shown):
    page = open_page(shown)
    group = page.get_by_role("group", name="kind")
    expect(group).to_be_visible()
    page.get_by_role("radio", name="dashed").press("ArrowLeft")
    assert state(page)[0] == say(2, "solid")
    group.get_by_text("dashed").click()
    assert state(page)[0] == say(2, "dashed")
    box = group.get_by_text("solid").bounding_box()
    assert box["height"] >= 24, "a finger hits it"


def test_the_words_are_spoken_when_the_slider_rests(open_page, shown):
    page = open_page(shown)
    page.get_by_role("slider").press("End")
    expect(page.locator(".spoken")).to_have_text(say(3, "dashed"))


def test_play_goes_to_the_end_and_a_touch_stops_it(open_page, shown):
    page = open_page(shown)
    page.clock.install()
    slider, button = page.get_by_role("slider"), page.get_by_role("button")
    slider.press("Home")
    button.click()
    expect(button).to_have_text("Pause")
    assert slider.input_value() == "1"
    page.clock.run_for(700)
    assert slider.input_value() == "2"
    expect(button).to_have_text("Play")
    button.click()
    assert slider.input_value() == "0", "from its end it begins anew"
    slider.press("ArrowRight")
    expect(button).to_have_text("Play")
    page.clock.run_for(5000)
    assert slider.input_value() == "1"


def test_whoever_wants_no_motion_gets_a_step_a_press(open_page, shown):
    page = open_page(shown, reduced_motion="reduce")
    slider, button = page.get_by_role("slider"), page.get_by_role("button", name="Next")
    slider.press("Home")
    for value in "120":
        button.press("Enter")
        assert slider.input_value() == value
    expect(button).to_have_text("Next")


def test_without_play_there_is_no_button(open_page):
    assert open_page(frames()).get_by_role("button").count() == 0


def test_a_reload_keeps_what_was_chosen(browser, shown):
    page = browser.new_page()
    answer = {"body": shown.data, "content_type": "text/html; charset=utf-8"}
    page.route("http://book/*", lambda route: route.fulfill(**answer))
    page.goto("http://book/one")
    page.get_by_role("slider").press("End")
    page.get_by_text("solid").click()
    page.reload()
    assert state(page)[0] == say(3, "solid")
    page.goto("http://book/other")
    assert state(page)[0] == say(2, "dashed")
    page.evaluate("key => sessionStorage.setItem(key, '[9, null]')", "/other Try it: move & see.")
    page.reload()
    assert state(page)[0] == say(2, "dashed"), "what no longer exists is not shown"
    page.close()


def test_print_shows_the_stills_and_then_the_page_is_as_it_was(open_page, shown):
    page = open_page(shown)
    page.get_by_role("slider").press("Home")
    still = page.get_by_role("img", name=say(2, "dashed"))
    expect(still).to_be_hidden()
    page.emulate_media(media="print")
    expect(still).to_be_visible()
    expect(page.get_by_text("size = 2, kind = dashed")).to_be_visible()
    expect(page.get_by_role("slider")).to_be_hidden()
    expect(picture(page)).to_be_hidden()
    page.emulate_media(media="screen")
    assert state(page)[0] == say(1, "dashed")


def test_without_javascript_the_stills_stand_there(open_page, shown):
    page = open_page(shown, java_script_enabled=False)
    expect(page.get_by_role("img", name=say(2, "dashed"))).to_be_visible()
    sizes = page.locator("img").evaluate_all("all => all.map(image => image.naturalWidth)")
    assert len(sizes) == 2
    assert min(sizes) > 0, "the browser can read them"


@pytest.mark.parametrize(("width", "rows"), [(1000, 1), (400, 2)])
def test_panels_stack_where_letters_would_be_small(open_page, shown, width, rows):
    page = open_page(shown, viewport={"width": width, "height": 900})
    boxes = [svg.bounding_box() for svg in picture(page).locator("svg").all()]
    assert len({round(box["y"]) for box in boxes}) == rows
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    scale = picture(page).locator("svg").first.evaluate("svg => svg.clientWidth / svg.viewBox.baseVal.width")
    assert 10 * scale >= 10, "letters of ten points are ten pixels high"


@pytest.mark.parametrize("theme", THEMES)
def test_words_and_axes_have_the_pages_color_and_font(open_page, shown, theme):
    page = open_page(shown, theme=theme)
    page.evaluate("document.body.style.fontFamily = 'monospace'")
    color = page.evaluate("getComputedStyle(document.body).color")
    word = picture(page).locator("text").first
    assert word.evaluate("word => getComputedStyle(word).fill") == color
    assert word.evaluate("word => getComputedStyle(word).fontFamily") == "monospace"


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(open_page, shown, theme):
    page = open_page(shown, shown, theme=theme)
    assert axe(page, without=OF_PAGES) == []


def test_copies_on_one_page_are_independent(open_page):
    page = open_page(frames(), frames())
    page.get_by_role("slider").nth(1).press("Home")
    rows = page.locator("explore-frames [role=img].panels").all()
    label = [row.get_attribute("aria-label") for row in rows]
    assert label == [say(2, "dashed"), say(1, "dashed")]
