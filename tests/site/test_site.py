"""Every page of the built site in a real browser: run as `pytest tests/site`, after `make site`."""

import io
import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

from tools import contents
from tools.browser import FETCHED, HTML, axe, file_of, page_names, serve

# Under xdist --dist loadgroup the tests of one page stay together, so that it is loaded once.
NAMES = [*(page_names() or ["index.html"]), "404.html"]
PAGES = [pytest.param(name, marks=pytest.mark.xdist_group(name), id=name) for name in NAMES]


@pytest.fixture(scope="module", params=PAGES)
def page(request, site, visit):
    """Open a page once, for all the tests that only look."""
    with visit(f"{site}/{request.param}") as opened:
        opened.source = (HTML / request.param).read_text()
        yield opened


def test_nothing_goes_wrong(page):
    """No request to another host, no missing file, no error on the console."""
    assert page.problems == []


def test_maths_is_typeset(page):
    """Each formula of the source is typeset, without error, and none is left as text."""
    formulas = len(re.findall(r'class="math ', page.source))
    copies = ".answer .math > mjx-container, past-guess .math > mjx-container"  # of choices
    assert page.locator(f".math > mjx-container:not({copies})").count() == formulas
    assert page.locator("mjx-merror").count() == 0
    text = page.evaluate(
        """() => { const main = document.querySelector("main").cloneNode(true);
        main.querySelectorAll("pre, code, script, mjx-container").forEach(e => e.remove());
        return main.textContent; }"""
    )
    assert re.findall(r"\\\(.+?\\\)|\\\[.+?\\\]|\$[^$\n]+\$", text) == []


def test_headings(page):
    """One title, and no level is skipped."""
    levels = page.evaluate(
        """[...document.querySelectorAll("main :is(h1, h2, h3, h4, h5, h6)")].map(h => +h.tagName[1])"""
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels)), levels


def test_the_code_of_a_figure_is_one_fold(page):
    """Its cells are short, and several; their bars on top of each other would look like an error."""
    bare = ".tag_hide-input:not(:has(.cell_output))"
    assert page.locator(f"{bare} + .tag_hide-input").count() == 0


def test_landmarks_have_names(page):
    """A screen reader lists one main part, and each navigation by a name of its own."""
    assert page.get_by_role("main").count() == 1
    name = "e => e.ariaLabel ?? e.ariaLabelledByElements?.map(title => title.textContent.trim()).join()"
    names = page.get_by_role("navigation").evaluate_all(f"all => all.map({name})")
    assert all(names), names
    assert len(set(names)) == len(names), names


def test_images_have_alt_text(page):
    """Whoever cannot see a picture is told what it shows; of one in pieces, by the first piece."""
    unnamed = """all => all.filter(i => !(i.alt ?? i.ariaLabel)?.trim())
      .filter(i => !i.matches(".panels > img + img[alt='']"))
      .map(i => i.outerHTML.slice(0, 99))"""
    assert page.eval_on_selector_all("img, [role=img]", unnamed) == []


def test_links_resolve(page, site):
    """Each link inside the site leads to a file, and each anchor to an element."""
    for link in set(page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")):
        if link.startswith(site):
            file, anchor = file_of(HTML, link.removeprefix(site)), unquote(urlsplit(link).fragment)
            assert file.is_file(), link
            assert not anchor or anchor in ids(file), link


@cache
def ids(file):
    """Return the ids of a page's elements."""
    return set(re.findall(r'\bid="([^"]+)"', file.read_text()))


BUDGET = json.loads(Path(__file__).with_name("budget.json").read_text())


def test_weight(page):
    """No page fetches more than its kind may: the front page, text, a notebook with outputs, with sliders."""
    kinds = {"front": ".cover", "sliders": "explore-frames", "outputs": ".cell_output", "text": "main"}
    kind = next(kind for kind, mark in kinds.items() if page.locator(mark).count())
    requests, size = page.evaluate(FETCHED)
    found = {"kilobytes": round(size / 1000), "requests": requests}
    assert all(found[what] <= most for what, most in BUDGET[kind].items()), (
        f"{found} is over the budget of a page with {kind}, {BUDGET[kind]}: give its figures fewer or smaller"
        " frames, move a figure to another page, or, if all readers gain by it, raise tests/site/budget.json"
    )


# How far things moved without being asked to, in parts of the window, as browsers measure it, until 300 ms
# after the page was there.
SHIFT = """() => new Promise((done) => {
  let sum = 0;
  const add = (list) => { for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value; };
  new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
  const { loadEventEnd } = performance.getEntriesByType("navigation")[0];
  setTimeout(() => done(sum), Math.max(50, loadEventEnd + 300 - performance.now()));
})"""


def test_nothing_jumps(page):
    """Fonts and figures come without moving the text."""
    assert page.evaluate(SHIFT) < 0.02


# What a reader sees of a figure: what its element draws.
# And where the other sliders stand: one may choose whose values these are; and in words what a run is.
DRAWN = """slider => [...slider.getRootNode().querySelectorAll("img, svg, canvas, .runs, input[type=range]")]
  .map(e => e === slider ? "" : e.src || e.toDataURL?.() || e.innerHTML || e.value).join("|")"""


@pytest.fixture
def unveiled(page):
    """Give a page on which no guess is asked for, so that all its figures are in view."""
    page.evaluate("turn(false)")
    yield page
    page.evaluate("turn(true)")


def test_interactive_figures_answer_the_keyboard(unveiled):
    """Each slider, moved with the arrow keys, changes the figure it stands in, once that has begun."""
    page = unveiled
    for step in page.locator("article").get_by_role("button", name="Step", exact=True).all():
        step.press("Enter")
        step.press("Enter")  # momentum begins with the second
    for slider in page.locator("article input[type=range]").all():
        before = slider.evaluate(DRAWN)
        # One that stands at its end can only go back, and a fine step may be less than a tenth of a pixel.
        for key in ("ArrowRight", "ArrowLeft", "ArrowLeft", "PageUp", "PageDown", "End", "Home"):
            slider.press(key)
            page.wait_for_timeout(50)
            if slider.evaluate(DRAWN) != before:
                break
        else:
            if slider.get_attribute("id") == "rate" and page.locator("explore-boundaries").count():
                continue  # it is the next step's: tests/test_element_boundaries.py
            pytest.fail(f"nothing changes: {slider.evaluate('s => s.outerHTML')[:200]}")


SHOWN = "figures => figures.map(f => f.shadowRoot.querySelector('[role=img]').ariaLabel)"


def positions(slider):
    """Move a slider from its first value to its last by keyboard, and say at each what it reads."""
    slider.press("Home")
    for position in range(int(slider.get_attribute("max")) + 1):
        assert slider.input_value() == str(position)
        heard = slider.get_attribute("aria-valuetext")
        assert heard == slider.evaluate("s => s.nextElementSibling.value"), "what is heard is what is read"
        yield heard
        slider.press("ArrowRight")


def test_sliders_show_the_frame_of_their_value(unveiled):
    """By keyboard and by pointer each value shows its own frame, and the other figures stay as they are."""
    page = unveiled
    figures = page.locator("article explore-frames")
    for k, figure in enumerate(figures.all()):
        others = figures.evaluate_all(SHOWN)

        def shown(k=k, others=others):
            alts = figures.evaluate_all(SHOWN)
            assert alts[:k] + alts[k + 1 :] == others[:k] + others[k + 1 :], "another figure moved"
            return alts[k]

        buttons = figure.get_by_role("radio").all()  # of another parameter, if there is one
        *outer, inner = figure.get_by_role("slider").all() or [None]
        rows = []
        for row in buttons or (positions(outer[0]) if outer else [None]):
            if buttons:
                row.press("Space")
                assert row.is_checked()
            rows.append([])
            for value in positions(inner) if inner else [""]:
                assert value in shown(), "the words of a frame name its value"
                rows[-1].append(shown())
        frames = [alt for row in rows for alt in row]
        assert len(set(frames)) == len(frames), "each value has a frame of its own"
        if outer:
            outer[0].press("End")
        if not inner:
            continue
        box = inner.bounding_box()
        middle = box["y"] + box["height"] / 2
        page.mouse.click(box["x"] + 1, middle)
        assert shown() == rows[-1][0]
        inner.hover()
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] + 20, middle, steps=5)
        page.mouse.up()
        assert shown() == rows[-1][-1]


def test_accessible_in_light_and_dark(page):
    """axe-core finds nothing with all folds open: names, landmarks, all that it knows."""
    folds = page.locator("article details")
    folds.evaluate_all("all => all.forEach(e => { e.open = true; })")
    for mode, only in (("light", None), ("dark", ["color-contrast"])):  # the rest is the same in the dark
        page.evaluate("mode => { document.documentElement.dataset.theme = mode; }", mode)
        assert axe(page, only) == [], mode
    folds.evaluate_all("all => all.forEach(e => { e.open = false; })")
    page.evaluate("document.documentElement.dataset.theme = 'light'")


def track(slider):
    """Return which share of a slider's width differs from its corner, at half its height."""
    picture = Image.open(io.BytesIO(slider.screenshot())).convert("RGB")
    row = [picture.getpixel((x, picture.height // 2)) for x in range(picture.width)]
    return sum(pixel != picture.getpixel((0, 0)) for pixel in row) / len(row)


def test_forced_colors_at_twice_the_size_lose_nothing(page):
    """In a theme of high contrast, on a screen of 1280 pixels enlarged to 200%, all can be read and used."""
    page.emulate_media(forced_colors="active")
    page.set_viewport_size({"width": 640, "height": 400})
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    assert page.locator("main h1").first.is_visible()
    sliders = page.locator("article").get_by_role("slider").all()
    seen = [slider for slider in sliders if slider.is_visible()]
    assert [slider.evaluate("s => s.outerHTML") for slider in seen[:4] if track(slider) < 0.8] == []
    page.emulate_media(forced_colors="none")
    page.set_viewport_size({"width": 1300, "height": 900})


CUT_OFF = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.trim())"


def test_no_code_is_cut_off(page):
    """Lines of Python fit on an ordinary screen, beside both lists of contents; addresses may be longer."""
    page.set_viewport_size({"width": 1280, "height": 800})
    folds = page.locator("article details:not([open])")
    folded = folds.element_handles()
    folds.evaluate_all("all => all.forEach(e => { e.open = true; })")
    code = "article :is(.cell_input, [class*=highlight-python], [class*=highlight-ipython]) pre"
    assert page.eval_on_selector_all(code, CUT_OFF) == []
    for fold in folded:
        fold.evaluate("e => { e.open = false; }")
    page.set_viewport_size({"width": 1300, "height": 900})


SCROLLS = """all => all.filter(e => e.scrollWidth > e.clientWidth + 1 && e.checkVisibility())
  .filter(e => ["auto", "scroll"].includes(getComputedStyle(e).overflowX))
  .filter(e => e.tabIndex !== 0 && !e.querySelector("a, button, input, [tabindex='0']"))
  .map(e => e.outerHTML)"""


# How high letters of 10 points stand in each figure, in pixels: a drawing is as wide as it has points, an
# image of a cell has 140 pixels to an inch.
SCALE = """() => {
  const roots = [document, ...[...document.querySelectorAll(".explore")].map(e => e.shadowRoot)];
  const all = roots.flatMap(root => [...root.querySelectorAll(".panels svg, .cell_output > img")]);
  return all.filter(e => e.checkVisibility()).map(e => {
    const points = e.viewBox ? e.viewBox.baseVal.width : e.naturalWidth / 140 * 72;
    return [10 * e.clientWidth / points, e.alt ?? e.closest("[role=img]").ariaLabel];
  });
}"""
# Letters of figures that are drawn in the page and are tiny, huge or cut off, with their heights in pixels.
ODD_LETTERS = """() => {
  const elements = [...document.querySelectorAll(".explore")];
  const roots = [document.querySelector("main"), ...elements.map((e) => e.shadowRoot)];
  const texts = roots.flatMap((root) => [...root.querySelectorAll(".panels text, .picture > svg text")]);
  return texts.filter((e) => e.textContent.trim() && e.checkVisibility()).map((e) => {
    const { left, right } = e.getBoundingClientRect(), scale = e.ownerSVGElement.getScreenCTM().a;
    const height = parseFloat(getComputedStyle(e).fontSize) * scale;
    return [e.textContent.trim(), height, left >= 0 && right <= innerWidth];
  }).filter(([, height, whole]) => height < 9.9 || height > 16.5 || !whole);
}"""


def test_letters_of_figures_are_neither_tiny_nor_huge(page):
    assert page.evaluate(ODD_LETTERS) == []


@pytest.mark.parametrize("name", PAGES)
def test_telephone(name, site, visit):
    """At 400 pixels nothing jumps, scrolls sideways or is cut, and a keyboard reaches all that scrolls.

    The labels of its figures can be read: ten points are about as many pixels, or a few more. It is a
    downloaded copy, opened as a file: there, too, maths is typeset, and nothing goes wrong.
    """
    # What answers for any address knows where the book is from its own.
    address = f"{site}/{name}" if name == "404.html" else (HTML / name).as_uri()
    with visit(address, viewport={"width": 400, "height": 800}) as page:
        assert page.locator(".math > mjx-container").count() == page.locator(".math").count()
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        page.wait_for_timeout(400)  # the theme, too, looks again
        assert page.evaluate(SHIFT) < 0.02
        assert page.eval_on_selector_all("article *", SCROLLS) == []
        assert page.eval_on_selector_all(".prev-next-area a", CUT_OFF) == []
        assert [(height, words) for height, words in page.evaluate(SCALE) if height < 10] == []
        assert page.evaluate(ODD_LETTERS) == []
        assert page.problems == []


@pytest.mark.parametrize("name", PAGES)
def test_without_javascript(name, site, visit):
    """The text is there, and each interactive figure shows a still picture or a table instead."""
    with visit(f"{site}/{name}", java_script_enabled=False) as page:
        assert page.locator("main h1:visible").count() == 1
        assert page.locator(".math > mjx-container").count() == page.locator(".math").count()
        for figure in page.locator("article .cell_output:has(script)").all():
            still = figure.locator(":is(img, svg, table):visible")
            assert still.count(), f"nothing in its stead: {figure.inner_html()[:200]}"
        assert [p for p in page.problems if "/scripts/" not in p] == []  # two that the theme preloads


FOCUS = """() => {
  let e = document.activeElement;
  while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
  if (e === document.body) return null;
  const { left, top, right, bottom } = e.getBoundingClientRect();
  const ring = [e, ...e.querySelectorAll("*")].some(part => {
    const { outlineStyle, boxShadow } = getComputedStyle(part);
    const shown = part.checkVisibility({ opacityProperty: true });
    return shown && (outlineStyle !== "none" || boxShadow !== "none");
  });
  const seen = right > 0 && left < innerWidth && bottom > 0 && top < innerHeight;
  return { html: e.outerHTML.slice(0, 200), ring, seen, inside: !!document.activeElement.closest("article") };
}"""


@pytest.mark.parametrize("name", ["index.html", "book/linear-regression/from-scratch.html"])
def test_keyboard_alone(name, site, visit):
    """Tab leads through the whole page and out of it, always seen; the first stop skips to the text."""
    with visit(f"{site}/{name}") as page:
        page.add_style_tag(content="* { transition: none !important }")
        stops = []
        for _ in range(300):
            page.keyboard.press("Tab")
            if (stop := page.evaluate(FOCUS)) is None:
                break
            assert stop["ring"], stop["html"]
            assert stop["seen"], stop["html"]
            stops.append(stop)
        else:
            pytest.fail(f"no way out of {stop['html']}")
        reached = sum(stop["inside"] for stop in stops)
        single = (
            "article :is(a[href], summary, input:not([type=radio])):visible"  # of some radios, one is a stop
        )
        assert reached >= page.locator(single).count() > 0
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("!!document.activeElement.closest('main')")


@pytest.mark.parametrize(("width", "height"), [(1300, 900), (400, 800)])
def test_the_front_page_begins_with_a_figure_that_moves(width, height, site, visit):
    """It stands above the fold, on a telephone too, and its button lets the line learn."""
    with visit(f"{site}/index.html") as page:
        page.set_viewport_size({"width": width, "height": height})
        figure = page.locator("explore-squares svg")
        box = figure.bounding_box()
        assert box["y"] + box["height"] < height
        before = figure.get_attribute("aria-label")
        assert "94.14 min²" in before
        page.get_by_role("button", name="Let the machine learn").press("Enter")
        assert figure.get_attribute("aria-label") != before


@pytest.mark.parametrize(("kind", "word"), [("served", "overfitting"), ("file", "softmax")])
def test_search_from_a_lesson(kind, word, site, visit):
    """The book's own search finds its words from any depth, also in a downloaded copy."""
    lesson = "book/numerical-stability/log-sum-exp.html"
    with visit(f"{site}/{lesson}" if kind == "served" else (HTML / lesson).as_uri()) as page:
        page.keyboard.press("Control+k")
        page.keyboard.type(word)
        page.keyboard.press("Enter")
        page.wait_for_function("document.querySelector('.search-summary')?.textContent.includes('found')")
        results = page.locator("ul.search li > a")
        assert results.count() > 3
        assert word in " ".join(results.all_inner_texts()).lower()
        asks = [
            bool(re.search("solutions|homework|teachers", a.get_attribute("href"))) for a in results.all()
        ]
        assert asks == sorted(asks), "what explains the word comes first"
        results.first.click()
        page.wait_for_url("**/book/**")
        assert page.locator("main h1").count() == 1
        assert page.problems == [] or kind == "file"  # there no excerpt can be fetched; titles are found


def test_a_search_that_finds_nothing_says_what_to_do(site, visit):
    with visit(f"{site}/search.html?q=soft+maximal+nonsense") as page:
        page.get_by_text("No page of the book has all of these words. Try fewer").wait_for(timeout=5000)


@pytest.mark.parametrize("javascript", [True, False])
def test_wrong_address(site, visit, javascript):
    """At any depth it is answered by a page of the book, with its style and ways back."""
    wrong = f"{site}/no/such/page.html"
    with visit(wrong, java_script_enabled=javascript) as page:
        known = "status of 404|/scripts/"  # of this page; and what the theme preloads for nothing
        assert [p for p in page.problems if not re.search(known, p)] == [f"404: {wrong}"]
        assert page.locator(".prev-next-area a").count() == 0
        if javascript:
            page.get_by_role("link", name="Skip to main content").press("Enter")
            assert page.url == f"{wrong}#main-content"
            page.get_by_role("searchbox").fill("softmax")
            page.get_by_role("searchbox").press("Enter")
            page.locator(".search-results li, ul.search li").first.wait_for()
            page.go_back()
        page.get_by_role("link", name="front page").click()
        assert page.url == f"{site}/index.html"


def test_wrong_address_at_the_root_of_a_host(visit):
    """There the book begins at /, and its script finds that out."""
    with serve() as root, visit(f"{root}/no/such/page.html") as page:
        page.get_by_role("link", name="front page").click()
        assert page.url == f"{root}/index.html"


def test_next_and_previous_follow_the_contents(site):
    """Who only presses "next" reads the whole book in the order of _toc.yml."""
    names = [None, "index", *contents.pages(), None]
    for before, name, after in zip(names, names[1:-1], names[2:], strict=False):
        html = (HTML / f"{name}.html").read_text()
        for side, expected in (("left-prev", before), ("right-next", after)):
            found = re.search(rf'class="{side}"\s+href="([^"]+)"', html)
            target = found and (HTML / name).parent.joinpath(found[1]).resolve()
            assert target == (expected and HTML / f"{expected}.html"), f"{name}: {side}"


def test_no_file_of_the_homework_masters_is_published(site):
    """No master, hidden test or grader is a file of the site; test_no_leaks looks for what stands in them."""
    for path in (p for p in HTML.rglob("*") if p.is_file()):
        name = path.relative_to(HTML).as_posix()
        assert not re.match(r"(_sources/)?homework/", name), name
