"""Turn each lesson of the built site into a deck for a lecture: python -m tools.slides [LESSON…]

Nothing is kept twice: what a slide shows is taken from the lesson's page by the rules below, and its
speaker notes from the page and the notebook. The decks lie in _build/html/slides, with reveal.js from npm:
no internet and no kernel is needed, and the figures move.

- A section's heading, which asks a question, is a slide, with the first sentence below it.
- A prediction is a slide with its choices. Its answer is a slide of its own, after the figure that shows
  it.
- A figure, a displayed formula, a table and a short piece of code that draws nothing are a slide each.
- A sentence that defines a term is a slide.
- Of "Common mistakes" each bug is a slide, whose symptom is asked for first. The points of "Summary" come
  one by one; each question of "Check yourself" is a slide, and its answer the next.
- Everything else is in the speaker notes of the slide before it (press S), with what the notebook's claims
  assert.

In the notebook, the metadata `"slide": "skip"` of a cell whose first line is a heading leaves out that
section.
"""

import ast
import json
import posixpath
import re
import shutil
import sys
from copy import copy
from html import escape
from pathlib import Path

from bs4 import BeautifulSoup

from tools import contents
from tools.tree import ROOT

HTML = ROOT / "_build/html"
REVEAL = ROOT / "node_modules/reveal.js"
STYLE = ROOT / "web/slides.css"
SCRIPT = ROOT / "web/slides.js"
FILES = ["dist/reveal.js", "dist/reveal.css", "dist/plugin/notes.js"]
LINES = 16  # of code, with what it prints, that fit on a slide
LETTERS = "ABCDE"
ASIDE = {"Exercises", "Where next", "Sources"}
BOX = "admonition-todo"
WASTE = ".headerlink, button, predict-first, check-yourself, reliability-diagram, noscript"
KEYS = (
    "<p>Keys: space or arrows move on, S opens these notes, F fills the screen, O shows all slides. Figures "
    "take the pointer and, after a click, the arrow keys; Escape gives the keys back.</p>"
)


class Deck:
    """The slides of a lesson, in their order, as [HTML, [notes]]."""

    def __init__(self):
        self.slides = []

    def add(self, html, kind="", *notes):
        """Append a slide."""
        self.slides.append([f'<div class="slide-{kind}">{html}</div>', list(notes)])

    def say(self, text):
        """Append to the notes of the last slide."""
        if self.slides and text.strip():
            self.slides[-1][1].append(text)


def claims(notebook):
    """Return {heading: [messages of its claims]} and the headings that are left out."""
    said, skipped, heading = {}, set(), ""
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            if found := re.findall(r"^#{1,3} (.+)$", source, re.M):
                heading = found[-1].replace("`", "")
                if cell["metadata"].get("slide") == "skip":
                    skipped.add(heading)
        elif "claim" in cell["metadata"].get("tags", []):
            asserts = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]
            said.setdefault(heading, []).extend(
                node.msg.value for node in asserts if isinstance(node.msg, ast.Constant)
            )
    return said, skipped


def first_sentence(paragraph):
    """Return the HTML of a paragraph's first sentence."""
    html = paragraph.decode_contents().strip()
    plain = re.sub(r"<[^>]*>", lambda tag: "\0" * len(tag[0]), html)  # a stop within a tag ends nothing
    depth = 0
    for k, letter in enumerate(plain):
        if letter == "\0" and html[k] == "<":
            depth += -1 if html[k + 1] == "/" else html[html.index(">", k) - 1] != "/"
        if letter in ".?!:" and depth == 0 and re.match(r"[\s\0]*$|\s+[\0]*[A-Z(“\0]", plain[k + 1 :]):
            return html[: k + 1].removesuffix(":") + ("." if letter == ":" else "")
    return html


def definition(paragraph):
    """Return the HTML of the sentence of a paragraph that has a term in bold, or None."""
    bold = paragraph.find("strong")
    if bold is None or bold.get_text().strip().endswith((".", "?", ":")):  # that is a heading
        return None
    return next(one for one in sentences(paragraph) if "<strong" in one)


def sentences(paragraph):
    """Yield the HTML of each sentence of a paragraph."""
    rest = copy(paragraph)
    while rest.get_text(strip=True):
        one = first_sentence(rest)
        yield one
        html = rest.decode_contents().strip()
        if len(one) >= len(html):
            return
        rest = BeautifulSoup(f"<p>{html[len(one.removesuffix('.')) :].lstrip('.: ')}</p>", "html.parser").p


def question(box, deck):
    """Add the slide of a prediction or a question, and return the HTML of its answer."""
    asked = "".join(
        str(p) for p in box.find_all("p", recursive=False) if "admonition-title" not in p.get("class", [])
    )
    choices = [item.find("p", recursive=False) or item for item in box.select(":scope > ul > li")]
    listed = "".join(
        f'<li class="fragment"><b>{LETTERS[k]}</b> {choice.decode_contents()}</li>'
        for k, choice in enumerate(choices)
    )
    notes = [
        f"<p><b>{LETTERS[k]}</b>: {said.get_text(' ', strip=True)}</p>"
        for k, item in enumerate(box.select(":scope > ul > li"))
        if (said := item.find("ul"))
    ]
    title = "Predict first" if BOX in box["class"] else "Question"
    hands = "<p>Let everyone commit: a show of hands for each letter, or a number on paper.</p>"
    deck.add(
        f'<p class="kicker">{title}</p>{asked}' + (f"<ul>{listed}</ul>" if listed else ""),
        "question",
        hands,
        *notes,
    )
    fold = copy(box.find("details"))
    fold.summary.extract()
    return fold.decode_contents().strip()


def answers(waiting, deck):
    """Add the slides of answers that are due: the first sentences large, and all of it in the notes."""
    while waiting:
        html = waiting.pop(0)
        parts = list(sentences(BeautifulSoup(html, "html.parser").find("p")))
        deck.add(f'<p class="kicker">Answer</p><p>{" ".join(parts[:2])}</p>', "answer", html)


def cell(block, deck):
    """Add the slides of a cell: its code if that is short and meant to be read, and what it draws."""
    output = block.find("div", class_="cell_output", recursive=False)
    code = block.select_one(":scope > .cell_input pre")
    printed = "".join(pre.get_text() for pre in output.select("pre")) if output else ""
    figure = output and output.select_one(".explore, .panels, img, table")
    lines = (len(code.get_text().strip().splitlines()) if code else 0) + len(printed.strip().splitlines())
    if code and "hide-input" not in " ".join(block["class"]):
        if lines <= LINES and not figure:
            shown = f'<pre class="printed fragment">{escape(printed)}</pre>' if printed else ""
            deck.add(f'<pre class="code">{code.decode_contents()}</pre>{shown}', "code")
        else:
            deck.say(f"<pre>{escape(code.get_text())}</pre>")
            if printed and not figure:
                deck.add(
                    f'<pre class="printed">{escape(chr(10).join(printed.splitlines()[:LINES]))}</pre>', "code"
                )
    if figure:
        for veil in output.find_all("answer-veil"):
            veil.extract()
        kind = "moves" if output.select_one(".explore") else "figure"
        deck.add(output.decode_contents(), kind)
        return True
    return bool(printed)


def bugs(section, deck):
    """Add a slide for each bug: its name and first sentence, then the symptom."""
    for block in section.find_all(recursive=False):
        name = block.name == "p" and block.find("strong")
        if name and block.get_text().strip().startswith(name.get_text().strip()[:5]):
            parts = list(sentences(block))
            symptom = next((part for part in parts if "symptom" in re.sub("<[^>]*>", "", part).lower()), None)
            shown = f'<p class="fragment">{symptom}</p>' if symptom else ""
            deck.add(f"<h3>{name.decode_contents()}</h3>{shown}", "bug", str(block))
        else:
            waiting = []
            plain_block(block, deck, waiting)
            answers(waiting, deck)


def plain_block(block, deck, waiting):
    """Add what a block of a section gives; `waiting` holds the answers that come after the next figure."""
    kinds = block.get("class", [])
    if block.name in ("h2", "h3", "h1"):
        return
    if "admonition" in kinds and block.select_one(":scope > details"):
        waiting.append(question(block, deck))
    elif "cell" in kinds:
        if cell(block, deck):
            answers(waiting, deck)
    elif "math" in kinds and block.name == "div":
        deck.add(str(block), "formula")
    elif "pst-scrollable-table-container" in kinds or block.name == "table":
        deck.add(str(block), "table")
    elif block.name == "p":
        term = definition(block)
        if term and term not in deck.slides[-1][0]:  # there already, as the first sentence of the section
            deck.add(f"<p>{term}</p>", "term", str(block))
        else:
            deck.say(str(block))
    elif block.name in ("ul", "ol", "blockquote", "div", "details"):
        deck.say(block.decode() if block.name != "details" else "")


def relink(article, name):
    """Let the links of a page of the site lead there from its deck."""
    for link in article.select("a[href]"):
        href = link["href"]
        if href.startswith("#"):
            link["href"] = f"../{name}.html{href}"
        elif not re.match(r"\w+:", href):
            link["href"] = "../" + posixpath.normpath(posixpath.join(posixpath.dirname(name), href))


def opening(top, deck):
    """Add the slide of a lesson's title."""
    kicker, lead = (top.select_one(f":scope > .{name}") for name in ("kicker", "lead"))
    shown = f'<p class="kicker">{kicker.get_text()}</p>' if kicker else ""
    shown += f"<h1>{top.h1.decode_contents()}</h1>"
    shown += f"<p>{lead.decode_contents()}</p>" if lead else ""
    deck.add(shown, "title", KEYS)


def section_slides(section, asserted, deck):
    """Add the slides of a section; `asserted` are the messages of its claims."""
    heading = section.h2.get_text().strip()
    if heading in ASIDE:
        if heading == "Exercises":
            shown = "<h2>Exercises</h2><p>In the notebook, from easy to hard.</p>"
            deck.add(shown, "section", section_notes(section))
        return
    if heading == "Summary":
        points = (
            f'<li class="fragment">{first_item(item)}</li>' for item in section.select(":scope > ul > li")
        )
        deck.add(f"<h2>Summary</h2><ul>{''.join(points)}</ul>", "summary", section_notes(section))
        return
    quiz = heading == "Check yourself"
    first = section.find("p", recursive=False)
    opens = f"<p>{first_sentence(first)}</p>" if first and not quiz else ""
    deck.add(f"<h2>{section.h2.decode_contents()}</h2>{opens}", "section")
    if asserted:
        deck.say(f"<p>The notebook asserts: {'; '.join(map(escape, asserted))}.</p>")
    if heading.startswith("Common mistakes"):
        bugs(section, deck)
        return
    waiting = []
    for block in flat(section):
        plain_block(block, deck, waiting)
        if quiz:
            answers(waiting, deck)
    answers(waiting, deck)


def slides_of(page, notebook):
    """Return a lesson's title and its Deck, from its built page and its notebook."""
    article = page.select_one("article.bd-article")
    for waste in article.select(WASTE):
        waste.extract()
    top, deck = article.find("section"), Deck()
    asserted, skipped = claims(notebook)
    opening(top, deck)
    for section in top.find_all("section", recursive=False):
        heading = section.h2.get_text().strip()
        if heading not in skipped:
            section_slides(section, asserted.get(heading), deck)
    return top.h1.get_text().strip(), deck


def first_item(item):
    """Return the first sentence of a list's entry."""
    return first_sentence(item.find("p") or item)


def flat(section):
    """Yield the blocks of a section and of those within it."""
    for block in section.find_all(recursive=False):
        if block.name == "section":
            yield from flat(block)
        else:
            yield block


def section_notes(section):
    """Return a section without its heading, as notes."""
    section = copy(section)
    section.h2.extract()
    return section.decode_contents()


PAGE = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{title}: slides</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="reveal/reveal.css"><link rel="stylesheet" href="../_static/{book}">
<link rel="stylesheet" href="slides.css">
<style>{maths}</style></head>
<body class="deck"><div class="reveal"><div class="slides bd-article">
{slides}
</div></div>
<script src="reveal/reveal.js"></script><script src="reveal/notes.js"></script>
<script src="slides.js"></script>
</body></html>
"""


INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Slides: From Lines to Labels</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 1.15rem/1.6 Georgia, serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }}
</style></head>
<body><main><h1>Slides</h1>
<p>A deck for each lesson.
<a href="../book/reference/lectures.html">Give a lecture</a> says how to use them.</p>
<ol>{items}</ol></main></body></html>
"""


def write(name, html):
    """Write the deck of a lesson into a site, and return its title and how many slides it has."""
    out = html / "slides"
    page = BeautifulSoup((html / f"{name}.html").read_text("utf-8"), "html.parser")
    maths = "".join(style.get_text() for style in page.select("head style") if "mjx" in style.get_text())
    relink(page.select_one("article.bd-article"), name)
    title, deck = slides_of(page, json.loads((ROOT / f"{name}.ipynb").read_text("utf-8")))
    link = page.select_one('link[rel="stylesheet"]')["href"].rpartition("/")[2]
    slides = "\n".join(
        f'<section>{html}<aside class="notes">{"".join(notes)}</aside></section>'
        for html, notes in deck.slides
    )
    text = PAGE.format(
        title=escape(title), book=link, slides=slides, maths=re.sub(r"(\.\./)+_static", "../_static", maths)
    )
    (out / f"{Path(name).name}.html").write_text(text, "utf-8")
    return title, len(deck.slides)


def build(names, html):
    """Write the decks of lessons and a page that lists them; return {name: (title, slides)}."""
    out = html / "slides"
    shutil.rmtree(out, ignore_errors=True)
    (out / "reveal").mkdir(parents=True)
    for file in FILES:
        shutil.copy(REVEAL / file, out / "reveal")
    for path in (STYLE, SCRIPT):
        shutil.copy(path, out)
    found = {name: write(name, html) for name in names}
    items = "".join(
        f'<li><a href="{Path(name).name}.html">{escape(title)}</a>, {count} slides</li>'
        for name, (title, count) in found.items()
    )
    (out / "index.html").write_text(INDEX.format(items=items), "utf-8")
    return found


def main(names):
    """Write the decks and say where they are."""
    lessons = [page.name for page in contents.pages().values() if page.lesson]
    found = build([name for name in lessons if not names or Path(name).name in names], HTML)
    total = sum(count for _, count in found.values())
    size = sum(path.stat().st_size for path in (HTML / "slides").rglob("*") if path.is_file()) / 1e6
    print(f"{HTML / 'slides'}: {len(found)} decks, {total} slides, {size:.1f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
