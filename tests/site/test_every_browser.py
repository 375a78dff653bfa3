"""Every page in Firefox and in WebKit, Safari's engine; Chromium has the deep tests of the other files.

The site is served with a strict policy, so that a request to another host is an error that the page tells.
A browser that this machine does not have is skipped, in one sentence.
"""

import io
import os
from pathlib import Path
from urllib.parse import quote

import pypdf
import pytest

from tools import drivers
from tools.browser import AXE, FAULTS, HTML, page_names, serve

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; worker-src blob:"
)
PLAYGROUND = "book/softmax-from-scratch/playground.html"
LESSON = "book/linear-regression/from-scratch.html"
NAMES = page_names() or ["index.html"]

SCRIPT = Path(__file__).with_name("sweep.js").read_text("utf-8")


def caught(page):
    """Return a page's bytes with that script."""
    return page.replace(b"<head>", f"<head><script>{SCRIPT}</script>".encode(), 1)


def with_marks(function):
    """Give a test each page, and each browser by turns; the tests of one browser stay in one process."""
    kinds = [drivers.Firefox, drivers.WebKit]
    marked = [pytest.param(kind, marks=pytest.mark.xdist_group(kind.name), id=kind.name) for kind in kinds]
    return pytest.mark.parametrize("driven", marked, indirect=True)(function)


@pytest.fixture(scope="module")
def driven(request):
    """Yield a running browser of a kind."""
    if missing := drivers.missing(request.param):
        pytest.skip(missing)
    browser = request.param()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def strict():
    """Serve the site below a path, under the policy, and yield its address."""
    with serve(
        prefix="/from-lines-to-labels", headers=[("Content-Security-Policy", POLICY)], edit=caught
    ) as base:
        yield base


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of the site, to be opened as files, whose pages say what goes wrong."""
    folder = tmp_path_factory.mktemp("copy")
    for path in HTML.rglob("*"):
        there = folder / path.relative_to(HTML)
        if path.is_dir():
            there.mkdir(exist_ok=True)
        elif path.suffix == ".html":
            there.write_bytes(caught(path.read_bytes()))
        else:
            os.link(path, there) if there.parent.stat().st_dev == path.stat().st_dev else there.write_bytes(
                path.read_bytes()
            )
    return folder


LOOK = "(home) => sweep.look(home)"
FINE = {"wrong": [], "outside": [], "undrawn": 0, "untypeset": 0, "unseen": 0, "wide": 0}


@pytest.mark.parametrize("name", NAMES)
@with_marks
def test_a_page_is_whole_and_answers(driven, name, strict):
    """At two widths: nothing goes wrong or overflows, figures move, a guess is taken, the dark is dark."""
    driven.resize(1280, 900)
    driven.open(f"{strict}/{name}")
    home = strict.rsplit("/", 1)[0]
    assert driven.run(LOOK, home) == FINE
    moved = {}
    for k in range(driven.run("() => sweep.begin()")):
        assert driven.run("(k) => sweep.focus(k)", k), f"figure {k} takes no focus"
        for key in ("ArrowRight", "ArrowLeft", "ArrowLeft", "PageUp", "Home", "End"):
            driven.press(key)
            moved[k] = driven.run("(k) => sweep.moved(k)", k)
            if moved[k] is True:
                break
    assert {k: found for k, found in moved.items() if found is not True} == {}
    if driven.run("() => sweep.asked()"):
        driven.press("ArrowRight")
        driven.run("() => sweep.commit()")
        driven.press("Enter")
        answered, said = driven.run("() => sweep.answered()")
        assert answered, said
        assert said.startswith(("You said", "Right:")), said
    paper, ink = driven.run("() => sweep.dark()")
    assert paper < 60, "the page stays light"
    assert ink > 150, "letters stay dark"
    driven.resize(400, 800)
    assert driven.run(LOOK, home) == FINE


@pytest.mark.parametrize("name", NAMES)
@with_marks
def test_a_page_opened_as_a_file_is_whole(driven, name, copy):
    """A downloaded copy, by double click. (What files are asked for is not listed in all browsers.)"""
    driven.resize(1280, 900)
    driven.open((copy / name).as_uri())
    assert driven.run(LOOK, copy.as_uri()) == FINE


@pytest.mark.parametrize("where", ["served", "file"])
@with_marks
def test_the_playground_trains(driven, where, strict, copy):
    """Its images come, and a step is taken, by the worker or without one."""
    driven.resize(1280, 900)
    driven.open(f"{strict}/{PLAYGROUND}" if where == "served" else (copy / PLAYGROUND).as_uri())
    driven.run("() => sweep.step()")
    driven.press("Enter")
    for _ in range(4):  # a script may take only so long, and the images may take longer
        if "Step 1, epoch" in (said := driven.run("() => sweep.trained()")):
            break
    assert "Step 1, epoch" in said
    assert driven.run("() => wrong") == []


@with_marks
def test_search_finds(driven, strict):
    driven.open(f"{strict}/search.html?q={quote('交叉熵')}")
    assert driven.run("() => sweep.found()").startswith("book/reference/glossary.html#")
    assert driven.run("() => wrong") == []


@with_marks
def test_the_mode_is_the_readers(driven, strict):
    """The button leads from the system's mode to light and dark, and the next page keeps what was chosen."""
    driven.resize(1280, 900)
    driven.open(f"{strict}/{LESSON}")
    modes = ["light"]
    while modes[-1] != "dark" and len(modes) < 5:
        modes.append(driven.run("() => sweep.mode()"))
    assert modes[-1] == "dark"
    driven.open(f"{strict}/index.html")
    assert driven.run("() => document.documentElement.dataset.theme") == "dark"
    while driven.run("() => sweep.mode()") == "dark":
        pass


@with_marks
def test_accessible(driven, strict):
    """axe-core finds nothing here, as in Chromium, where each page is held against it."""
    driven.open(f"{strict}/{LESSON}")
    driven.run(f"() => {{ {AXE.read_text('utf-8')} }}")
    assert driven.run(FAULTS, [None, {}]) == []


@pytest.mark.parametrize("name", ["index.html", LESSON, PLAYGROUND])
@with_marks
def test_a_page_can_be_printed(driven, name, strict):
    """From the title to the last paragraph."""
    if driven.pdf is None:
        pytest.skip("WebKit's driver prints nothing")
    driven.open(f"{strict}/{name}")
    sheets = pypdf.PdfReader(io.BytesIO(driven.pdf())).pages
    text = " ".join(" ".join(sheet.extract_text() for sheet in sheets).split())
    assert [words for words in driven.run("() => sweep.ends()") if words not in text] == []
