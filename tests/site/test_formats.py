"""The book in other forms, made from the built site: EPUB, a file for a classroom, slides, figures as SVG."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import epub_book
import pytest
from bs4 import BeautifulSoup

from tools import contents, downloads, pack, slides
from tools.browser import HTML, ROOT

LESSON = (
    "book/softmax-from-scratch/from-scores-to-probabilities"  # formulas, predictions, three kinds of figures
)
FRAMES = "book/linear-regression/from-scratch"
LESSONS = [page.name for page in contents.pages().values() if page.lesson]


# ── EPUB ──


@pytest.fixture(scope="module")
def epub(browser, tmp_path_factory):
    """Write a book of four pages and return it."""
    pages = {
        name: file
        for name, file in epub_book.chapters().items()
        if name.startswith(("index", LESSON, FRAMES))
    }
    pages |= {name: file for name, file in epub_book.chapters().items() if "glossary" in name}
    out = tmp_path_factory.mktemp("epub") / "book.epub"
    epub_book.write(out, browser, pages)
    with zipfile.ZipFile(out) as packed:
        yield out, {name: packed.read(name) for name in packed.namelist()}


@pytest.mark.xdist_group("formats")
def test_an_epub_keeps_the_rules(epub):
    """Those of EPUB 3.3, by epubcheck's tests, warnings included."""
    assert epub_book.check(epub[0]) == ""


@pytest.mark.xdist_group("formats")
def test_an_epub_has_maths_figures_and_folded_answers(epub):
    text = epub[1]["book/softmax-from-scratch-from-scores-to-probabilities.xhtml"].decode()
    page = BeautifulSoup(text, "html.parser")
    formulas = (HTML / f"{LESSON}.html").read_text("utf-8").count('class="math ')
    assert len(page.select("math")) == formulas
    assert page.select("script, button, predict-first, .explore, mjx-container") == []
    assert len(page.select(".figure")) == len(page.select(".figure p.moves")) >= 3
    answers = [
        fold.get_text() for fold in page.select("details") if "After you have decided" in fold.get_text()
    ]
    assert any("Dividing compares the scores themselves" in text for text in answers), "feedback, in the fold"
    assert not re.search(r"var\(|color-mix|currentcolor", text, re.I), "colors that any reader knows"


@pytest.mark.xdist_group("formats")
def test_an_epub_names_what_it_has(epub):
    files = epub[1]
    assert next(iter(files)) == "mimetype"
    package = ElementTree.fromstring(files["book/book.opf"])
    listed = {item.get("href") for item in package.iter("{http://www.idpf.org/2007/opf}item")}
    assert listed == {name.removeprefix("book/") for name in files if name.startswith("book/")} - {"book.opf"}
    assert "准确率".encode() in files["book/reference-glossary.xhtml"]


# ── one file for a classroom ──


@pytest.mark.xdist_group("formats")
def test_the_zip_has_site_notebooks_and_data_and_no_solution_of_the_homework(tmp_path):
    out = tmp_path / "book.zip"
    pack.pack(out)
    with zipfile.ZipFile(out) as packed:
        names = [name.removeprefix(f"{pack.NAME}/") for name in packed.namelist()]
        packed.extractall(tmp_path, [name for name in packed.namelist() if "/site/" not in name])
    assert "READ-ME-FIRST.html" in names
    assert "site/index.html" in names
    assert f"notebooks/{LESSON}.ipynb" in names
    assert sum(name.startswith("data/") for name in names) == 4
    assert [name for name in names if re.match(r"notebooks/(homework|tests|_ext)/", name)] == []
    # As READ-ME-FIRST says, in a folder of its own, where nothing is installed but packages.
    folder = tmp_path / pack.NAME / "notebooks"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(folder)}
    environment |= {"FASHION_MNIST_DIR": str(folder.parent / "data"), "OMP_NUM_THREADS": "1"}
    code = (
        "import utils, utils.data; print(utils.__file__); print(len(utils.data.load_fashion_mnist().train))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.stdout.split() == [str(folder / "utils/__init__.py"), "50000"], done.stderr


# ── slides ──


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """Write the decks of two lessons beside a copy of what the site shares, and return the folder."""
    html = tmp_path_factory.mktemp("site")
    (html / "_static").symlink_to(HTML / "_static")
    (html / "book").symlink_to(HTML / "book")
    slides.build([LESSON, FRAMES], html)
    return html


@pytest.mark.xdist_group("formats")
def test_a_deck_moves_and_needs_nothing_else(decks, visit):
    """Opened as a file: no error, each slide fits, the figure answers the keyboard, and the deck goes on."""
    with visit(
        (decks / "slides/from-scores-to-probabilities.html").as_uri(), viewport={"width": 1280, "height": 760}
    ) as page:
        assert page.problems == []
        count = page.evaluate("Reveal.getTotalSlides()")
        assert 25 < count < 90
        over = page.evaluate(
            """() => [...Array(Reveal.getTotalSlides()).keys()].map((k) => {
              Reveal.slide(k);
              const slide = Reveal.getCurrentSlide(), inner = slide.firstElementChild;
              const high = Math.max(...[...inner.children].map((e) => e.getBoundingClientRect().bottom));
              return [k, Math.round(high - innerHeight), slide.innerText.slice(0, 60)];
            }).filter(([, over]) => over > 0)"""
        )
        assert over == []
        page.evaluate("Reveal.slide(0)")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("Reveal.getIndices().h") == 1
        k = page.evaluate(
            """[...document.querySelectorAll(".slides > section")]
            .findIndex((slide) => slide.querySelector("explore-softmax"))"""
        )
        page.evaluate("k => Reveal.slide(k)", k)
        slider = page.locator("explore-softmax input[type=range]").first
        before = page.locator("explore-softmax svg").first.inner_html()
        slider.press("ArrowRight")
        assert page.locator("explore-softmax svg").first.inner_html() != before
        assert page.evaluate("Reveal.getIndices().h") == k, "the key is the figure's"
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("Reveal.getIndices().h") == k + 1


@pytest.mark.xdist_group("formats")
def test_a_deck_asks_before_it_tells(decks):
    """Each question is a slide with its choices, and its answer a later one; notes have the claims."""
    deck = BeautifulSoup((decks / "slides/from-scratch.html").read_text("utf-8"), "html.parser")
    kinds = [slide.div["class"][0].removeprefix("slide-") for slide in deck.select(".slides > section")]
    notebook = json.loads((ROOT / f"{FRAMES}.ipynb").read_text("utf-8"))
    asked = [cell for cell in notebook["cells"] if {"predict", "check"} & set(cell["metadata"])]
    assert kinds.count("question") == kinds.count("answer") == len(asked)
    assert all(kinds[: k + 1].count("question") >= kinds[: k + 1].count("answer") for k in range(len(kinds)))
    assert kinds[0] == "title"
    assert {"section", "moves", "figure", "code", "bug", "summary"} <= set(kinds)
    notes = " ".join(note.get_text() for note in deck.select("aside.notes"))
    assert "The notebook asserts:" in notes
    assert "autograd is right about w" in notes


@pytest.mark.parametrize("name", LESSONS)
def test_each_lesson_becomes_a_deck(name):
    page = BeautifulSoup((HTML / f"{name}.html").read_text("utf-8"), "html.parser")
    title, deck = slides.slides_of(page, json.loads((ROOT / f"{name}.ipynb").read_text("utf-8")))
    assert title
    assert 20 < len(deck.slides) < 110
    for html, _ in deck.slides:
        slide = BeautifulSoup(html, "html.parser")
        assert slide.get_text(strip=True) or slide.select_one("svg, img, .explore"), html[:200]


def test_a_section_can_be_left_out():
    page = BeautifulSoup((HTML / f"{FRAMES}.html").read_text("utf-8"), "html.parser")
    notebook = json.loads((ROOT / f"{FRAMES}.ipynb").read_text("utf-8"))
    cell = next(cell for cell in notebook["cells"] if "## The loop\n" in "".join(cell["source"]))
    cell["metadata"]["slide"] = "skip"
    _, deck = slides.slides_of(page, notebook)
    assert "<h2>The loop</h2>" not in "".join(html for html, _ in deck.slides)


# ── what the site offers ──


def test_the_site_offers_what_was_built(tmp_path):
    page = tmp_path / "html" / downloads.PAGE
    page.parent.mkdir(parents=True)
    page.write_text((HTML / downloads.PAGE).read_text("utf-8"))
    assert downloads.offer(tmp_path) == []
    (tmp_path / "from-lines-to-labels.epub").write_bytes(b"0" * 2_300_000)
    for _ in range(2):  # also where there is a list already
        assert downloads.offer(tmp_path) == ["downloads/from-lines-to-labels.epub"]
    text = page.read_text("utf-8")
    assert text.count('href="../../downloads/from-lines-to-labels.epub"') == 1
    assert "2.3 MB" in text
    assert (tmp_path / "html/downloads/from-lines-to-labels.epub").is_file()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_figure_can_be_saved_as_svg(site, visit, theme):
    """As it stands, on its own: the colors of paper, words, and the license; also what moves."""
    with visit(f"{site}/{FRAMES}.html", color_scheme=theme) as page:
        page.evaluate("turn(false)")
        for kind in (".panels", ".explore"):
            output = page.locator(f".cell_output:has({kind}):has(> .save-svg)").first
            output.scroll_into_view_if_needed()
            output.hover()
            with page.expect_download() as saved:
                output.locator("> .save-svg").click()
            text = Path(saved.value.path()).read_text("utf-8")
            drawing = ElementTree.fromstring(text)
            assert drawing.find("{http://www.w3.org/2000/svg}title").text
            assert "https://creativecommons.org/licenses/by/4.0/" in text
            assert not re.search(r"var\(|color-mix|currentcolor|class=", text, re.I)
            assert "rgb(34, 38, 43)" in text, "ink"
        assert page.evaluate("document.documentElement.dataset.theme") == theme
