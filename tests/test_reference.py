"""The reference pages hold what the lessons and `utils` hold: each symbol, source and public name."""

import dataclasses
import importlib
import inspect
import json
import re
from datetime import datetime
from pathlib import Path

import pytest
import reference
from sphinx.errors import ExtensionError

from tools import contents, lock, tree

pytestmark = pytest.mark.no_cover  # it is the book that is read here

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "book/reference"


def lesson_text(path):
    """Return a notebook's Markdown without its exercises, which may bring letters of their own."""
    cells = json.loads((ROOT / path).read_text())["cells"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return re.sub(r"^## Exercises.*?(?=^## )", "", text, flags=re.M | re.S)


PAGES = [ROOT / f"{name}.ipynb" for name in contents.pages()]
LESSONS = {  # in the order of the contents: those that say how many minutes they take
    path.stem: lesson_text(path)
    for path in PAGES
    if path.is_file() and re.search(r"^- \*\*Time\*\* \d+ minutes\.$", lesson_text(path), re.M)
}


def linked(text, page):
    """Return the lessons that a piece of a page links by reference, as in [Train][train]."""
    targets = dict(re.findall(r"^\[(\w+)\]: \.\./\S+/(\S+)\.ipynb$", page, re.M))
    return [targets[key] for key in re.findall(r"\]\[(\w+)\]", text)]


def test_every_lesson_is_found():
    """Else the tests below would pass on nothing."""
    assert len(LESSONS) >= 17
    assert next(iter(LESSONS)) == "a-line-through-points"


# ── notation ──

OPERATORS = r"\\(?:text|operatorname|mathrm|begin|end)\{[^}]*\}"
LETTERS = r"\\(?:hat|mathbf|mathcal|mathbb)\s*\{?\s*\w|\\[a-zA-Z]+|[a-zA-Z]"
# TeX that is no letter: functions, relations, spaces and what only sets a formula.
COMMANDS = re.compile(
    r"\\(approx|[bB]ig[lr]?|bar|boxed|cdot|cos|d?dots|exp|t?frac|ge|in|infty|iff|le|ldots|left(arrow)?|log|[lr][vV]ert"
    r"|max|min|ne|nabla|overline|partial|pi|pm|prod|q?quad|right|sim|sin|sqrt|sum|times|to|top|underbrace)"
)


def symbols(text):
    """Return the letters that the formulas of a text use, such as {"x", r"\\eta", r"\\mathbf{y"}."""
    text = re.sub(r"`[^`\n]*`", "", text).replace("ε", r"$\varepsilon$")
    formulas = [a or b for a, b in re.findall(r"\$\$(.*?)\$\$|\$([^$\n]+)\$", text, re.S)]
    found = re.findall(LETTERS, re.sub(OPERATORS, " ", " ".join(formulas)))
    return {re.sub(r"[\s{]+", "{", letter) for letter in found if not COMMANDS.fullmatch(letter)}


def notation():
    """Return [(symbols, lesson)], a pair for each row of the tables of notation.md."""
    page = (REFERENCE / "notation.md").read_text()
    rows = re.findall(r"^\| (.+?) \| .+ \| (\[.+\]\[\w+\]) \|$", page, re.M)
    return [(symbols(symbol), linked(link, page)[0]) for symbol, link in rows]


def test_every_symbol_is_in_the_notation():
    """Whoever meets a letter in a lesson can look it up."""
    known = set().union(*(letters for letters, _ in notation()))
    for name, text in LESSONS.items():
        assert symbols(text) <= known, f"{name}: add {sorted(symbols(text) - known)} to notation.md"


def test_the_notation_names_the_first_lesson():
    """A symbol's lesson uses it, and of all its meanings the earliest stands where the book first has it."""
    order, rows = list(LESSONS), notation()
    for letters, lesson in rows:
        assert letters <= symbols(LESSONS[lesson]), f"{letters}: not in {lesson}"
    for letter in set().union(*(letters for letters, _ in rows)):
        named = min(order.index(lesson) for letters, lesson in rows if letter in letters)
        first = next(k for k, text in enumerate(LESSONS.values()) if letter in symbols(text))
        assert named == first, f"{letter}: first in {order[first]}, not in {order[named]}"


# ── glossary ──


def test_glossary_entries_are_complete():
    """Each has its definition, both other languages, marked for screen readers, and a lesson that uses it."""
    page = (REFERENCE / "glossary.md").read_text()
    blocks = re.findall(r"^```\{glossary\}\n(.*?)^```$", page, re.M | re.S)
    entries = [entry.split("\n", 1) for entry in re.split(r"\n(?=\S)", "".join(blocks).strip())]
    terms = [term for term, _ in entries]
    assert len(terms) >= 50
    assert terms == sorted(terms, key=str.lower)
    for term, text in entries:
        form = (
            r"  .+[.)]\n\n"
            r'  <span lang="zh">.+</span> · <span lang="ko">[^a-z].+</span> · \[.+\]\[\w+\]'
        )
        assert re.fullmatch(form, text.strip("\n")), f"{term}: {text}"
        [lesson] = linked(text, page)
        plain = LESSONS[lesson].lower().replace("*", "")
        for word in re.findall(r"\w+", term.lower()):
            assert word[:5] in plain, f"{lesson} does not speak of {term}"


# ── sources ──


def test_sources_are_complete():
    """Each source of a lesson is listed with exactly the lessons that name it, and no other source is."""
    link = r"\]\((https?://[^)]+)\)"
    wanted = {}
    for name, text in LESSONS.items():
        for url in re.findall(link, text.split("\n## Sources\n")[1]):
            wanted.setdefault(url, set()).add(name)
    page = (REFERENCE / "sources.md").read_text()
    found = {url: set(linked(rest, page)) for url, rest in re.findall(link + "(.*)", page)}
    assert found == wanted


def test_sources_without_a_link_are_listed():
    """A book on paper is a source, too."""
    page = (REFERENCE / "sources.md").read_text()
    for text in LESSONS.values():
        for line in text.split("\n## Sources\n")[1].splitlines():
            if line.startswith("- ") and "](" not in line:
                assert re.search(r"\*.+?\*", line)[0] in page, line


# ── the interface of utils ──


def public():
    """Return each public function and class of `utils`, but for errors."""
    modules = [
        importlib.import_module(f"utils.{name}") for name in ("data", "training", "plotting", "explore")
    ]
    return [
        pytest.param(thing, id=f"{module.__name__}.{name}")
        for module in modules
        for name, thing in vars(module).items()
        if getattr(thing, "__module__", "") == module.__name__ and not name.startswith("_")
        if not (inspect.isclass(thing) and issubclass(thing, Exception))
    ]


@pytest.mark.parametrize("thing", public())
def test_docstrings_say_what_the_reference_needs(thing):
    """The lesson, and each argument; of a dataclass, which readers do not make, each field."""
    text = inspect.getdoc(thing)
    assert ":doc:" in reference.link_lessons(text), 'name a lesson, as in (lesson "Train")'
    if inspect.isfunction(thing) or "__init__" in vars(thing):  # its own arguments, not those of a base class
        for name in inspect.signature(thing).parameters:
            form = rf"`{name}`" if dataclasses.is_dataclass(thing) else rf"^ +{name}: "
            assert name.startswith("_") or re.search(form, text, re.M), f"describe {name}"


def test_lessons_of_docstrings_become_links():
    """Also where a line ends within the name; code becomes code."""
    text = reference.link_lessons('Train with `fit` (lesson "What it\n    learned").')
    assert (
        text
        == "Train with ``fit`` (lesson :doc:`What it learned </book/softmax-from-scratch/what-it-learned>`)."
    )


def test_a_lesson_that_does_not_exist_stops_the_build():
    """The message names it."""
    with pytest.raises(ExtensionError, match=r'the lesson "Nowhere", which 0 notebooks are'):
        reference.link_lessons('See the lesson "Nowhere".')


# ── pages about other software ──


def test_what_the_page_on_d2l_offers_exists():
    """Each helper that it names, in the module that it names."""
    named = re.findall(r"utils\.(\w+)\.(\w+)", (REFERENCE / "coming-from-d2l.md").read_text("utf-8"))
    assert len(named) >= 7
    for module, name in named:
        assert hasattr(importlib.import_module(f"utils.{module}"), name), f"utils.{module}.{name}"


def test_the_page_on_gpus_is_about_the_locks_torch():
    text = (REFERENCE / "which-pytorch.md").read_text("utf-8")
    assert set(re.findall(r"\b2\.\d+\.\d+", text)) == {lock.pins()["torch"]}


# ── lessons at a glance ──


def test_the_last_run_is_that_of_the_executed_notebook(monkeypatch, tmp_path):
    """When it was, and how long it took."""
    about = {"executed": datetime(2026, 11, 7, 12).timestamp(), "seconds": 9.6}
    (tmp_path / "lesson.ipynb").write_text(json.dumps({"metadata": {tree.KEY: about}}))
    monkeypatch.setattr(tree, "EXECUTED", tmp_path)
    assert reference.last_run("lesson") == ["7 Nov 2026", "10 s"]


def test_opening_reads_the_first_cell():
    """Minutes and hardware, as a reader sees them."""
    about = reference.opening(ROOT / "book/linear-regression/from-scratch.ipynb")
    assert about["Time"] == "30 minutes."
    assert about["Hardware"].startswith("any laptop;")


def test_a_chapters_page_says_how_long_its_lessons_take():
    for chapter in (page for page in contents.pages().values() if page.number and page.name == page.chapter):
        lessons = [page for page in contents.pages().values() if page.chapter == chapter.name and page.lesson]
        minutes = [
            int(reference.opening(ROOT / f"{one.name}.ipynb")["Time"].split(" ")[0]) for one in lessons
        ]
        count = ["three", "four", "five", "six", "seven", "eight", "nine"][len(lessons) - 3]
        said = f"- **Time** {sum(minutes)} minutes, in {count} lessons."
        assert said in (ROOT / f"{chapter.name}.md").read_text("utf-8")


def test_the_front_page_says_how_long_the_lessons_take():
    """All of them, in words, and the first."""
    minutes = [int(re.search(r"\*\*Time\*\* (\d+) minutes", text)[1]) for text in LESSONS.values()]
    words = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"][round(sum(minutes) / 60) - 10]
    front = (ROOT / "index.md").read_text("utf-8")
    assert f"take about {words} hours" in front, f"{sum(minutes)} minutes"
    assert f".ipynb) {minutes[0]} minutes\n" in front
