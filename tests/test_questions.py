"""The rules of predictions and checks (CONTRIBUTING.md), and what the site makes of them (_ext/answers.py).

As in test_lessons.py, a rule yields complaints, each of which says what to do, and each rule is seen to fail.
"""

import ast
import copy
import html
import json
import re

import answers
import nbformat
import pytest
from test_lessons import NOTEBOOKS, RULES, TEMPLATE, Lesson, numbers, parse, tags, without_code

pytestmark = pytest.mark.no_cover  # it is the book that is read here

LESSONS = [path for path in NOTEBOOKS if Lesson.read(path).is_lesson]
NUMBER = {"answer", "close", "range"}  # what a prediction of a number must say, and what it may
MAY_SAY = {"spread", "unit", "scale", "leave"}


def questions(lesson, key):
    """Yield (cell, its place, its metadata, the quotation, the choices) of each prediction or check."""
    for place, cell in enumerate(lesson.cells):
        asked = answers.question(cell)
        if asked and asked[0] == key:
            yield cell, place, asked[1], asked[2], answers.CHOICE.findall(asked[2])


def end_of_section(lesson, place):
    """Return the place of the first cell below that has a heading."""
    below = range(place + 1, len(lesson.cells))
    headed = (k for k in below if answers.HEADING.search(without_code(markdown_of(lesson.cells[k]))))
    return next(headed, len(lesson.cells))


def markdown_of(cell):
    return cell.source if cell.cell_type == "markdown" else ""


def claims(lesson, place):
    """Yield (message, numbers in the cell) of each assert of the claims below a cell."""
    for cell in lesson.cells[place:]:
        if "claim" in tags(cell):
            nodes = list(ast.walk(parse(cell.source)))
            found = {node.value for node in nodes if isinstance(node, ast.Constant)}
            for node in nodes:
                if isinstance(node, ast.Assert) and isinstance(node.msg, ast.Constant):
                    yield node.msg.value, found


def written(text):
    """The numbers of a text, as values."""
    return {value for _, value, _, _ in numbers(without_code(text))}


# ── the rules ──

ASKING = {}


def rule(function):
    ASKING[function.__name__] = function
    return function


@rule
def metadata_of_each(lesson):
    """A prediction and a question have their metadata, and each name is one word with hyphens."""
    for mark, key in (("**Predict first.**", "predict"), ("**Question.**", "check")):
        for cell in lesson.cells:
            quotes = markdown_of(cell).count(f"> {mark}")
            if quotes != (key in cell.metadata) or (quotes and cell.metadata.get("veil")):
                yield f"one quotation '> {mark}' a cell, with {key} in the cell's metadata: {cell.id}"
        for cell, _, about, quote, _ in questions(lesson, key):
            if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", about.get("name", "")):
                yield f"give it a name such as where-the-loss-ends: {cell.id}"
            if not re.search(r"^> <details><summary>.+</summary>\n>\n(>.*\n)+> </details>", quote, re.M):
                yield f"fold the answer, with an empty line before and after it: {cell.id}"
            if answers.HEADING.search(cell.source.split(quote)[-1]):
                yield f"begin another cell for the heading after the question: {cell.id}"


@rule
def choices_have_feedback(lesson):
    """Of two to five choices one is right, of a check's perhaps several; each other has its feedback."""
    for key, most in (("predict", 1), ("check", 4)):
        for _, _, about, _, choices in questions(lesson, key):
            feedback, name = about.get("feedback"), about.get("name")
            if key == "predict" and "answer" in about:
                if choices or feedback:
                    yield f"a number has no choices: {name}"
                continue
            if not 2 <= len(choices) <= 5 or len(choices) != len(feedback or []):
                yield f"two to five choices '> - …', and as many entries of feedback: {name}"
            elif not 1 <= feedback.count(None) <= min(most, len(choices) - 1):
                yield f"null stands for the right choice, a text for each wrong one: {name}"
            elif any(said is not None and len(said.split()) < 4 for said in feedback):
                yield f"say in a sentence what is behind each wrong choice: {name}"


@rule
def numbers_have_bounds(lesson):
    """The slider's bounds hold the answer, and it does not begin near it."""
    for _, _, about, _, _ in questions(lesson, "predict"):
        name, known = about.get("name"), set(about) - {"name", "claim"}
        if "answer" not in about:
            if known - {"feedback", "leave"}:
                yield f"only a number has {', '.join(sorted(known - {'feedback', 'leave'}))}: {name}"
            continue
        if not NUMBER <= known <= NUMBER | MAY_SAY or about.get("scale", "log") != "log":
            must, may = (", ".join(sorted(keys)) for keys in (NUMBER, MAY_SAY))
            yield f"a number says {must}, and may say {may}: {name}"
            continue
        (low, high), log = about["range"], "scale" in about
        middle = (low * high) ** 0.5 if log else (low + high) / 2
        near = is_close(middle, about)
        if not low < about["answer"] < high or near or (log and (low <= 0 or about["close"] <= 1)):
            yield f"choose a range around the answer whose middle, {middle:g}, counts as wrong: {name}"


def is_close(guess, about):
    """Whether a guess counts as right; web/static/answers-predict.js decides in the same way."""
    if "scale" in about:
        return 1 / about["close"] <= guess / about["answer"] <= about["close"]
    return abs(guess - about["answer"]) <= about["close"]


@rule
def a_claim_proves_the_answer(lesson):
    """The message that the metadata names is that of an assert below, whose cell has the number."""
    for _, place, about, _, _ in questions(lesson, "predict"):
        found = [values for message, values in claims(lesson, place) if message == about.get("claim")]
        if not found:
            yield f"no assert below says {about.get('claim')!r}: {about['name']}"
        elif "answer" in about and not any(about["answer"] in values for values in found):
            yield f"the claim's cell does not have the number {about['answer']}: {about['name']}"


@rule
def nothing_gives_the_answer_away(lesson):
    """The number stands neither above the question, nor below it where no veil lies."""
    for cell, place, about, quote, _ in questions(lesson, "predict"):
        if "answer" not in about:
            continue
        asked = quote.split("<details>")[0]
        above = "\n".join([*map(markdown_of, lesson.cells[:place]), cell.source.split(quote)[0], asked])
        kept = [json.dumps(c.outputs) for c in lesson.cells[:place] if "keep_output" in tags(c)]
        alts = [c.metadata.get("mystnb", {}).get("image", {}).get("alt", "") for c in lesson.cells[:place]]
        if about["answer"] in written("\n".join([above, *kept, *alts])):
            yield f"the number {about['answer']} stands above the question, or in it: {about['name']}"
        below = lesson.cells[place + 1 : end_of_section(lesson, place)]
        for c in below:
            if about["answer"] in written(markdown_of(c)) and not c.metadata.get("veil"):
                yield f"the number {about['answer']} stands in cell {c.id}: set veil to true in its metadata"


@rule
def veils_lie_below_a_prediction(lesson):
    """A text is under a veil only where its section has asked for a guess, and so is what is left in view."""
    under, code = set(), set()
    for _, place, about, _, _ in questions(lesson, "predict"):
        end = end_of_section(lesson, place)
        mixed = [c for c in lesson.cells[end : end + 1] if not answers.HEADING.match(c.source)]
        under |= {c.id for c in [*lesson.cells[place + 1 : end], *mixed]}
        code |= set(about.get("leave", []))
    for cell in lesson.cells:
        if cell.metadata.get("veil") and cell.id not in under:
            yield f"no prediction of this section stands above the veil of {cell.id}"
    known = {c.id for c in lesson.cells if c.cell_type == "code"} & under
    for odd in sorted(code - known):
        yield f"leave names a code cell of the section, not {odd}"


@rule
def three_to_five_checks(lesson):
    """They stand under "Check yourself", one a cell."""
    start = next((k for k, c in enumerate(lesson.cells) if "## Check yourself" in markdown_of(c)), 0)
    places = [place for _, place, *_ in questions(lesson, "check")]
    if not 3 <= len(places) <= 5 or any(
        not start <= place <= end_of_section(lesson, start) for place in places
    ):
        yield f"ask three to five questions under 'Check yourself' (found {len(places)})"


FOR_TEXT = ["numbers_have_evidence", "kind_words", "plain_numbers", "words_of_the_field", "plain_markdown"]


@rule
def feedback_keeps_the_rules_of_text(lesson):
    """What the metadata says to readers is text of the lesson."""
    said = [
        f for key in answers.KINDS for q in questions(lesson, key) for f in q[2].get("feedback") or [] if f
    ]
    with_feedback = copy.deepcopy(lesson.notebook)
    with_feedback.cells.insert(1, nbformat.v4.new_markdown_cell("\n\n".join(said)))
    for name in FOR_TEXT:
        yield from RULES[name][0](Lesson(with_feedback, lesson.name, lesson.chapter))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.parent.name + "/" + path.stem)
@pytest.mark.parametrize("name", ASKING)
def test_questions_keep_the_rule(path, name):
    assert list(ASKING[name](Lesson.read(path))) == []


def test_names_are_unique_in_the_book():
    """A reader's browser keeps an answer under this name, wherever the question moves."""
    lessons = [Lesson.read(path) for path in LESSONS]
    names = [q[2]["name"] for lesson in lessons for key in answers.KINDS for q in questions(lesson, key)]
    assert sorted({name for name in names if names.count(name) > 1}) == []


# ── what Sphinx reads ──


def cells_of(*cells):
    """Dress cells given as (kind, source, metadata); return their sources, and their veils."""
    made = [
        {"cell_type": kind, "source": source.splitlines(keepends=True), "metadata": metadata, "id": str(k)}
        for k, (kind, source, metadata) in enumerate(cells)
    ]
    before = copy.deepcopy(made)
    done = answers.dressed({"cells": made})["cells"]
    assert made == before, "the notebook itself stays"
    return ["".join(c["source"]) for c in done], [c["metadata"].get("tags", []) for c in done]


ASKED = """> **Predict first.** How many?
>
> - one
> - two
>
> <details><summary>A</summary>
>
> Two.
>
> </details>"""
TWO = {"predict": {"name": "two", "claim": "c", "feedback": ["There is one more.", None]}}
NUMBER_OF = {"predict": {"name": "n", "claim": "c", "answer": 2, "close": 1, "range": [1, 9], "leave": ["2"]}}


def test_feedback_stands_below_its_choice_and_the_element_at_the_end():
    (source,), _ = cells_of(("markdown", "Text.\n\n" + ASKED + "\n\nMore.", TWO))
    assert "> - one\n>\n>   - There is one more.\n> - two\n>\n> <details>" in source
    box, more = source.split("> </predict-first>")
    assert more.strip() == "More."
    assert html.unescape(box.split("about=")[1]) == '"{"right": [false, true]}">\n'
    assert 'name="two"' in box


def test_the_element_of_a_number_knows_it():
    (source,), _ = cells_of(("markdown", ASKED.replace("> - one\n> - two\n>\n", ""), NUMBER_OF))
    said = re.search('about="(.*?)"', source)[1]
    assert json.loads(html.unescape(said)) == {"answer": 2, "close": 1, "range": [1, 9]}


def test_outputs_are_veiled_to_the_end_of_the_section():
    code = ("code", "1", {})
    _, veils = cells_of(code, ("markdown", ASKED, NUMBER_OF), code, code, ("markdown", "A\n\n## B", {}), code)
    assert veils == [[], [], [], ["veil-n"], [], []]


def test_text_is_veiled_to_its_first_heading():
    sources, _ = cells_of(
        ("markdown", ASKED, TWO), ("markdown", "It is ```` two.\n\n## B\n\nC", {"veil": True})
    )
    under, over = sources[1].split("\n\n## B")
    assert under.startswith('`````{container} under-veil\n<answer-veil for="two">')
    assert under.endswith("It is ```` two.\n`````")
    assert over == "\n\nC"


def test_the_readers_own_diagram_stands_where_a_lesson_wants_it():
    (source,), _ = cells_of(("markdown", "See your own.", {"calibration": True}))
    assert source.startswith("See your own.\n\n<reliability-diagram about=")


# ── each rule can fail ──


def broken(change):
    notebook = nbformat.read(TEMPLATE, as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    change(cells)
    return Lesson(notebook)


def edit(name, old, new):
    def change(cells):
        assert old in cells[name].source
        cells[name].source = cells[name].source.replace(old, new)

    return change


def about(cell, **more):
    def change(cells):
        [said] = [cells[cell].metadata[key] for key in answers.KINDS if key in cells[cell].metadata]
        for key, value in more.items():
            if value is None:
                del said[key]
            else:
                said[key] = value

    return change


BAD = [
    ("metadata_of_each", lambda cells: cells["question"].metadata.clear()),
    ("metadata_of_each", edit("check-count", "**Question.**", "**Asked.**")),
    ("metadata_of_each", about("question", name="A name")),
    ("metadata_of_each", edit("question", "</details>", "")),
    ("metadata_of_each", edit("question", "> </details>", "> </details>\n\n## A heading")),
    ("choices_have_feedback", edit("question", "> <details>", "> - a choice\n>\n> <details>")),
    ("choices_have_feedback", about("mistake", feedback=[None, "Too few entries are here."])),
    ("choices_have_feedback", about("mistake", feedback=[None, None, "There are two right ones here."])),
    ("choices_have_feedback", about("mistake", feedback=["All of these are wrong."] * 3)),
    ("choices_have_feedback", about("check-count", feedback=[None, None, None])),
    ("choices_have_feedback", about("check-count", feedback=[None, "", "All is well with this."])),
    ("numbers_have_bounds", about("question", range=None)),
    ("numbers_have_bounds", about("question", range=[0.02, 1])),
    ("numbers_have_bounds", about("question", range=[0.001, 0.1])),
    ("numbers_have_bounds", about("question", range=[0, 1])),
    ("numbers_have_bounds", about("question", bounds=[0, 1])),
    ("numbers_have_bounds", about("mistake", unit="means")),
    ("a_claim_proves_the_answer", about("question", claim="something else")),
    ("a_claim_proves_the_answer", about("question", answer=0.012)),
    ("nothing_gives_the_answer_away", edit("title", "check the", "check 0.01, the")),
    ("nothing_gives_the_answer_away", edit("question", "Roughly", "It is 0.01. Roughly")),
    ("nothing_gives_the_answer_away", lambda cells: cells["meaning"].metadata.clear()),
    ("veils_lie_below_a_prediction", lambda cells: cells["closing"].metadata.update(veil=True)),
    ("veils_lie_below_a_prediction", about("question", leave=["imports"])),
    ("three_to_five_checks", lambda cells: cells["check-count"].metadata.clear()),
    ("feedback_keeps_the_rules_of_text", about("mistake", feedback=[None, "It is simply wrong.", "No."])),
    ("feedback_keeps_the_rules_of_text", about("mistake", feedback=[None, "No.", "No, 0.12345."])),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change"), BAD)
def test_rule_notices(name, change):
    assert list(ASKING[name](broken(change)))


def test_every_rule_is_proved_to_notice():
    assert {name for name, _ in BAD} == set(ASKING)
