"""One server a worker; each page is loaded once and looked at by many tests."""

from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tools.browser import HTML, READY, serve


@pytest.fixture(scope="session")
def site():
    """Serve the built site below a path, as GitHub Pages does, and yield its address."""
    if not (HTML / "index.html").is_file():
        pytest.fail(f"no site in {HTML}: run make site first", pytrace=False)
    with serve(prefix="/from-lines-to-labels") as base:
        yield base


@pytest.fixture(scope="session")
def visit(browser):
    """Return a function that opens a page, waits until it is usable, and notes all that goes wrong."""

    @contextmanager
    def load(url, **options):
        # Less motion: nothing is caught half-way, in color or in place.
        options = {"viewport": {"width": 1300, "height": 900}, "reduced_motion": "reduce"} | options
        context = browser.new_context(**options)
        page = context.new_page()
        page.problems = []
        note = page.problems.append
        home = "{0.scheme}://{0.netloc}/".format(urlsplit(url))

        def guard(route):
            if route.request.url.startswith((home, "data:", "blob:")):
                route.continue_()
            else:
                note(f"asks another host: {route.request.url}")
                route.abort()

        page.route("**/*", guard)
        page.on("console", lambda message: message.type == "error" and note(f"console: {message.text}"))
        page.on("pageerror", lambda error: note(f"error: {error}"))
        page.on("response", lambda answer: answer.status >= 400 and note(f"{answer.status}: {answer.url}"))
        page.on("requestfailed", lambda request: note(f"failed: {request.url}"))
        page.goto(url)
        if options.get("java_script_enabled", True):
            page.evaluate(READY)
        yield page
        context.close()

    return load
