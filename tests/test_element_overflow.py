"""The element `overflow` in a real browser: its arithmetic and marks against torch, sliders, fallback."""

import base64
import math
import re

import numpy as np
import pytest
import torch
from playwright.sync_api import expect
from test_elements import THEMES, open_page, picture

from tools.browser import OF_PAGES, axe
from utils import explore

__all__ = ["open_page"]  # a fixture
TOLERANCES = {"float64": 0.01, "float32": 0.01, "bfloat16": 0.02, "float16": 0.01}
GAPS = [k / 2 for k in range(241)]
POINTS = [(dtype, gap) for dtype in TOLERANCES for gap in GAPS]
NAMES = ["−log(naive softmax)", "−log(max-shift softmax)", "−log(max-shift softmax + 1e-8)"]
NAMES += ["log-sum-exp (F.cross_entropy)"]
NUMBER = r"(NaN|inf|[−\d.e]+)"
ROW = re.compile(rf"loss {NUMBER} \((\w+)\), gradient \[{NUMBER}, {NUMBER}\] \((\w+)\)")


def softmax(o):
    e = torch.exp(o)
    return e / e.sum()


FORMS = {
    "naive": lambda o: -torch.log(softmax(o)[0]),
    "shift": lambda o: -torch.log(softmax(o - o.max())[0]),
    "clamp": lambda o: -torch.log(softmax(o - o.max())[0] + 1e-8),
    "lse": lambda o: torch.nn.functional.cross_entropy(o[None], torch.tensor([0])),
}


def torchs(form, gap, dtype):
    """Return the loss and the two entries of its gradient, as torch has them."""
    o = torch.tensor([0, gap], dtype=getattr(torch, dtype), requires_grad=True)
    loss = FORMS[form](o)
    loss.backward()
    return [loss.item(), *o.grad.tolist()]


def truth(gap):
    o = torch.tensor([0, gap], dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(o[None], torch.tensor([0]))
    loss.backward()
    return [loss.item(), *o.grad.tolist()]


def state(values, truths, tolerance):
    """Return the mark that the docstring of explore.overflow defines."""
    values, truths = np.array(values), np.array(truths)
    if not np.isfinite(values).all():
        return "inf" if values[0] == np.inf else "NaN"
    if (np.abs(values) < np.abs(truths) / 100).all():
        return "dead"
    return "wrong" if (np.abs(values - truths) > tolerance * np.abs(truths)).any() else "right"


def marks(values, gap, dtype):
    right = truth(gap)
    return state(values[:1], right[:1], TOLERANCES[dtype]), state(values[1:], right[1:], TOLERANCES[dtype])


@pytest.fixture(scope="module")
def grid():
    """What torch computes, and how it is marked, for every form at every point of the sliders."""
    values = {(form, *point): torchs(form, point[1], point[0]) for form in FORMS for point in POINTS}
    return {key: (v, marks(v, key[2], key[1])) for key, v in values.items()}


@pytest.fixture(scope="module")
def bare(browser):
    page = browser.new_page()
    page.set_content(explore.overflow().data)
    yield page
    page.close()


# The arithmetic, against torch


def rounded(page, values, dtype):
    """Round an array float64 in the browser."""
    script = """([text, dtype]) => {
      const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      const element = customElements.get("explore-overflow");
      const out = new Uint8Array(new Float64Array(bytes.buffer).map((x) => element.round(x, dtype)).buffer);
      let answer = "";
      for (let k = 0; k < out.length; k += 8192) answer += String.fromCharCode(...out.subarray(k, k + 8192));
      return btoa(answer);
    }"""
    packed = base64.b64encode(np.ascontiguousarray(values, np.float64).tobytes()).decode()
    return np.frombuffer(base64.b64decode(page.evaluate(script, [packed, dtype])))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_halves_are_rounded_as_torch_rounds_them(bare, dtype):
    """Every finite half, the middle between it and the next, and that middle's two neighbors in float32."""
    kind = getattr(torch, dtype)
    half = torch.arange(2**15, dtype=torch.int16).view(kind).double()
    half = half[half.isfinite()]
    steps = torch.cat([half, torch.tensor([2 * half[-1] - half[-2]])])  # the last middle is where inf begins
    middle = ((steps[1:] + steps[:-1]) / 2).float()
    assert (middle.double() * 2 == steps[1:] + steps[:-1]).all()  # float32 has them all
    ends = [torch.nextafter(middle, torch.tensor(end)) for end in (0.0, math.inf)]
    wide = torch.arange(0, 2**31, 16411, dtype=torch.int32).view(torch.float32)  # all over float32
    values = torch.cat([half.float(), middle, *ends, wide])
    values = torch.cat([values, -values])
    assert len(values) > 5e5
    theirs = values.to(kind).double().numpy()
    assert np.isinf(theirs).sum() > 2
    np.testing.assert_array_equal(rounded(bare, values.double().numpy(), dtype), theirs)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_floats_are_rounded_as_torch_rounds_them(bare, dtype):
    bits = np.random.default_rng(0).integers(0, 2**64, 100_000, dtype=np.uint64)
    some = np.arange(0, 2**31, 32771, dtype=np.uint32).view(np.float32)
    some = some[np.isfinite(some)].astype(np.float64)
    middle = (some[1:] + some[:-1]) / 2
    near = np.float64(np.float32(1)) + np.array([2.0**-24, 2.0**-24 + 2.0**-52, 3 * 2.0**-24])
    values = np.concatenate([bits.view(np.float64), some, middle, near, -near])
    theirs = torch.tensor(values).to(getattr(torch, dtype)).double().numpy()
    np.testing.assert_array_equal(rounded(bare, values, dtype), theirs)


def ulp(value, dtype):
    """Return the distance of a finite value to the next of its dtype."""
    info = torch.finfo(getattr(torch, dtype))
    return info.eps * max(2.0 ** math.floor(math.log2(abs(value) or info.tiny)), info.tiny)


def test_every_value_of_every_form_is_torchs(bare, grid):
    """To 2 ulp, as torch's exp and the browser's differ; which are inf or NaN, and every mark, exactly."""
    script = """(keys) => {
      const element = customElements.get("explore-overflow");
      return keys.map(([form, dtype, gap]) => {
        const { loss, gradient } = element.run(form, gap, dtype);
        return [loss, ...gradient].map(String);
      });
    }"""
    ours = bare.evaluate(script, list(grid))
    exact = dict.fromkeys(TOLERANCES, 0)
    for (key, (theirs, expected)), texts in zip(grid.items(), ours, strict=True):
        values = [float(text) for text in texts]
        for a, b in zip(values, theirs, strict=True):
            if math.isfinite(b):
                assert abs(a - b) <= 2 * ulp(b, key[1]), key
            else:
                assert str(a) == str(b), key
        assert marks(values, key[2], key[1]) == expected, key
        exact[key[1]] += str(values) == str(theirs)
    least = {"float64": 0.9, "float32": 0.99, "bfloat16": 0.995, "float16": 0.995}  # measured: 1 for halves
    assert all(n >= least[dtype] * len(FORMS) * len(GAPS) for dtype, n in exact.items()), exact


def test_the_marks_are_those_of_the_lesson(grid):
    """The table T4, and the first gap at which each form fails in each dtype."""
    ok = ("right", "right")
    table = {
        "naive": [("right", "wrong"), ("right", "wrong"), ("inf", "NaN"), ("inf", "NaN"), ("inf", "NaN")],
        "shift": [ok, ok, ("right", "NaN"), ("right", "NaN"), ("inf", "NaN")],
        "clamp": [("wrong", "dead")] * 5,
        "lse": [ok] * 5,
    }
    for form, row in table.items():
        assert [grid[form, "float32", gap][1] for gap in (50.0, 88.0, 89.0, 100.0, 104.0)] == row
    assert grid["naive", "float32", 50.0][0] == pytest.approx([50, -1, 1.017], abs=1e-3)
    assert grid["naive", "float32", 88.0][0] == pytest.approx([88, -1, 0])
    assert grid["clamp", "float32", 104.0][0] == pytest.approx([18.42, 0, 0], abs=1e-3)

    def first(form, dtype, part, *words):
        return next((gap for gap in GAPS if grid[form, dtype, gap][1][part] in words), None)

    fails = {
        (form, dtype): [first(form, dtype, 1, word) for word in ("wrong", "dead", "NaN")]
        + [first(form, dtype, 0, "inf")]
        for form in FORMS
        for dtype in TOLERANCES
    }
    none = [None] * 4
    assert fails == {
        ("naive", "float64"): none,
        ("naive", "float32"): [50, None, 89, 89],
        ("naive", "bfloat16"): [45.5, None, 89, 89],
        ("naive", "float16"): [7.5, None, 11.5, 11.5],
        ("shift", "float64"): none,
        ("shift", "float32"): [None, None, 89, 104],
        ("shift", "bfloat16"): [None, None, 89, 93],
        ("shift", "float16"): [None, None, 11.5, 17.5],
        ("clamp", "float64"): [14, 23.5, None, None],
        ("clamp", "float32"): [14, 23.5, None, None],
        ("clamp", "bfloat16"): [14.5, 23.5, None, None],
        ("clamp", "float16"): [None, None, 11.5, 17.5],
        ("lse", "float64"): none,
        ("lse", "float32"): none,
        ("lse", "bfloat16"): none,
        ("lse", "float16"): none,
    }


# What is shown and said


def told(label):
    """Return, for each form, (loss, gradient, gradient) and the two marks that a label tells."""
    rows = ROW.findall(label)
    return [([float(t.replace("−", "-")) for t in (a, c, d)], (b, e)) for a, b, c, d, e in rows]


def check(label, words, dtype, gap, grid):
    assert label.startswith(
        f"Four forms in {dtype} at the logits [0, {gap:.1f}], true class 0; the true loss"
    )
    assert all(name in label for name in NAMES)
    rows = told(label)
    for form, (values, said) in zip(FORMS, rows, strict=True):
        theirs, expected = grid[form, dtype, gap]
        assert said == expected
        assert values == pytest.approx(theirs, rel=0.06, nan_ok=True)  # two digits of a tiny number
        close = [(a, b) for a, b in zip(values, theirs, strict=True) if abs(b) >= 1e-3]
        assert [a for a, _ in close] == pytest.approx([b for _, b in close], rel=6e-4)
    assert words == [word for _, said in rows for word in said]


SWEEP = """(element, points) => points.map(([dtype, gap]) => {
  const move = (name, value) => {
    const input = element.shadowRoot.querySelector(`#${name}`);
    input.value = value;
    input.dispatchEvent(new Event("input"));
  };
  move("dtype", Object.keys(element.data.tolerances).indexOf(dtype));
  move("gap", gap);
  const [svg] = element.shadowRoot.querySelectorAll("svg"), texts = [...svg.querySelectorAll("text")];
  const boxes = texts.concat(...svg.querySelectorAll("rect")).map((shape) => {
    const { x, y, width, height } = shape.getBBox();
    return [x, y, width, height];
  });
  const words = [...svg.querySelectorAll(".state")].map((text) => text.textContent);
  return { label: svg.getAttribute("aria-label"), words, boxes, texts: texts.length };
})"""


def test_all_positions_of_the_sliders(open_page, grid):
    element = open_page(explore.overflow()).locator("explore-overflow")
    for (dtype, gap), shown in zip(POINTS, element.evaluate(SWEEP, POINTS), strict=True):
        check(shown["label"], shown["words"], dtype, gap, grid)
        boxes = np.array(shown["boxes"])
        assert (boxes[:, 0] >= 0).all()
        assert ((boxes[:, 0] + boxes[:, 2]) <= 480).all()
        texts = boxes[: shown["texts"]]
        for k, (x, y, width, height) in enumerate(texts):  # no word touches another
            across = (texts[:, 0] < x + width) & (x < texts[:, 0] + texts[:, 2])
            down = (texts[:, 1] + 1 < y + height) & (y + 1 < texts[:, 1] + texts[:, 3])
            assert np.flatnonzero(across & down).tolist() == [k], (dtype, gap)


def lengths(element):
    """Return the bars' lengths, a loss and two entries of a gradient for each form, in their units."""
    widths = element.locator("rect").evaluate_all("bars => bars.map(bar => +bar.getAttribute('width'))")
    return np.reshape(widths, (4, 3)) / [1.25, 100, 100]


def test_bars_are_as_long_as_the_values(open_page, grid):
    for dtype, gap in (("float32", 50.0), ("float16", 8.5)):  # at 8.5 the longest of all
        element = open_page(explore.overflow(gap, dtype)).locator("explore-overflow")
        theirs = np.abs([grid[form, dtype, gap][0] for form in FORMS])
        np.testing.assert_allclose(lengths(element), theirs, rtol=1e-6)
    element = open_page(explore.overflow(95.0)).locator("explore-overflow")
    np.testing.assert_allclose(
        lengths(element)[:2], [[120, 0, 0], [95, 0, 0]], rtol=1e-6
    )  # inf fills, NaN has none


def test_each_mark_has_its_own_shape_and_color(open_page):
    element = open_page(explore.overflow(95.0)).locator("explore-overflow")
    looks = element.evaluate(
        """element => [...element.shadowRoot.querySelectorAll("svg .state")].map((word) => {
          const shape = word.previousElementSibling;
          return [word.textContent, shape.getAttribute("d"), shape.getAttribute("stroke")];
        })"""
    )
    by_word = {word: (shape, color) for word, shape, color in looks}
    assert set(by_word) == {"inf", "NaN", "right", "wrong", "dead"}
    assert by_word["inf"] == by_word["NaN"]
    assert len(set(by_word.values())) == len({color for _, color in by_word.values()}) == 4


@pytest.mark.parametrize("theme", THEMES)
def test_marks_stand_out_from_the_page(theme):
    def luminance(color):
        c = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    paper = luminance({"light": "#ffffff", "dark": "#14181e"}[theme])
    colors = re.findall(r"#[0-9A-F]{6}\b", explore.overflow().data, flags=re.I)
    assert len(colors) == 4  # one of them the sliders'
    for color in colors:
        dark, light = sorted([paper, luminance(color)])
        assert (light + 0.05) / (dark + 0.05) >= 3, color


# The controls


def now(element, grid):
    """Check all that the element tells, and return where its sliders stand."""
    gap, dtype = element.locator("output").all_inner_texts()
    words = element.locator(".state").all_text_contents()
    check(picture(element), words, dtype, float(gap), grid)
    for slider in element.locator("input").all():
        assert slider.get_attribute("aria-valuetext") == slider.evaluate("i => i.nextElementSibling.value")
    return float(gap), dtype


def test_it_starts_as_it_is_told(open_page, grid):
    page = open_page(explore.overflow(), explore.overflow(8, "float16"))
    assert now(page.locator("explore-overflow").first, grid) == (95, "float32")
    assert now(page.locator("explore-overflow").last, grid) == (8, "float16")


def test_each_slider_by_keyboard(open_page, grid):
    page = open_page(explore.overflow(88.0))
    element = page.locator("explore-overflow")
    page.keyboard.press("Tab")
    expect(page.get_by_role("slider", name="logit gap M")).to_be_focused()
    seen = []
    for key in ("ArrowRight", "ArrowRight", "PageDown", "Home", "End"):
        page.keyboard.press(key)
        seen.append(now(element, grid)[0])
    assert seen[:2] == [88.5, 89]
    assert seen[2] < 89
    assert seen[3:] == [0, 120]
    page.keyboard.press("Tab")
    expect(page.get_by_role("slider", name="dtype")).to_be_focused()
    seen = []
    for key in ("Home", *["ArrowRight"] * 4):
        page.keyboard.press(key)
        seen.append(now(element, grid))
    assert seen == [(120, dtype) for dtype in (*TOLERANCES, "float16")]  # the end holds


def test_the_sentence_tells_the_marks(open_page):
    page = open_page(explore.overflow(95.0))
    summary = page.locator(".summary")
    expect(summary).to_contain_text("In float32, at the logits [0, 95.0]: −log(naive softmax): loss inf")
    expect(summary).to_contain_text("−log(max-shift softmax): loss right, gradient NaN;")
    expect(summary).to_contain_text("log-sum-exp (F.cross_entropy): loss right, gradient right.")


def test_copies_on_one_page_are_independent(open_page):
    page = open_page(explore.overflow(), explore.overflow())
    one, two = (page.locator("explore-overflow").nth(i) for i in (0, 1))
    rest = picture(one)
    assert rest == picture(two)
    two.locator("input").last.press("End")
    assert picture(one) == rest != picture(two)


# The page around it


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_without_javascript_there_is_a_table_of_torchs_values(open_page, grid, dtype):
    page = open_page(explore.overflow(95.0, dtype), java_script_enabled=False)
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.get_by_text("Try it:")).to_be_visible()
    assert page.get_by_role("columnheader").all_inner_texts() == [f"gap in {dtype}", *NAMES]
    gaps = [float(text) for text in page.get_by_role("rowheader").all_inner_texts()]
    assert gaps == [5, 9, 12, 18, 50, 88, 89, 95, 100, 104]
    for gap, row in zip(gaps, page.get_by_role("row").all_inner_texts()[1:], strict=True):
        for form, (values, said) in zip(FORMS, told(row.replace("nan", "NaN")), strict=True):
            assert values == pytest.approx(grid[form, dtype, gap][0], rel=6e-4, nan_ok=True)
            assert said == grid[form, dtype, gap][1]


def test_print_shows_the_picture_and_no_controls(open_page):
    page = open_page(explore.overflow())
    expect(page.get_by_role("table")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.get_by_role("img")).to_be_visible()
    expect(page.get_by_role("slider").first).to_be_hidden()


def test_a_narrow_page_does_not_scroll_sideways(open_page):
    page = open_page(explore.overflow(), viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(open_page, theme):
    page = open_page(explore.overflow(), theme=theme)
    expect(page.locator(".summary")).not_to_be_empty()
    assert axe(page, without=OF_PAGES) == []


@pytest.mark.parametrize(
    "change", [{"gap": -0.5}, {"gap": 120.5}, {"gap": 88.3}, {"gap": math.nan}, {"dtype": "int8"}]
)
def test_what_does_not_fit_is_refused(change):
    with pytest.raises(ValueError, match=r"gap needs 0 to 120 by 0.5, dtype one of"):
        explore.overflow(**change)
