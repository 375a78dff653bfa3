"""The printed book: two pages of the built site, printed as `make pdf` prints them all."""

import re

import pypdf
import pytest

from _ext.print_book import entries, print_book
from tools.browser import HTML, serve

LESSON = "book/linear-regression/concise.html"
PAGES = [{"name": "book/linear-regression/index.html", "level": 1}, {"name": LESSON, "level": 2}]
pytestmark = pytest.mark.xdist_group("print")  # it is printed once


@pytest.fixture(scope="module")
def book(browser, tmp_path_factory):
    """Print the two pages, and yield the PDF."""
    out = tmp_path_factory.mktemp("print") / "book.pdf"
    with serve() as base:
        sheets = print_book(browser, base, PAGES, out)
    reader = pypdf.PdfReader(out)
    assert len(reader.pages) == sheets
    return reader


@pytest.fixture(scope="module")
def texts(book):
    """Return the text of each sheet."""
    return [sheet.extract_text() for sheet in book.pages]


def plain(text):
    """Return a text without its spaces, which a PDF does not keep, and without ligatures."""
    return re.sub(
        r"\s", "", text.replace("ﬁ", "fi").replace("ﬂ", "fl").replace("ﬀ", "ff").replace("ﬃ", "ffi")
    )


def test_bookmarks_are_the_headings(book):
    """Contents, chapter, lesson, section: each below its own, in the words of the page."""
    contents, chapter, (lesson, sections) = book.outline
    assert [contents.title, chapter.title] == ["Contents", "Linear regression"]
    assert lesson.title == "Do PyTorch’s layers learn the same weights?"
    titles = [re.sub("<.+?>", "", h) for h in re.findall(r"<h2>(.+?)<a class", (HTML / LESSON).read_text())]
    assert [item.title for item in sections if not isinstance(item, list)] == titles


def test_numbers(texts):
    """Each sheet but the first has its number and chapter; the contents name where a page begins."""
    for number, text in enumerate(texts[1:], start=2):
        assert str(number) in text.split("\n")[:2], "below or above the text, read first"
    assert all("Linear regression" in text.split("\n")[:2] for text in texts[2:])
    chapter, lesson = (int(n) for n in re.findall(r" (\d+)$", texts[1], re.MULTILINE))
    assert plain("Linear regression") in plain(texts[chapter - 1])
    assert any(line.startswith("Do PyTorch") for line in texts[lesson - 1].split("\n")[:5])


def test_nothing_is_cut_off_or_folded(texts, browser):
    """All code that the site shows, and all answers that it folds, are there, character by character."""
    page = browser.new_page(java_script_enabled=False)
    page.goto((HTML / LESSON).as_uri())
    lines = page.locator("article .cell_input > .highlight pre, article .output pre").all_inner_texts()
    answers = page.locator("article details > p:not(.admonition-title):not(:has(*))").all_text_contents()
    page.close()
    assert answers
    lines = [line for text in [*lines, *answers] for line in text.splitlines()]
    assert max(map(len, lines)) > 80, "some are longer than a sheet is wide"
    text = plain("".join(texts))
    assert [line for line in lines if plain(line) not in text] == []


def test_figures_stand_still(book, texts):
    """Stills are shown, with their words for screen readers, and nothing that wants to be pressed."""
    root = book.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    words, left = set(), [root["/StructTreeRoot"]]
    while left:
        thing = left.pop().get_object()
        if isinstance(thing, list):
            left += thing
        elif isinstance(thing, dict):
            words.add(thing.get("/Alt"))
            left += [thing["/K"]] if "/K" in thing else []
    stills = re.findall(r'class="explore-still"[^>]*>(.+?)</figure>', (HTML / LESSON).read_text())
    alts = [alt for still in stills for alt in re.findall(r'alt="([^"]+)"', still)]
    assert alts
    assert set(alts) <= words
    assert "Show the code" not in "".join(texts)


def test_links_inside_the_book_stay_inside(book):
    """A link to a page that is printed leads to its sheet."""
    links = [a.get_object() for sheet in book.pages for a in sheet.get("/Annots", [])]
    inside = [link["/Dest"] for link in links if "/Dest" in link]
    assert len(inside) > len(PAGES)
    assert {name.lstrip("/") for name in inside} <= {name.lstrip("/") for name in book.named_destinations}
    assert not any("127.0.0.1" in str(link.get("/A")) for link in links)


def test_a_link_says_on_which_sheet_its_target_stands(browser, tmp_path):
    page = '<article class="bd-article"><section><h1>{}</h1><p><a href="{}">there</a></p></section></article>'
    for name, title, other in (("index", "One", "two"), ("two", "Two", "index")):
        (tmp_path / f"{name}.html").write_text(page.format(title, f"{other}.html"))
    pages = [{"name": "index.html", "level": 1}, {"name": "two.html", "level": 1}]
    with serve(tmp_path) as base:
        print_book(browser, base, pages, tmp_path / "book.pdf")
    texts = [sheet.extract_text() for sheet in pypdf.PdfReader(tmp_path / "book.pdf").pages]
    *_, one, two = range(1, len(texts) + 1)
    assert "One" in texts[one - 1]
    assert f"(p. {two})" in texts[one - 1]
    assert f"(p. {one})" in texts[two - 1]


def test_what_does_not_fit_is_refused(browser, tmp_path):
    """Rather no book than one with half a line."""
    code = "x = 1  # " + 99 * "a long comment "
    (tmp_path / "index.html").write_text(f'<article class="bd-article"><h1>T</h1><pre>{code}</pre></article>')
    with serve(tmp_path) as base, pytest.raises(RuntimeError, match=r"Wider than a sheet.*x = 1"):
        print_book(browser, base, [{"name": "index.html", "level": 1}], tmp_path / "book.pdf")


def test_the_whole_book_is_printed():
    """Each page of the site but the tools, in the order of the contents."""
    names = [page["name"] for page in entries()]
    assert names[0] == "index.html"
    assert {p.relative_to(HTML).as_posix() for p in HTML.rglob("*.html")} - set(names) == {
        "404.html",
        "search.html",
    }
