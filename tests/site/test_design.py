"""The site's design, in a real browser: nothing jumps, nothing is cut, one can see where one is."""

import re
import time

import pytest
from test_site import SHIFT

from tools import contents
from tools.browser import HTML, READY, chromium, page_names
from tools.colab import ADDRESS

LESSONS = [page for page in contents.pages().values() if page.lesson]
CHAPTERS = [page for page in contents.pages().values() if page.number and page.name == page.chapter]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_lesson_opens_with_its_place_lead_and_facts(lesson, site, visit):
    """They say where one is, what one will do, and what it takes."""
    with visit(f"{site}/{lesson.name}.html", viewport={"width": 1280, "height": 800}) as page:
        kicker = page.locator("article .kicker")
        assert kicker.inner_text() == f"Chapter {lesson.number} · Lesson {lesson.lesson}"
        assert page.locator("article h1 + .lead").inner_text().startswith("You will ")
        assert re.match(r"Time \d+ minutes$", page.locator(".facts > .time").text_content().strip())
        assert page.locator(".facts > .you-need").inner_text().startswith("You need ")
        fold = page.locator("article details.imports")
        if fold.count():  # a cell that does more than import stays open
            assert not fold.locator("pre").is_visible()
            fold.locator("summary").press("Enter")
            assert fold.locator("pre").is_visible()
        head = page.locator(".running-head")
        assert head.inner_text().startswith(str(lesson.number))
        head.click()
        assert page.url == f"{site}/{lesson.chapter}.html"


@pytest.mark.parametrize("name", [name for name in page_names() if re.match("book/homework/(?!index)", name)])
def test_the_imports_of_a_sheet_are_folded(name):
    assert (HTML / name).read_text("utf-8").count('<details class="imports"><summary>Imports <code>') == 1


# Which section a list "On this page" marks, after the page has been drawn twice.
MARKED = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  done([...document.querySelectorAll("#page-toc [aria-current]")].map((e) => e.hash));
})))"""
MIDDLE = """hash => {
  const { top, height } = document.getElementById(hash.slice(1)).getBoundingClientRect();
  scrollBy(0, top + height / 2 - innerHeight / 3);
}"""


def test_the_list_on_this_page_marks_where_one_is(site, visit):
    """At once, wherever one jumps to, forwards and back; and what was chosen from the list itself."""
    with visit(f"{site}/{LESSONS[1].name}.html", viewport={"width": 1280, "height": 800}) as page:
        links = page.locator("#page-toc a")
        all_of_it = links.evaluate_all("all => all.map(a => a.hash)")
        height = "hash => document.getElementById(hash.slice(1)).offsetHeight"
        long = [hash for hash in all_of_it if page.evaluate(height, hash) > 600]
        assert len(long) > 5
        for hash in [*long, *long[::-1], *long[::3]]:
            page.evaluate(MIDDLE, hash)
            assert page.evaluate(MARKED) == [hash]
        page.keyboard.press("Control+End")
        page.wait_for_function("scrollY + innerHeight >= document.documentElement.scrollHeight - 2")
        assert page.evaluate(MARKED) == all_of_it[-1:]
        page.keyboard.press("Control+Home")
        page.wait_for_function("scrollY === 0")
        assert page.evaluate(MARKED) == []
        for link, hash in zip(links.all(), all_of_it, strict=True):
            link.click()
            assert page.evaluate(MARKED) == [hash]
    with visit(f"{site}/{LESSONS[1].name}.html{all_of_it[-2]}") as page:
        assert page.evaluate(MARKED) == all_of_it[-2:-1]


def test_the_menu_opens_and_closes(site, visit):
    """By pointer and by keyboard; whoever leaves it, closes it."""
    with visit(f"{site}/{LESSONS[0].name}.html") as page:
        button = page.get_by_role("button", name="Download this page")
        source, pdf = page.locator(".dropdown-menu .dropdown-item").all()
        button.click()
        assert source.is_visible()
        assert button.get_attribute("aria-expanded") == "true"
        box = source.bounding_box()
        assert box["x"] + box["width"] <= 1300
        page.mouse.click(400, 500)
        assert not source.is_visible()
        button.press("ArrowDown")
        assert source.evaluate("e => e === document.activeElement")
        source.press("ArrowDown")
        assert pdf.evaluate("e => e === document.activeElement")
        pdf.press("Escape")
        assert not source.is_visible()
        assert button.evaluate("e => e === document.activeElement")
        assert button.get_attribute("aria-expanded") == "false"
        button.press("Enter")
        pdf.focus()
        pdf.press("Tab")
        assert not source.is_visible()


def test_a_button_with_a_sign_says_what_it_does(site, visit):
    """To the pointer that rests on it, and to the keyboard that reaches it."""
    with visit(f"{site}/{LESSONS[0].name}.html") as page:
        button = page.get_by_role("button", name="Fullscreen mode")
        shown = "e => getComputedStyle(e, '::after').visibility"
        assert button.evaluate(shown) == "hidden"
        button.hover()
        page.wait_for_timeout(600)
        assert button.evaluate(shown) == "visible"
        page.mouse.move(400, 500)
        page.get_by_role("button", name="Download this page").focus()
        page.keyboard.press("Tab")
        page.wait_for_timeout(600)
        assert button.evaluate(shown) == "visible"


# The width of the title as it is shown, and in the font of the text.
WIDTHS = """() => {
  const title = document.querySelector("h1"), range = document.createRange();
  range.selectNodeContents(title.firstChild);
  const width = () => range.getBoundingClientRect().width, shown = width();
  title.style.fontFamily = "Newsreader";
  return [shown, width()];
}"""


def test_the_text_has_its_own_font_on_the_first_visit(site, visit):
    with visit(f"{site}/index.html") as page:
        shown, own = page.evaluate(WIDTHS)
        assert shown == own


JUMPED = ["homework/overfitting", "linear-regression/going-deeper"]
JUMPED += ["numerical-stability/sums-that-lose-digits", "softmax-from-scratch/from-scores-to-probabilities"]


@pytest.mark.parametrize("name", JUMPED)
def test_nothing_jumps_where_fonts_come_late(name, site, browser):
    """Lines that break elsewhere in the font that was meant stay as they are; the next page has the font."""

    def late(route):
        time.sleep(0.3)
        route.continue_()

    page = browser.new_page(viewport={"width": 400, "height": 800}, reduced_motion="reduce")
    page.route("**/*.woff2", late)
    page.goto(f"{site}/book/{name}.html")
    page.evaluate(READY)
    page.evaluate("() => document.fonts.ready")
    assert page.evaluate(SHIFT) < 0.02
    page.close()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_a_chapter_lists_its_lessons(chapter, site, visit):
    """Each lesson has a row with number, title and minutes, and the whole row leads to it."""
    lessons = [lesson for lesson in LESSONS if lesson.chapter == chapter.name]
    with visit(f"{site}/{chapter.name}.html") as page:
        assert page.locator("section > svg.drawing").count() == 1
        rows = page.locator("ol.lessons > li")
        assert rows.locator(".number").all_inner_texts() == [f"{one.number}.{one.lesson}" for one in lessons]
        assert all(re.fullmatch(r"\d+ minutes", time) for time in rows.locator(".time").all_inner_texts())
        targets = rows.locator("a").evaluate_all("all => all.map(a => a.href)")
        assert targets == [f"{site}/{one.name}.html" for one in lessons]
        rows.last.scroll_into_view_if_needed()
        box = rows.last.bounding_box()
        page.mouse.click(box["x"] + box["width"] - 20, box["y"] + box["height"] - 8)
        page.wait_for_url(targets[-1])


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (400, 800)])
def test_the_cover_begins_above_the_fold(width, height, site, visit):
    """Title, one sentence, one button; and a card for each chapter with its picture below."""
    with visit(f"{site}/index.html", viewport={"width": width, "height": height}) as page:
        button = page.get_by_role("link", name="Start with the first lesson")
        for seen in (page.locator("h1"), page.locator("h1 + p"), button):
            box = seen.bounding_box()
            assert box["y"] + box["height"] < height
        assert button.get_attribute("href") == f"{LESSONS[0].name}.html"
        cards = page.locator("ol.cards > li:has(svg.drawing)")
        assert cards.locator("a").evaluate_all("all => all.map(a => a.href)") == [
            f"{site}/{chapter.name}.html" for chapter in CHAPTERS
        ]
        cards.first.scroll_into_view_if_needed()
        box = cards.first.locator("svg").bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # the link lies over it
        page.wait_for_url(f"{site}/{CHAPTERS[0].name}.html")


def test_the_search_is_fetched_where_it_is_searched(site, visit):
    """Its index is the largest file of the site. The cover has its key, too."""
    with visit(f"{site}/index.html") as page:
        loaded = page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
        assert not [name for name in loaded if "search-texts" in name]
        page.keyboard.press("Control+k")
        page.keyboard.type("overfitting")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?q=overfitting")
        page.wait_for_function("document.querySelector('.search-summary')?.textContent.includes('found')")


def test_excerpts_quote_the_text(site, visit):
    """Neither the bar above nor the strip of facts: what they say stands on every page of the chapter."""
    with visit(f"{site}/search.html?q=linear+regression") as page:
        page.wait_for_function("document.querySelector('.search-summary')?.textContent.includes('found')")
        page.locator(".search li .context").first.wait_for()
        page.wait_for_timeout(500)
        excerpts = page.locator(".search li .context").all_inner_texts()
        assert len(excerpts) > 3
        assert [text for text in excerpts if re.search(r"Chapter \d · Lesson|Set in Newsreader", text)] == []


NARROW = ["index.html", f"{LESSONS[0].name}.html", f"{LESSONS[-1].name}.html", f"{CHAPTERS[1].name}.html"]
NARROW += [f"book/{name}.html" for name in ("homework/softmax-concise", "reference/symptoms", "your-book")]


@pytest.mark.parametrize(("width", "letters"), [(320, 16), (400, 32)])
def test_the_narrowest_screens_and_the_largest_letters(width, letters, site):
    """A screen of 1280 pixels at 400%, or letters of twice the size on a phone: all is there, sliders too."""
    with chromium(f"--blink-settings=defaultFontSize={letters}") as browser:
        page = browser.new_page(viewport={"width": width, "height": 800})
        for name in NARROW:
            page.goto(f"{site}/{name}")
            page.evaluate(READY)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            for slider in page.locator("article .explore input[type=range]:visible").all():
                assert slider.bounding_box()["width"] > 90, name


# What would move although the reader wants no motion: what changes its place or size little by little.
MOVES = """() => [...document.querySelectorAll("*")].filter((e) => [null, "::before"].some((one) => {
  const look = getComputedStyle(e, one), changes = look.transitionProperty;
  const moves = /all|transform|translate|scale|left|right|top|bottom|width|height|margin/.test(changes);
  const turns = look.animationName !== "none" && look.animationTimeline === "auto";
  return turns || (moves && /[1-9]/.test(look.transitionDuration));
})).map((e) => `${e.tagName} ${e.className}`)"""


@pytest.mark.parametrize("name", ["index.html", f"{LESSONS[0].name}.html", f"{LESSONS[-1].name}.html"])
def test_nothing_moves_for_whoever_wants_no_motion(name, site, visit):
    with visit(f"{site}/{name}", reduced_motion="reduce") as page:
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        assert page.evaluate(MOVES) == []


def test_a_page_says_what_it_is(site, visit):
    """Its language, its title with the book's, a description, and icons that are there."""
    with visit(f"{site}/{LESSONS[0].name}.html") as page:
        assert page.locator("html").get_attribute("lang") == "en"
        assert page.title().endswith("From Lines to Labels")
        said = page.locator("meta[name=description]").get_attribute("content")
        lead = page.locator("article .lead").inner_text()
        assert said.removesuffix(" …") == lead[: len(said.removesuffix(" …"))]
        assert 50 < len(said) <= 200
        for icon in page.locator("link[rel~=icon], link[rel=apple-touch-icon]").all():
            assert page.request.get(icon.evaluate("e => e.href")).ok


def test_what_needs_the_repositorys_address_waits_for_it():
    """Until `make address` has set it, nothing leads there: tests/test_address.py has what comes then."""
    known = "/OWNER/" not in ADDRESS
    sheet, front = (
        (HTML / name).read_text("utf-8") for name in ("book/homework/overfitting.html", "index.html")
    )
    assert bool(re.search(r'href="https://[^"]*(colab|binder)', sheet)) == known
    assert (f'href="{ADDRESS}' in sheet) == known
    assert ('rel="canonical"' in sheet) == ('property="og:image"' in sheet) == known
    assert (HTML / "sitemap.xml").is_file() == known
    assert (f"git clone {ADDRESS}" in re.sub("<[^>]+>", "", front)) == known


def test_what_the_style_sheet_asks_for_is_there():
    css = (HTML / "_static/book.css").read_text("utf-8")
    asked = re.findall(r"url\(['\"]?(?!data:)([^)'\"]+)", css)
    assert len(asked) >= 2
    assert css.count("url(data:font/woff2;base64,") == 2, "the fonts of the text"
    assert [name for name in asked if not (HTML / "_static" / name).is_file()] == []


def test_fonts_are_the_books_own():
    """Only those that npm brought: nothing of the theme's icon font."""
    fonts = {path.name for path in (HTML / "_static").rglob("*.woff2")} | {
        path.name for path in (HTML / "_static").rglob("*.ttf")
    }
    assert not [name for name in fonts if name.startswith("fa-")]
    assert {"newsreader-latin-400-italic.woff2", "m-plus-1-code-latin-400-normal.woff2"} <= fonts
    assert "newsreader-latin-400-normal.woff2" not in fonts, "it stands in the style sheet"
