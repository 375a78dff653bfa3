"""The site under a strict policy, in a frame that may only run scripts, and behind a Jupyter server's
/files/."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from itertools import product

import pytest
from test_every_browser import POLICY

from tools.browser import HTML, READY, page_names, serve

pytestmark = pytest.mark.xdist_group("embedded")
LESSON = "book/linear-regression/from-scratch.html"  # predictions, frames
PLAYGROUND = "book/softmax-from-scratch/playground.html"
KINDS = {}  # a page with each kind of figure
for name in page_names():
    for kind in re.findall(r"<explore-([\w-]+)", (HTML / name).read_text("utf-8")):
        KINDS.setdefault(kind, name)
KINDS.pop("playground", None)
NOWHERE = "This browser keeps nothing here"


@contextmanager
def opened(browser, url, wrong):
    """Open an address in a new browser and yield the page; what goes wrong is added to a list."""
    context = browser.new_context(viewport={"width": 1300, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.on("console", lambda message: message.type in ("error", "warning") and wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(url)
    yield page
    context.close()


def use(frame, *, kind=None):
    """Do on a page, or in a frame, what readers do: see the formulas, move each figure, guess, train."""
    assert frame.evaluate(READY) > 0
    seen = """[...document.querySelectorAll(".math > mjx-container")].filter((e) => e.checkVisibility())
      .every((e) => e.offsetWidth > 2 && e.offsetHeight > 2)"""
    assert frame.evaluate(seen)
    if frame.locator("predict-first").count():
        box = frame.locator(".admonition.asking").first
        name = box.get_attribute("id")
        box = frame.locator(f"[id='{name}']")
        first = box.locator(".answer input").first
        first.press("Space" if first.get_attribute("type") == "radio" else "ArrowRight")
        box.get_by_role("button", name="Commit").press("Enter")
        assert re.match("You said|Right:", box.get_by_role("status").inner_text())
    if frame.locator("check-yourself").count():
        question = frame.locator(".admonition.question").first
        question.locator(".answer input").first.press("Space")
        question.get_by_role("button", name="Check", exact=True).press("Enter")
        assert question.get_by_role("status").inner_text()
    frame.evaluate("turn(false)")
    if kind:
        move(frame, kind)


def move(frame, kind):
    """Move a figure of a kind by keyboard, and see that it changes."""
    drawn = """e => [...e.getRootNode().querySelectorAll("img, svg, canvas")]
      .map((e) => e.src || e.toDataURL?.() || e.innerHTML).join("|")"""
    figure = frame.locator(f"article explore-{kind}").first
    for step in figure.get_by_role("button", name="Step", exact=True).all():
        step.press("Enter")
    controls = [*figure.get_by_role("slider").all(), *figure.get_by_role("button").all()]
    assert controls, f"{kind} is not in view"
    for control, key in product(controls, ("ArrowRight", "ArrowLeft", "ArrowLeft", "End", "Enter")):
        before = control.evaluate(drawn)
        control.press(key)
        frame.wait_for_timeout(50)
        if control.evaluate(drawn) != before:
            return
    pytest.fail(f"{kind}: nothing moves")


def train(frame):
    frame.locator("explore-playground").get_by_role("button", name="Step", exact=True).press("Enter")
    for _ in range(300):  # wait_for_function compiles its text, which a strict policy forbids
        if frame.evaluate("document.querySelector('explore-playground').steps"):
            return
        frame.wait_for_timeout(100)
    pytest.fail("no step is taken")


def search(frame):
    """Search as readers do, from a page to the results."""
    frame.evaluate("document.querySelector('.search-button__button').click()")
    field = frame.locator("dialog input[name=q], #pst-search-dialog input[name=q]").first
    field.fill("交叉熵")
    field.press("Enter")
    frame.wait_for_url("**/search.html?q=*")
    frame.locator("ul.search li a").first.wait_for()


# ── a strict policy ──


@pytest.fixture(scope="module")
def strict():
    with serve(prefix="/lines", headers=[("Content-Security-Policy", POLICY)]) as base:
        yield base


@pytest.mark.parametrize("kind", KINDS)
def test_under_a_strict_policy_figures_move(kind, strict, browser):
    wrong = []
    with opened(browser, f"{strict}/{KINDS[kind]}", wrong) as page:
        use(page, kind=kind)
    assert wrong == []


def test_under_a_strict_policy_the_playground_trains_in_its_worker(strict, browser):
    wrong = []
    with opened(browser, f"{strict}/{PLAYGROUND}", wrong) as page:
        train(page)
        assert len(page.workers) == 1
    assert wrong == []


def test_under_a_strict_policy_one_searches_and_keeps_answers(strict, browser):
    wrong = []
    with opened(browser, f"{strict}/{LESSON}", wrong) as page:
        use(page)
        assert page.evaluate("answers.trouble") == ""
        search(page)
    assert wrong == []


# ── a frame that may only run scripts, of another origin than all others ──


@pytest.fixture(scope="module")
def framed(tmp_path_factory, browser):
    """Return a function that opens a page of the site within a page of a learning platform."""
    platform = tmp_path_factory.mktemp("platform")

    @contextmanager
    def show(name, wrong):
        frame = f'<iframe sandbox="allow-scripts" width="1200" height="800" src="{base}/{name}"></iframe>'
        unit = name.replace("/", "-")  # the server reads a file once
        (platform / unit).write_text(f"<!doctype html><title>Course</title>{frame}")
        with opened(browser, f"{course}/{unit}", wrong) as page:
            yield page.frames[1]

    with serve(prefix="/lines") as base, serve(platform) as course:
        yield show


# Fonts that are files need a host that shares them with all origins, as GitHub Pages does; without it the
# browser's own are used.
FONTS = re.compile(r"font|net::ERR_FAILED", re.I)


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_sandboxed_frame_figures_and_text_are_whole(kind, framed):
    wrong = []
    with framed(KINDS[kind], wrong) as frame:
        use(frame, kind=kind)
        if frame.locator(".admonition.answered").count():
            assert NOWHERE in frame.locator(".admonition.answered").first.inner_text()
    assert [text for text in wrong if not FONTS.search(text)] == []


def test_in_a_sandboxed_frame_the_playground_trains(framed):
    wrong = []
    with framed(PLAYGROUND, wrong) as frame:
        train(frame)
    assert [text for text in wrong if not FONTS.search(text)] == []


def test_in_a_sandboxed_frame_one_searches_and_says_what_is_not_kept(framed):
    wrong = []
    with framed("book/your-book.html", wrong) as frame:
        assert NOWHERE in frame.locator("your-book").inner_text()
        search(frame)
    assert [text for text in wrong if not FONTS.search(text)] == []


# ── behind a Jupyter server ──


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """Start a server as `make lab` does, with a token, whose folder is the site; yield its address."""
    home = tmp_path_factory.mktemp("jupyter")
    options = [
        "--no-browser",
        "--port=0",
        "--allow-root",
        f"--ServerApp.root_dir={HTML}",
        "--ServerApp.token=secret",
    ]
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTER_RUNTIME_DIR": str(home),
    }
    command = [sys.executable, "-m", "jupyter_server", *options]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    until = time.monotonic() + 60
    while not (found := re.search(r"http://127\.0\.0\.1:\d+", (home / "log").read_text())):
        assert time.monotonic() < until, (home / "log").read_text()
        time.sleep(0.2)
    yield found[0]
    server.terminate()
    server.wait(20)


def address(jupyter, name):
    """Return where a page is."""
    return f"{jupyter}/files/{name}?token=secret"


def test_behind_a_jupyter_server_it_is_in_a_sandbox(jupyter):
    with urllib.request.urlopen(address(jupyter, "index.html")) as answer:
        assert "sandbox allow-scripts" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("kind", ["squares", "frames", "descent"])
def test_behind_a_jupyter_server_the_text_is_there_and_figures_move(kind, jupyter, browser):
    """A sandboxed page is given nothing but itself, and says so; its figures stand in it."""
    with opened(browser, address(jupyter, KINDS[kind]), []) as page:
        assert page.get_by_role("alert").inner_text().startswith("The style and the scripts of this page")
        assert page.locator("main h1").first.is_visible()
        move(page, kind)
