"""The rules of a lesson (CONTRIBUTING.md), each held against every notebook of the book.

A rule is a function that yields a complaint for whatever it finds, and each complaint says what to do. Every
rule is itself tested: the template passes it, and a template broken on purpose does not.
"""

from __future__ import annotations

import ast
import copy
import math
import re
from functools import cached_property
from pathlib import Path

import nbformat
import pytest
import yaml
from IPython.core.inputtransformer2 import TransformerManager

from tools import notebooks

pytestmark = pytest.mark.no_cover  # it is the book that is read here

ROOT = Path(__file__).parents[1]
# The homework sheets have a form of their own: homework/grader/sheets.py.
NOTEBOOKS = sorted(
    p for p in (ROOT / "book").rglob("*.ipynb") if not {".ipynb_checkpoints", "homework"} & set(p.parts[-3:])
)
TEMPLATE = ROOT / "book" / "template.ipynb"
SECTIONS = ["Summary", "Check yourself", "Exercises", "Where next", "Sources"]
OPENING = ["**You will**", "**You need**", "**Time**", "**Hardware**"]
TAGS = {"setup", "claim", "keep_output", "nbval-check-output", "raises-exception"} | {
    f"{verb}-{part}" for verb in ("hide", "remove") for part in ("input", "output", "cell")
}
HTML = {"details", "summary", "code", "img", "br", "sub", "sup", "kbd"}
CLAIM = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.Assert, ast.FunctionDef)

# ── reading a notebook ──


class Lesson:
    """A notebook and the parts of it that rules look at."""

    def __init__(self, notebook, name="template", chapter=""):
        self.notebook, self.name, self.chapter = notebook, name, chapter
        self.cells = notebook.cells
        self.code = [cell for cell in self.cells if cell.cell_type == "code"]
        self.markdown = [cell.source for cell in self.cells if cell.cell_type == "markdown"]

    @classmethod
    def read(cls, path):
        return cls(nbformat.read(path, as_version=4), path.stem, path.parent.name)

    @property
    def is_lesson(self):
        return self.name not in {"solutions", "measurements", "d2l-programs"}

    @cached_property
    def text(self):
        """All Markdown, without code."""
        return without_code("\n\n".join(self.markdown))

    @cached_property
    def title(self):
        return next((title for level, title, _ in sections(self.text) if level == 1), "")

    def section(self, title):
        """The text under a second-level heading, its own subheadings included."""
        return next(
            (body for level, name, body in sections(self.text, 2) if name == title and level == 2), ""
        )

    @cached_property
    def constants(self):
        """The numbers that stand in the code."""
        nodes = [node for cell in self.code for node in ast.walk(parse(cell.source))]
        values = [node.value for node in nodes if isinstance(node, ast.Constant)]
        return {abs(value) for value in values if type(value) in (int, float)}

    @cached_property
    def printed(self):
        """The numbers in outputs that are kept, and so compared at every test."""
        outputs = [output for cell in self.code if "keep_output" in tags(cell) for output in cell.outputs]
        texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
        return {float(number) for number in re.findall(r"\d*\.?\d+(?:e[-+]?\d+)?", " ".join(texts))}


def tags(cell):
    return set(cell.metadata.get("tags", []))


def parse(source):
    """Parse a code cell, magics included; one that is no Python counts as empty (its run will fail)."""
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return ast.Module([], [])


def calls(source):
    """The names called in a cell, in full: "plt.plot", "open_test" as "data.open_test"."""
    return [ast.unparse(node.func) for node in ast.walk(parse(source)) if isinstance(node, ast.Call)]


def without_code(text):
    """Replace fenced blocks, code spans and <code> by nothing, but leave roles and directives visible."""
    text = re.sub(r"^( *> *| *)(```+|~~~+)(?!\{)[^\n]*\n.*?^\1\2 *$", "", text, flags=re.M | re.S)
    text = re.sub(r"(?<!`)(\{[\w:-]+\})?(`+)(?!`)(.+?)(?<!`)\2(?!`)", lambda m: m[0] if m[1] else "", text)
    return re.sub(r"<code>.*?</code>", "", text, flags=re.S)


def without_maths(text):
    return re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", "", text, flags=re.S)


def without_links(text):
    """Drop links with their text, pictures with theirs, and addresses: a title may hold any number."""
    return re.sub(r"!?\[[^\]]*\]\([^)]*\)|<?https?://[^\s>)]+>?", "", text)


def sections(text, deepest=6):
    """[(level, title, body)], the first for what stands before any heading."""
    parts = re.split(rf"^(#{{1,{deepest}}}) +(.+?) *#* *$", text, flags=re.M)
    return [(0, "", parts[0])] + [
        (len(marks), title, body)
        for marks, title, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    ]


def blockquotes(text):
    """The text of each blockquote, its marks removed."""
    return [
        re.sub(r"^ *> ?", "", quote, flags=re.M) for quote in re.findall(r"(?:^ *>.*\n?)+", text, flags=re.M)
    ]


def exercises(lesson):
    """[(number, text)]: list items "1. …" or headings "### 1. …" of the section "Exercises"."""
    parts = re.split(
        r"^(?:#+ +)?(?:\*\*)?(?:Exercise )?(\d+)(?:[.:]|$)", lesson.section("Exercises"), flags=re.M
    )
    return [(int(number), text) for number, text in zip(parts[1::2], parts[2::2], strict=True)]


# ── numbers in prose ──

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
NUMBER = re.compile(
    r"""(?<![\w.^])                                  # not within a word, a version or an exponent
    (?: (?: (\d+\.?\d*|\.\d+) \s*×\s* )? 10\^(-?\d+)  # 5.5 × 10^-42, or 10^-8
      | (\d{1,3}(?:[ ,]\d{3})+(?!\d)(?:\.\d+)?        # 50,000
         |\d*\.\d+|\d+) (?:e([-+]?\d+))?              # .83, 784, 5e-42
    ) \s*(%)?""",
    re.VERBOSE,
)


def numbers(text):
    """Yield each number that needs evidence, as (written, value, half a unit of its last place, percent).

    Those are decimals, percentages, powers of ten and integers of three digits or more: not "10 classes".
    """
    text = re.sub(r"\\[,;:! %]|[\u00a0\u2009\u202f~]", lambda m: "%" if m[0] == r"\%" else " ", text)
    text = text.replace("{,}", "").replace(r"\times", "×").replace(r"\cdot", "×").replace("·", "×")
    text = re.sub(r"10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "10^" + m[1].translate(SUPERSCRIPTS), text)
    text = re.sub(r"10\^\{([-−]?\d+)\}", r"10^\1", text).replace("−", "-")
    text = re.sub(r"\d+(?:\.\d+){2,}", "", text)  # versions
    for match in NUMBER.finditer(text):
        mantissa, power, plain, exponent, percent = match.groups()
        digits = re.sub("[ ,]", "", mantissa or plain or "1")
        scale = int(power or exponent or 0)
        if "." in digits or percent or power or exponent or len(digits) > 2:
            half_unit = 0.5 * 10.0 ** (scale - len(digits.partition(".")[2]))
            yield match[0].strip(), float(f"{digits}e{scale}"), half_unit, bool(percent)


def has_evidence(lesson, value, half_unit, percent):
    """Whether the number stands in the code as it is, or rounds one that a kept output prints."""
    readings = [(value, half_unit), (value / 100, half_unit / 100)][: 1 + percent]
    return any(
        any(math.isclose(value, constant, rel_tol=1e-9) for constant in lesson.constants)
        or any(abs(value - number) <= half_unit * (1 + 1e-9) for number in lesson.printed)
        for value, half_unit in readings
    )


# ── the rules ──

RULES = {}


def rule(*, of_solutions=True):
    """Register a rule: of every notebook, or of lessons only."""

    def register(function):
        RULES[function.__name__] = (function, of_solutions)
        return function

    return register


@rule()
def saved_as_the_book_is(lesson):
    yield from notebooks.complaints(lesson.notebook)


@rule()
def format_is_4_5(lesson):
    if notebooks.complaints(lesson.notebook):
        return  # which the rule above names
    ids = [cell.id for cell in lesson.cells]
    doubles = sorted({name for name in ids if ids.count(name) > 1})
    if doubles:
        yield f"give each cell its own id; these occur twice: {', '.join(doubles)}"
        return
    try:
        nbformat.validate(lesson.notebook)
    except nbformat.ValidationError as error:
        yield f"not a valid notebook: {error.args[0]}"


@rule()
def one_title_first(lesson):
    titles = [title for level, title, _ in sections(lesson.text) if level == 1]
    if len(titles) != 1 or not lesson.markdown or not lesson.cells[0].source.startswith("# "):
        yield f"start the first cell with the notebook's one '# ' heading (found {titles})"


@rule(of_solutions=False)
def opening_block(lesson):
    for name in OPENING:
        if name not in lesson.cells[0].source:
            yield f"say {name} … in the first cell, under the title"


def reading_minutes(lesson):
    """Words / 180, lines of code / 20, one for each prediction and each figure; exercises are not read."""
    parts = sections(lesson.text, 2)
    text = "\n".join(f"{title}\n{body}" for _, title, body in parts if title not in {"Exercises", "Sources"})
    shown = [cell for cell in lesson.code if not {"claim", "setup"} & set(tags(cell))]
    read = [cell for cell in shown if not {"hide-input", "remove-input"} & set(tags(cell))]
    lines = sum(bool(line.strip()) for cell in read for line in cell.source.splitlines())
    figures = sum("image" in cell.metadata.get("mystnb", {}) or "explore." in cell.source for cell in shown)
    guesses = text.count("**Predict first.**")
    return len(re.sub(r"\]\([^)]*\)", "]", text).split()) / 180 + lines / 20 + guesses + figures


@rule(of_solutions=False)
def stated_minutes(lesson):
    needed = 5 * math.ceil(reading_minutes(lesson) / 5)
    if f"**Time** {needed} minutes." not in lesson.cells[0].source:
        yield f"state the minutes that a reader needs: {needed} (from {reading_minutes(lesson):.1f})"


@rule()
def set_up_cell_second(lesson):
    if len(lesson.cells) < 2 or lesson.cells[1].source != SET_UP:
        yield "make the second cell a copy of the second cell of book/template.ipynb"


@rule()
def short_code_cells(lesson):
    for cell in lesson.code:
        lines, body = len(cell.source.splitlines()), parse(cell.source).body
        is_one = len(body) == 1 and isinstance(body[0], (ast.FunctionDef, ast.ClassDef))
        if not cell.source.strip():
            yield "remove the empty code cell"
        elif lines > (20 if is_one else 15):
            yield f"split this cell of {lines} lines (15 at most, 20 for one function): {first_line(cell)}"


@rule()
def plain_markdown(lesson):
    for cell in lesson.code:
        if "#@" in cell.source.replace(" ", ""):
            yield f"remove Colab's form syntax (#@…): {first_line(cell)}"
    for found in re.findall(
        r"^[ >]*(?:```+|~~~+)\{.*|\{[\w:-]+\}`[^`\n]+`|^[ >]*:::.*", lesson.text, flags=re.M
    ):
        yield f"say it without MyST, which shows raw on GitHub and in Colab: {found}"
    for name in re.findall(r"</?([a-zA-Z][\w-]*)(?:\s[^<>]*)?/?>", without_maths(lesson.text)):
        if name.lower() not in HTML:
            yield f"say it without <{name}>: HTML may be {', '.join(sorted(HTML))}"
    if "<!--" in lesson.text:
        yield "remove the HTML comment"


@rule()
def alt_text(lesson):
    for found in re.findall(r"!\[\s*\]\([^)]*\)", lesson.text):
        yield f"describe the picture between the brackets: {found}"
    for found in re.findall(r"<img\b[^>]*>", lesson.text):
        if not re.search(r"""\balt=(["'])\s*\S.*?\1""", found):
            yield f"give the picture an alt text: {found}"
    for cell in lesson.code:
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if draws(cell.source) and not alt.strip():
            yield f"say what the figure shows in metadata.mystnb.image.alt: {first_line(cell)}"


def draws(source):
    """Whether running the cell shows a figure; those of `explore` bring their own alt text."""
    run = [n for n in parse(source).body if not isinstance(n, ast.FunctionDef | ast.ClassDef)]
    names = [name for statement in run for name in calls(ast.unparse(statement))]
    if any(re.match(r"(utils\.)?explore\.", name) for name in names):
        return False
    return any(re.match(r"plt\.|(\w+\.)*(plot_\w+|show_images|LiveCurves)$", name) for name in names)


@rule()
def known_tags(lesson):
    for cell in lesson.cells:
        for tag in sorted(tags(cell) - TAGS):
            yield f"remove the tag {tag!r} or add it to TAGS in {Path(__file__).name}: {first_line(cell)}"


@rule()
def kept_outputs_are_compared(lesson):
    for cell in lesson.code:
        compared, kept = "nbval-check-output" in tags(cell), "keep_output" in tags(cell)
        if compared != kept:
            yield f"use the tags keep_output and nbval-check-output together: {first_line(cell)}"
        elif compared and not (cell.outputs and cell.execution_count):
            yield f"run this cell and save it: its output is compared, but none is stored: {first_line(cell)}"
        elif cell.outputs and not kept:
            yield f"run `make strip`, or tag the cell keep_output and nbval-check-output: {first_line(cell)}"


@rule()
def claims_only_assert(lesson):
    for cell in lesson.code:
        if "claim" not in tags(cell):
            continue
        body = parse(cell.source).body
        for statement in body:
            loop = (ast.For, ast.With) if isinstance(statement, (ast.For, ast.With)) else ()
            inner = (
                [node for node in ast.walk(statement) if isinstance(node, ast.stmt)] if loop else [statement]
            )
            for odd in (node for node in inner if not isinstance(node, CLAIM + loop)):
                yield f"keep claims to assignments, loops, functions and asserts, not: {ast.unparse(odd)}"
        asserts = [node for node in ast.walk(ast.Module(body, [])) if isinstance(node, ast.Assert)]
        if not asserts:
            yield f"assert something in this claim: {first_line(cell)}"
        for node in asserts:
            if node.msg is None:
                yield f"add a message, the claim in words: {ast.unparse(node)}"


@rule()
def numbers_have_evidence(lesson):
    for _, title, body in sections(lesson.text, 2):
        if title in ("Exercises", "Sources"):
            continue
        body = re.sub(r"^> [-*] .+$", "", body, flags=re.M)  # choices, most of which are wrong on purpose
        text = re.sub(r"<[^<>]*>", " ", without_links(f"{title}\n{body}"))
        for written, *number in numbers(text):
            if not has_evidence(lesson, *number):
                yield f"assert the number {written} of the prose in a claim, or print it in a kept output"


@rule(of_solutions=False)
def closing_sections(lesson):
    titles = [title for level, title, _ in sections(lesson.text) if level == 2 and title in SECTIONS]
    if titles != SECTIONS:
        yield f"end with the sections {', '.join(SECTIONS)}, each as '## …' and once (found {titles})"
    if not re.search("^## (Common|A common) mistake", lesson.text, re.MULTILINE):
        yield "show mistakes going wrong, in a section '## Common mistakes'"
    if "<details>" not in lesson.section("Check yourself"):
        yield "fold the answers of 'Check yourself' with <details>"
    if not re.search(r"\[[^\]]+\]\(https?://[^)]+\)", lesson.section("Sources")):
        yield "link at least one source"


@rule(of_solutions=False)
def six_exercises(lesson):
    found = exercises(lesson)
    if len(found) < 6 or [number for number, _ in found] != list(range(1, len(found) + 1)):
        yield f"number the exercises 1, 2, … and have six or more (found {[number for number, _ in found]})"
    for number, text in found:
        if not re.search(r"\]\(solutions\.ipynb(#[^)]*)?\)", text):
            yield f"link exercise {number} to solutions.ipynb"


@rule(of_solutions=False)
def predict_first(lesson):
    found = [quote for quote in blockquotes(lesson.text) if quote.startswith("**Predict first.**")]
    if len(found) < 2:
        yield f"have two or more blockquotes '> **Predict first.** …' (found {len(found)})"
    for quote in found:
        if "<details>" not in quote:
            yield f"fold the answer into the blockquote with <details>: {quote.splitlines()[0]}"


@rule()
def kind_words(lesson):
    text = "".join(f"{title}\n{body}" for _, title, body in sections(lesson.text, 2) if title != "Sources")
    for found in re.findall(
        r"[^.\n]*\b(?:simply|obviously|just|trivial|trivially|clearly)\b[^.\n]*", text, flags=re.I
    ):
        yield f"say it without 'simply', 'obviously', 'just', 'trivial', 'clearly': {found.strip()}"


def prose(lesson):
    """The text without code, maths, links and what the last section quotes of others."""
    parts = (f"{title}\n{body}" for _, title, body in sections(lesson.text, 2) if title != "Sources")
    return without_links(without_maths(without_code("\n".join(parts))))


@rule()
def plain_numbers(lesson):
    for found in re.findall(r"(?<![\w.…])\.\d+\b", prose(lesson)):
        yield f"write a leading zero, 0{found}: {found}"
    for found in re.findall(r"\b\d{1,3}[ \u00a0\u202f]\d{3}\b", prose(lesson)):
        yield f"part thousands by a comma: {found}"
    for found in re.findall(r"(?:^|[.?!] )(\d+ [a-z]\w+)", prose(lesson), flags=re.M):
        if not re.match(r"\d+ minutes", found):
            yield f"begin no sentence with a numeral: {found}"


# The field has a word for each of these, and the book's English is American.
ODD_WORDS = {
    r"piles?": "set, or split",
    r"pictures? of (?:a|the) (?:class|coat|shirt|boot|data)": "image",
    r"(?:training|validation|test|noisy|wrong) pictures?": "image",
    r"forth and back": "forward and backward",
    r"spoil(?:s|t|ed)?": "ruin",
    r"mend(?:s|ed|ing)?": "fix",
    r"by heart": "memorized",
    r"surer|too sure": "more confident, over-confident",
    r"torch[’']s own": "PyTorch's, or the built-in",
    r"(?-i:relus?)": "ReLU",
    r"\w*(?:colour|grey|neighbour|behaviour|favour|licence)\w*": "the American spelling",
    r"towards": "toward, the American spelling",
    r"(?:kilo|centi|milli)?metres?|centres?|centred": "the American spelling",
    r"\w+(?:al|an|er|ar|im|or)is(?:e|es|ed|ing|ation|ations)": "the American spelling",
}
SPELLED_SO = {"exercise", "exercises", "otherwise", "likewise", "precise", "noise", "promise", "promised"}


@rule()
def words_of_the_field(lesson):
    text = prose(lesson)
    for odd, better in ODD_WORDS.items():
        for found in re.finditer(rf"\b(?:{odd})\b", text, flags=re.I):
            if found[0].lower() not in SPELLED_SO:
                yield f"say {better} instead of {found[0]!r}"


@rule()
def short_headings(lesson):
    for level, title, _ in sections(lesson.text):
        words = re.sub(r"^\d+\. |`|\[([^\]]*)\]\([^)]*\)", r"\1", title).split()
        if level and len(words) > 7:
            yield f"a heading has at most 7 words: {title}"


@rule()
def open_the_test_set_once(lesson):
    openings = sum(name.split(".")[-1] == "open_test" for cell in lesson.code for name in calls(cell.source))
    if openings > 1:
        yield f"open the test set once, after the last choice, not {openings} times"


def first_line(cell):
    return repr((cell.source.strip().splitlines() or [""])[0])


def complaints(lesson, name):
    return list(RULES[name][0](lesson))


# ── every notebook keeps every rule ──

SET_UP = Lesson.read(TEMPLATE).cells[1].source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(ROOT / "book")))
@pytest.mark.parametrize("name", RULES)
def test_notebook_keeps_the_rule(path, name):
    lesson = Lesson.read(path)
    if lesson.is_lesson or RULES[name][1]:
        found = complaints(lesson, name)
        assert not found, f"{path.relative_to(ROOT)}:\n" + "\n".join(
            f"  - {complaint}" for complaint in found
        )


def solutions_complaints(solutions, lessons):
    """Solutions stand under '## Title of the lesson', each under '### 1. …', in the lesson's order."""
    wanted = [(lesson.title, number) for lesson in lessons for number, _ in exercises(lesson)]
    found, lesson_title = [], None
    for level, title, _ in sections(solutions.text):
        if level == 2:
            lesson_title = title
        elif level == 3:
            number = re.match(r"(?:Exercise )?(\d+)\b", title)
            found.append((lesson_title, int(number[1]) if number else title))
    for title, number in wanted:
        if (title, number) not in found:
            yield f"solve exercise {number} under '## {title}', '### {number}. …'"
    if not set(wanted) - set(found) and found != wanted:
        yield f"have one '###' heading an exercise, in the lessons' order: {found} should be {wanted}"
    asserts = [
        node
        for cell in solutions.code
        for node in ast.walk(parse(cell.source))
        if isinstance(node, ast.Assert)
    ]
    if len(asserts) < len(wanted):
        yield f"assert each result: {len(asserts)} asserts for {len(wanted)} exercises"


def lessons_of(chapter):
    """A chapter's lessons in the order of _toc.yml, then those that it does not list."""
    paths = [p for p in NOTEBOOKS if p.parent == chapter and p.stem != "solutions"]
    toc = (ROOT / "_toc.yml").read_text()
    return sorted(
        paths, key=lambda path: (toc.find(path.relative_to(ROOT).with_suffix("").as_posix()) % 10**6, path)
    )


CHAPTERS = sorted({path.parent for path in NOTEBOOKS} - {TEMPLATE.parent, ROOT / "book" / "reference"})


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.name)
def test_solutions_solve_every_exercise(chapter):
    path = chapter / "solutions.ipynb"
    assert path.is_file(), f"write {path.relative_to(ROOT)}"
    found = list(solutions_complaints(Lesson.read(path), [Lesson.read(p) for p in lessons_of(chapter)]))
    assert not found, f"{path.relative_to(ROOT)}:\n" + "\n".join(f"  - {complaint}" for complaint in found)


def test_set_up_cell_has_the_repository_and_version_of_the_book():
    address = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), flags=re.M)[1]
    assert f'"git+{address}@v{version}"' in SET_UP, (
        f"let the set-up cell install git+{address}@v{version}, as _config.yml and pyproject.toml say"
    )


# ── every rule can fail ──


def broken(change):
    notebook = copy.deepcopy(nbformat.read(TEMPLATE, as_version=4))
    change(notebook.cells)
    return Lesson(notebook)


def markdown(text):
    return lambda cells: cells.insert(2, nbformat.v4.new_markdown_cell(text))


def code(source, *tags, **fields):
    def change(cells):
        cells.insert(2, nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)}, **fields))

    return change


def replace(old, new):
    def change(cells):
        assert any(old in cell.source for cell in cells), f"the template has no {old!r} to break"
        for cell in cells:
            cell.source = cell.source.replace(old, new)

    return change


LINES = "\n".join(f"x{i} = {i}" for i in range(16))
OUTPUT = [nbformat.v4.new_output("stream", name="stdout", text="0.8312\n")]
BAD = [
    ("saved_as_the_book_is", lambda cells: cells[1].pop("id")),
    ("saved_as_the_book_is", lambda cells: cells[1].metadata.update(vscode={"languageId": "python"})),
    ("format_is_4_5", lambda cells: cells[1].update(id=cells[0].id)),
    ("format_is_4_5", lambda cells: cells[1].pop("outputs")),
    ("one_title_first", markdown("# Another title")),
    ("one_title_first", lambda cells: cells.insert(0, nbformat.v4.new_markdown_cell("Hello."))),
    *(("opening_block", replace(name, "")) for name in OPENING),
    ("stated_minutes", markdown("word " * 2000)),
    ("stated_minutes", code("\n".join(f"x = {n}" for n in range(200)))),
    ("set_up_cell_second", lambda cells: cells.pop(1)),
    ("set_up_cell_second", replace("--no-deps", "")),
    ("short_code_cells", code(LINES)),
    ("short_code_cells", code("def f():\n" + "    x = 1\n" * 20)),
    ("short_code_cells", code(" ")),
    ("plain_markdown", code("#@title A form")),
    ("plain_markdown", markdown("```{note}\nHello.\n```")),
    ("plain_markdown", markdown("> ```{note}\n> Hello.\n> ```")),
    ("plain_markdown", markdown("See {ref}`a-label`.")),
    ("plain_markdown", markdown(":::{tip}\nHello.\n:::")),
    ("plain_markdown", markdown("<div>Hello.</div>")),
    ("plain_markdown", markdown("Hello. <!-- a secret -->")),
    ("alt_text", markdown("![](picture.png)")),
    ("alt_text", markdown("<img src='picture.png'>")),
    ("alt_text", markdown('<img src="picture.png" alt="">')),
    ("alt_text", code("plot_history(history)")),
    ("alt_text", code("fit(model, train, loss, sgd, 1, callbacks=[plotting.LiveCurves()])")),
    ("alt_text", code("def f():\n    pass\n\nplt.plot([1, 2])")),
    ("known_tags", code("x = 1", "hide_input")),
    ("kept_outputs_are_compared", code("print(1)", outputs=OUTPUT)),
    ("kept_outputs_are_compared", code("print(1)", "keep_output", outputs=OUTPUT, execution_count=1)),
    ("kept_outputs_are_compared", code("print(1)", "nbval-check-output", outputs=OUTPUT, execution_count=1)),
    ("kept_outputs_are_compared", code("print(1)", "keep_output", "nbval-check-output", outputs=OUTPUT)),
    ("kept_outputs_are_compared", code("print(1)", "keep_output", "nbval-check-output", execution_count=1)),
    ("claims_only_assert", code("x = 1", "claim")),
    ("claims_only_assert", code("assert 1 < 2", "claim")),
    ("claims_only_assert", code("print(1)\nassert 1 < 2, 'order'", "claim")),
    ("claims_only_assert", code("for i in range(2):\n    print(i)\n    assert i < 2, 'order'", "claim")),
    ("numbers_have_evidence", markdown("The accuracy is .8317.")),
    ("closing_sections", replace("## A common mistake", "## One more example")),
    ("closing_sections", replace("## Summary", "## In short")),
    ("closing_sections", replace("## Where next", "### Where next")),
    ("closing_sections", replace("<details>", "")),
    ("closing_sections", replace("](https", "](ftp")),
    ("six_exercises", replace("6. ", "7. ")),
    ("six_exercises", replace("5. ", "- ")),
    ("six_exercises", replace("](solutions.ipynb", "](answers.ipynb")),
    ("predict_first", replace("> **Predict first.**", "> **Guess.**")),
    ("predict_first", replace("> <details>", ">")),
    ("kind_words", markdown("This is simply a sum.")),
    ("kind_words", markdown("## Just a sum")),
    ("open_the_test_set_once", code("a = data.open_test()\nb = open_test()")),
    ("plain_numbers", markdown("The accuracy is .83.")),
    ("plain_numbers", markdown("There are 50 000 images.")),
    ("plain_numbers", markdown("It works. 12 images are wrong.")),
    ("words_of_the_field", markdown("The training pile holds them.")),
    ("words_of_the_field", markdown("A wrong picture, in grey.")),
    ("words_of_the_field", markdown("Regularisation helps.")),
    ("words_of_the_field", markdown("It moves towards 0.")),
    ("words_of_the_field", markdown("A relu follows.")),
    ("short_headings", markdown("## How do we find out which of these is the best one?")),
]


@pytest.mark.parametrize(("name", "change"), BAD)
def test_rule_notices(name, change):
    assert complaints(broken(change), name)


def test_every_rule_is_proved_to_notice():
    assert {name for name, _ in BAD} == set(RULES)


GOOD = [
    (
        "plain_markdown",
        markdown("`f'{x}'` and `{y}`, $a<b>c$, <https://a.org>, a<sub>1</sub>\n\n```python\n<div>\n```"),
    ),
    ("alt_text", code("explore.frames(draw, lr=[1])\nplt.close()")),
    ("alt_text", code("def draw():\n    return plt.subplots()")),
    ("short_code_cells", code("def f():\n" + "    x = 1\n" * 19)),
    (
        "kept_outputs_are_compared",
        code("1", "keep_output", "nbval-check-output", outputs=OUTPUT, execution_count=1),
    ),
    (
        "claims_only_assert",
        code("with no_grad():\n    for i in range(2):\n        assert i < 2, 'order'", "claim"),
    ),
    ("kind_words", markdown("Adjust it, justly, with `simply`.")),
    (
        "numbers_have_evidence",
        markdown("In [a paper of 2017](https://arxiv.org/abs/1708.07747), `0.98765` and 12 of 34."),
    ),
    ("numbers_have_evidence", markdown("## Sources\n\nRead 2017 papers.")),
    ("numbers_have_evidence", markdown("> How many?\n>\n> - 0.98765\n> - 12")),
]


@pytest.mark.parametrize(("name", "change"), GOOD)
def test_rule_lets_pass(name, change):
    assert not complaints(broken(change), name)


@pytest.mark.parametrize(
    ("prose", "value", "percent"),
    [
        (".83", 0.83, False),
        ("0.83.", 0.83, False),
        ("(−.65, 1)", 0.65, False),
        ("50 000 images", 50000, False),
        ("50,000 images", 50000, False),
        ("50\u202f000", 50000, False),
        (r"$50\,000$", 50000, False),
        (r"$50{,}000$", 50000, False),
        ("784", 784, False),
        ("83 %", 83, True),
        (r"$83\,\%$", 83, True),
        ("5.5 × 10⁻⁴²", 5.5e-42, False),
        (r"$5.5 \times 10^{-42}$", 5.5e-42, False),
        (r"$5.5 \cdot 10^{−42}$", 5.5e-42, False),
        ("10⁻⁸", 1e-8, False),
        ("5e-42", 5e-42, False),
    ],
)
def test_numbers_are_read_in_every_notation(prose, value, percent):
    [(_, found, _, is_percent)] = numbers(prose)
    assert found == pytest.approx(value)
    assert is_percent == percent


@pytest.mark.parametrize(
    "prose", ["10 classes", "float32", "1-NN", "2.14.1", "e⁹⁵", r"$2^{32}$", "28 × 28", "$10^k$"]
)
def test_numbers_leave_alone_what_needs_no_evidence(prose):
    assert not list(numbers(prose))


def test_evidence_is_an_equal_constant_or_a_rounded_output():
    def found(prose, *changes):
        return not complaints(
            broken(lambda cells: [change(cells) for change in (*changes, markdown(prose))]), name
        )

    name = "numbers_have_evidence"
    output = code("1", "keep_output", "nbval-check-output", outputs=OUTPUT, execution_count=1)
    assert found("It is .8317.", code("x = -0.8317"))
    assert found("It is 83.17 %.", code("x = 0.8317"))
    assert found("It is 4 321.", code("%pip list\nx = 4_321"))
    assert not found("It is .832.", code("x = 0.8317")), "a constant must be equal"
    assert found("It is .831.", output)
    assert found("It is 83 %.", output)
    assert not found("It is .832.", output), "an output is rounded, not more"
    assert not found("It is .831.", code("print(x)", outputs=OUTPUT)), (
        "an output that is not kept is no evidence"
    )


def test_solutions_that_miss_something_are_noticed():
    def lesson(*cells):
        return Lesson(nbformat.v4.new_notebook(cells=cells))

    template = Lesson.read(TEMPLATE)
    heading = f"## {template.title}\n\n"
    headings = [f"### {number}. Solution\n\n" for number, _ in exercises(template)]
    asserts = nbformat.v4.new_code_cell("assert True, 'solved'\n" * len(headings))

    def complain(text, *code):
        return list(solutions_complaints(lesson(nbformat.v4.new_markdown_cell(text), *code), [template]))

    assert not complain(heading + "".join(headings), asserts)
    assert complain(heading + "".join(headings)), "no assert"
    assert complain(heading + "".join(headings[:-1]), asserts), "one missing"
    assert complain(heading + "".join(reversed(headings)), asserts), "wrong order"
    assert complain("## Another lesson\n\n" + "".join(headings), asserts), "under the wrong lesson"


def test_lessons_come_in_the_order_of_the_table_of_contents():
    for chapter in CHAPTERS:
        listed = [str(path.relative_to(ROOT).with_suffix("")) for path in lessons_of(chapter)]
        toc = re.findall(r"file: *(\S+)", (ROOT / "_toc.yml").read_text())
        assert [name for name in toc if name in listed] == [name for name in listed if name in toc]
