"""The built site holds no solution, model answer or hidden test of the homework, in whatever markup."""

import html
import json
import re

import pytest
from secret import hidden_sources, leaked, secrets

from homework.grader import sheets
from tools.browser import HTML

pytestmark = pytest.mark.xdist_group("leaks")


def text_of(path) -> str:
    """The text of a file, without markup and without pictures, which are long and hold no text."""
    text = path.read_bytes().decode("utf-8", "ignore")
    if path.suffix == ".ipynb":
        text = "\n".join(map(sheets.text, json.loads(text)["cells"]))
    text = re.sub(r"[A-Za-z0-9+/=\\]{300,}", "", text)
    if path.suffix == ".html":
        text = html.unescape(re.sub(r"(?s)<script.*?</script>|<[^>]*>", "", text))
    return text


def test_the_site_holds_no_solution_and_no_hidden_test(site):
    kinds = {".html", ".json", ".ipynb", ".md", ".txt", ".py", ".xml", ""}
    files = [path for path in HTML.rglob("*") if path.is_file() and path.suffix in kinds]
    found = {path: leaked(text_of(path)) for path in [*files, HTML / "_static/search-texts.js"]}
    assert len(found) > 30
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_a_solution_is_found_in_any_markup(tmp_path):
    """The search itself: it knows each solution, hidden test and known answer, as HTML and as a notebook."""
    for name in sheets.names():
        master = sheets.read(name)
        (tmp_path / "master.ipynb").write_text(json.dumps(master.notebook))
        for source in hidden_sources(master):
            (tmp_path / "hidden.txt").write_text(source)
            assert len(leaked(text_of(tmp_path / "hidden.txt"))) > 5
        assert len(leaked(text_of(tmp_path / "master.ipynb"))) > 20
        checks = [cell for cell in master.checks.values() if sheets.HIDDEN_TESTS.search(sheets.text(cell))]
        assert len(checks) == len(master.answers)
        for cell in [*master.answers.values(), *master.words.values(), *checks]:
            source = sheets.text(cell)
            marked = "<pre>" + re.sub(r"(\w+)", r'<span class="n">\1</span>', html.escape(source)) + "</pre>"
            (tmp_path / "page.html").write_text(marked)
            assert leaked(text_of(tmp_path / "page.html")) & secrets(name), source
