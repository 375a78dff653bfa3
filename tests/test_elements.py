"""The custom elements in a real browser: their mathematics against torch, controls, fallback, contrast."""

import io
import re

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from playwright.sync_api import expect

from tools.browser import OF_PAGES, axe
from utils import explore

THEMES = {"light": "background: white; color: #222832", "dark": "background: #14181e; color: #ced6dd"}
CLASSES = ["shirt", "coat", "bag"]
COUNTS = np.array([[887, 113, 0], [86, 914, 0], [1, 2, 997]])
IMAGES = {(0, 1): np.full((3, 28, 28), 200, np.uint8), (2, 2): np.full((2, 28, 28), 90, np.uint8)}
anything = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def open_page(browser):
    """Return a function that shows objects on one page, off the network; errors there fail the test."""
    contexts, errors = [], []

    def show(*objects, theme="light", **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.route("**/*", lambda route: errors.append(route.request.url) or route.abort())
        head = f'<!DOCTYPE html><html lang="en"><title>Test</title><style>body {{ {THEMES[theme]} }}</style>'
        page.set_content(head + "".join(thing._repr_html_() for thing in objects))
        return page

    yield show
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture(scope="module")
def bare(browser):
    """A page that knows the elements' classes, for their pure functions."""
    page = browser.new_page()
    page.set_content(explore.softmax().data + explore.cross_entropy().data)
    yield page
    page.close()


def confusion():
    return explore.confusion(COUNTS, CLASSES, IMAGES)


def numbers(text):
    return [float(n.replace("−", "-")) for n in re.findall(r"[−-]?\d+\.\d+", text)]


def picture(element):
    return element.locator("svg").get_attribute("aria-label")


# The mathematics, against torch in float64


@anything
@given(st.lists(st.floats(-1e308, 1e308), min_size=1, max_size=12), st.floats(0.05, 20))
def test_softmax_is_torchs(bare, logits, temperature):
    ours = bare.evaluate("z => customElements.get('explore-softmax').softmax(...z)", [logits, temperature])
    z = torch.tensor(logits, dtype=torch.float64)
    theirs = torch.softmax((z - z.max()) / temperature, 0)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    assert sum(ours) == pytest.approx(1, abs=1e-12)


@anything
@given(st.lists(st.floats(-20, 20), min_size=2, max_size=12), st.floats(0.05, 20), st.floats(-1e3, 1e3))
def test_softmax_does_not_feel_a_shift(bare, logits, temperature, shift):
    ours = bare.evaluate(
        "z => customElements.get('explore-softmax').softmax(...z)", [[z + shift for z in logits], temperature]
    )
    theirs = torch.softmax(torch.tensor(logits, dtype=torch.float64) / temperature, 0)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


@anything
@given(st.floats(1e-300, 1, exclude_max=True))
def test_loss_and_gradient_are_torchs(bare, p):
    loss, gradient = bare.evaluate(
        "p => ['crossEntropy', 'gradient'].map(f => customElements.get('explore-cross-entropy')[f](p))", p
    )
    logits = torch.tensor([[p, 1 - p]], dtype=torch.float64).log().requires_grad_()
    theirs = torch.nn.functional.cross_entropy(logits, torch.tensor([0]))
    theirs.backward()
    assert loss == pytest.approx(theirs.item(), rel=1e-6, abs=1e-6)
    assert gradient == pytest.approx(logits.grad[0, 0].item(), abs=1e-6)


def test_the_probability_slider_spans_its_range_evenly_in_log_odds(bare):
    u = np.linspace(-1, 1, 101)
    ours = bare.evaluate("u => u.map(customElements.get('explore-cross-entropy').probability)", u.tolist())
    np.testing.assert_allclose(ours, torch.sigmoid(torch.tensor(u * np.log(9999))), rtol=1e-6)
    assert (ours[0], ours[-1]) == pytest.approx((1e-4, 0.9999))


# The controls


def check_softmax(element):
    """Compare all that the element shows and says with torch, for the values that its sliders tell."""
    *logits, shift, temperature = (
        float(t.replace("−", "-")) for t in element.locator("output").all_inner_texts()
    )
    position = float(element.get_by_role("slider", name="temperature").input_value())
    assert temperature == pytest.approx(20**position, rel=6e-3)
    z = torch.tensor(logits, dtype=torch.float64) + shift
    p = torch.softmax(z / 20**position, 0).tolist()
    assert numbers(picture(element)) == pytest.approx(p, abs=5.1e-4)
    widths = element.locator("rect").evaluate_all("bars => bars.map(bar => bar.getAttribute('width') / 280)")
    assert widths == pytest.approx(p, abs=1e-6)
    shown = [
        float(t) for t in element.locator("svg text").all_text_contents() if re.fullmatch(r"\d\.\d{3}", t)
    ]
    assert shown == pytest.approx(p, abs=5.1e-4)
    for value in element.locator("input").all():
        told = value.get_attribute("aria-valuetext")
        assert told == value.evaluate("input => input.nextElementSibling.value")
    return p


@pytest.mark.parametrize(
    "label", ["logit of shirt", "logit of coat", "logit of bag", "add to all", "temperature"]
)
def test_each_softmax_slider_by_keyboard_and_pointer(open_page, label):
    page = open_page(explore.softmax((2.0, 1.0, 0.0), CLASSES))
    element, slider = page.locator("explore-softmax"), page.get_by_role("slider", name=label)
    before = check_softmax(element)
    seen = {slider.get_attribute("aria-valuetext")}
    for key in ("ArrowRight", "PageUp", "Home", "End"):
        slider.press(key)
        seen.add(slider.get_attribute("aria-valuetext"))
        after = check_softmax(element)
    box = slider.bounding_box()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    seen.add(slider.get_attribute("aria-valuetext"))
    dragged = check_softmax(element)
    assert len(seen) == 6  # every move moved it
    if label == "add to all":
        assert after == pytest.approx(before)
        assert dragged == pytest.approx(before)
    else:
        assert before != after != dragged


def test_temperature_goes_from_one_hot_to_uniform(open_page):
    page = open_page(explore.softmax((3.0, 0.0, 0.0), CLASSES))
    page.get_by_role("slider", name="temperature").press("Home")
    assert picture(page.locator("explore-softmax")).endswith("shirt 1.000, coat 0.000, bag 0.000")
    page.get_by_role("slider", name="temperature").press("End")
    assert picture(page.locator("explore-softmax")).endswith("shirt 0.367, coat 0.316, bag 0.316")


def test_the_probability_slider_by_keyboard_and_pointer(open_page):
    page = open_page(explore.cross_entropy(0.1))
    element, slider = (
        page.locator("explore-cross-entropy"),
        page.get_by_role("slider", name="probability of the true class"),
    )
    seen = set()

    def check():
        told = float(slider.get_attribute("aria-valuetext"))
        p = 1 / (1 + 9999 ** -float(slider.input_value()))
        assert told == pytest.approx(p, rel=1e-3)
        assert float(element.locator("output").inner_text()) == told
        said = numbers(picture(element))
        assert said == pytest.approx([p, -np.log(p), p - 1], rel=1e-3)
        x, y = (float(element.locator("circle").first.get_attribute(a)) for a in ("cx", "cy"))
        assert ((x - 60) / 400, (245 - y) / 25) == pytest.approx((p, -np.log(p)), abs=1e-6)
        seen.add(told)

    check()
    assert seen == {0.1}
    for key in ("ArrowLeft", "PageUp", "Home", "End"):
        slider.press(key)
        check()
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    check()
    assert {0.0001, 0.9999} < seen
    assert len(seen) == 6


def test_the_confusion_matrix_is_one_tab_stop_and_arrows_walk_it(open_page):
    page = open_page(confusion())
    grid = page.get_by_role("grid", name="Confusion matrix")
    page.keyboard.press("Tab")

    def at(name, text):
        expect(page.get_by_role("gridcell", name=name, exact=True)).to_be_focused()
        assert grid.locator("[tabindex='0']").count() == grid.locator("[aria-selected=true]").count() == 1
        expect(page.locator(".cell")).to_contain_text(text)
        expect(page.locator(".summary")).to_contain_text(name)

    at("true shirt, predicted shirt: 887", "no image")  # the diagonal: which mistake is largest is not told
    expect(page.locator(".summary")).to_have_text("true shirt, predicted shirt: 887 of 1000, 88.7%.")
    for key, name, text in [
        ("ArrowRight", "true shirt, predicted coat: 113", "for example"),
        ("ArrowDown", "true coat, predicted coat: 914", "no image"),
        ("ArrowLeft", "true coat, predicted shirt: 86", "no image"),
        ("ArrowLeft", "true coat, predicted shirt: 86", "no image"),  # the edge holds
        ("End", "true coat, predicted bag: 0", "no image"),
        ("ArrowDown", "true bag, predicted bag: 997", "for example"),
        ("ArrowDown", "true bag, predicted bag: 997", "for example"),
        ("Home", "true bag, predicted shirt: 1", "no image"),
        ("ArrowUp", "true coat, predicted shirt: 86", "no image"),
        ("ArrowUp", "true shirt, predicted shirt: 887", "no image"),
        ("ArrowUp", "true shirt, predicted shirt: 887", "no image"),
        ("ArrowRight", "true shirt, predicted coat: 113", "for example"),
    ]:
        page.keyboard.press(key)
        at(name, text)
    expect(page.get_by_role("img", name="Image 3: true shirt, predicted coat")).to_be_visible()


def test_the_sentence_is_spoken_once_when_the_slider_rests(open_page):
    page = open_page(explore.softmax())
    spoken = page.locator(".spoken")
    expect(spoken).to_have_attribute("aria-live", "polite")
    expect(spoken).to_contain_text("Temperature 1.00")
    spoken.evaluate(
        "p => { p.said = 0; new MutationObserver(() => p.said++).observe(p, { childList: true }); }"
    )
    page.get_by_role("slider", name="temperature").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(spoken).to_contain_text("Temperature 1.35")
    assert spoken.evaluate("p => p.said") == 1


def test_the_sentence_is_read_at_every_step(open_page):
    page = open_page(explore.softmax())
    expect(page.locator(".spoken")).to_contain_text("Temperature 1.00")
    said = page.get_by_role("slider", name="temperature").evaluate(
        """input => {
          input.value = 1;
          input.dispatchEvent(new Event("input"));
          return [...input.getRootNode().querySelectorAll(".summary, .spoken")].map(p => p.textContent);
        }"""
    )
    assert [text.split(",")[0] for text in said] == ["Temperature 20.0", "Temperature 1.00"]


# The page around them


def test_copies_on_one_page_are_independent(open_page):
    page = open_page(explore.softmax(), explore.cross_entropy(), explore.softmax(), explore.cross_entropy())
    for name in ("explore-softmax", "explore-cross-entropy"):
        one, two = page.locator(name).nth(0), page.locator(name).nth(1)
        assert picture(one) == picture(two)
        rest = picture(one)
        two.locator("input").first.press("End")
        assert picture(one) == rest != picture(two)


def test_an_element_that_moves_keeps_its_state(open_page):
    page = open_page(explore.softmax())
    element = page.locator("explore-softmax")
    element.locator("input").first.press("End")
    moved = picture(element)
    element.evaluate("element => document.body.append(element)")
    assert picture(element) == moved


def test_names_are_text_not_markup(open_page):
    page = open_page(explore.softmax((1.0, 0.0), ("<b>&", '"c"')))
    assert picture(page.locator("explore-softmax")) == 'Bars of the probabilities: <b>& 0.731, "c" 0.269'
    expect(page.get_by_role("slider", name='logit of "c"')).to_be_visible()
    expect(page.get_by_role("group", name="Try it: add the same")).to_be_visible()


@pytest.mark.parametrize("make", [explore.softmax, explore.cross_entropy, confusion])
def test_without_javascript_there_is_a_table(open_page, make):
    page = open_page(make(), java_script_enabled=False)
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.get_by_text("Try it:")).to_be_visible()
    page = open_page(make())
    expect(page.locator("table:not([role=grid])")).to_be_hidden()
    expect(page.get_by_text("Try it:")).to_be_visible()


@pytest.mark.parametrize("make", [explore.softmax, explore.cross_entropy])
def test_print_shows_the_picture_and_no_controls(open_page, make):
    page = open_page(make())
    page.emulate_media(media="print")
    expect(page.get_by_role("img")).to_be_visible()
    expect(page.get_by_role("slider").first).to_be_hidden()


@pytest.mark.parametrize("make", [explore.softmax, explore.cross_entropy, confusion])
def test_a_narrow_page_does_not_scroll_sideways(open_page, make):
    page = open_page(make(), viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(open_page, theme):
    page = open_page(explore.softmax(), explore.cross_entropy(), confusion(), theme=theme)
    expect(page.locator(".summary").last).not_to_be_empty()
    assert axe(page, without=OF_PAGES) == []


@pytest.mark.parametrize("theme", THEMES)
def test_shapes_stand_out_from_the_page(theme):
    def luminance(color):
        c = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    paper = luminance({"light": "#ffffff", "dark": "#14181e"}[theme])
    colors = re.findall(r'(BLUE|VERMILION) = "var\(--\w+, (#\w{6})\)"', explore.softmax().data)
    assert len(colors) == 2
    for name, color in colors:
        dark, light = sorted([paper, luminance(color)])
        assert (light + 0.05) / (dark + 0.05) >= 3, name


def test_a_slider_is_seen_in_forced_colors(open_page):
    """Grounds are taken away there: its track is drawn in a color of the system."""
    page = open_page(explore.cross_entropy(), forced_colors="active")
    picture = Image.open(io.BytesIO(page.get_by_role("slider").screenshot())).convert("RGB")
    row = [picture.getpixel((x, picture.height // 2)) for x in range(picture.width)]
    assert sum(pixel != picture.getpixel((0, 0)) for pixel in row) > 0.8 * len(row)
