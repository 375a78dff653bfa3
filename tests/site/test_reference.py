"""The generated parts of the reference pages, as they are on the site."""

import importlib
import inspect
import re

import pytest

from tools import contents
from tools.browser import HTML

# Constants that only their own module uses: utils.md leaves them out.
INTERNAL = {
    *("utils.data.DEBIAN_PACKAGE", "utils.data.MD5", "utils.plotting.LABELS"),
}


def public(module):
    """Yield the names of a module's functions, classes, their methods, and constants."""
    offered = getattr(module, "__all__", None)  # of a package
    for name, thing in vars(module).items():
        constant = name.isupper() and not inspect.isclass(thing)
        own = constant or getattr(thing, "__module__", "") == module.__name__
        if name in offered if offered else own and not name.startswith("_"):
            yield f"{module.__name__}.{name}"
            if inspect.isclass(thing):
                methods = [key for key, value in vars(thing).items() if inspect.isfunction(value)]
                yield from (f"{module.__name__}.{name}.{m}" for m in methods if not m.startswith("_"))


@pytest.mark.parametrize("module", ["data", "training", "plotting", "explore"])
def test_every_public_name_is_in_the_reference(module, site):
    """Each can be linked, and has a text."""
    html = (HTML / "book/reference/utils.html").read_text()
    entries = dict(re.findall(r'<dt class="sig[^>]* id="(utils[\w.]+)">.*?</dt>\s*<dd>(.{4})', html, re.S))
    for name in {*public(importlib.import_module(f"utils.{module}"))} - INTERNAL:
        assert entries.get(name, "").startswith("<p>"), f"{name} needs a docstring, or a comment with #:"


def test_docstrings_are_set_as_text(visit, site):
    """No mark of the docstrings' own is left, and lessons are links."""
    with visit(f"{site}/book/reference/utils.html") as page:
        text = page.locator("article").inner_text()
        assert "`" not in text
        assert "Args:" not in text
        assert "Return type" not in text, "Returns: takes no colon in its first line"
        assert (
            page.locator(
                'article a[href$="/train.html"]', has_text=re.compile("^Training from scratch$")
            ).count()
            >= 3
        )


def test_lessons_at_a_glance(visit, site):
    """Each lesson of the contents has its row: a link, minutes, hardware, and when and how long it ran."""
    with visit(f"{site}/book/reference/lessons.html") as page:
        assert re.search(r"\d+ processor cores and PyTorch \d", page.locator("article").inner_text())
        rows = page.eval_on_selector_all(
            "article tbody tr",
            "rows => rows.map(r => [r.querySelector('a').href, ...[...r.cells].map(c => c.innerText)])",
        )
    shown = {link.removeprefix(f"{site}/").removesuffix(".html"): cells for link, *cells in rows}
    assert list(shown) == [page.name for page in contents.pages().values() if page.lesson]
    for name, (about, minutes, date, seconds) in shown.items():
        assert re.search(r"laptop", about), name
        assert re.fullmatch(r"[1-9]\d minutes", minutes), name
        assert re.fullmatch(r"\d{1,2} [A-Z][a-z]{2} 20\d\d", date), name
        assert re.fullmatch(r"\d+ s", seconds), name
