"""Write what the search looks through: the text of each section, as `_static/search-texts.js`.

Sphinx's own index knows which pages have a word, and not where or how often. So it puts a page that
mentions "nan" once beside the one that explains it, finds no part of a Chinese word, and must fetch every
page again to quote it. The whole text of the book is as large as that index with its script.
`web/static/search.js` ranks.

What a reader is to guess first is kept apart: it is found, and not quoted. That is the answers of
questions, and what lies under a veil.
"""

import html
import json
import posixpath
import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from typeset_maths import formula_of

NAME = "search-texts.js"
QUESTIONS = {"admonition-todo", "question"}  # the classes of their boxes: plain_source
LEFT_OUT = {"kicker", "facts", "toctree-wrapper"}
ROWS = "book/reference/notation"  # each row of its tables is an entry
MATHML = re.compile(r"<math.*?</math>", re.DOTALL)


def entries(doctree, formula=nodes.Node.astext, rows=False):
    """Return [[anchor, title, text, hidden text, page], …] of a page's sections, terms and functions.

    They come in their order. The page is where a term of the glossary is taught. What is empty at the end is
    left out.

    Args:
        doctree: the page.
        formula: what to write for a formula.
        rows: whether each row of a table is an entry, too, with its first cell as title.
    """
    found, last = [], []

    def walk(node, entry, asked=False, hidden=False):
        if isinstance(node, nodes.Text):
            entry[2 + hidden].append(node.astext())
        elif isinstance(node, nodes.math | nodes.math_block):
            entry[2 + hidden].append(formula(node))
        elif isinstance(node, addnodes.desc_signature):  # its text has the brackets, which its parts have not
            entry[2 + hidden].append(f"{node.astext()} ")
        elif isinstance(node, nodes.title | nodes.raw | nodes.comment) or LEFT_OUT & classes(node):
            return
        elif title := title_of(node) or (rows and isinstance(node, nodes.row) and row_of(node, entry)):
            found.append([*title, [], [], taught(node)])
            inside(node, found[-1])
        else:
            inside(node, entry, asked, hidden or is_veiled(node) or (asked and is_feedback(node)))
            if not isinstance(node, nodes.Inline):
                entry[2 + hidden].append(" ")

    def row_of(row, entry):
        said = ["", "", [], []]
        inside(row[0], said)
        return entry[0], flat(said[2])

    def inside(node, entry, asked=False, hidden=False):
        asked = asked or bool(QUESTIONS & classes(node))
        folded = False
        for child in node.children:
            if asked and isinstance(child, nodes.raw) and "details" in child.astext():
                folded = child.astext().lstrip().startswith("<details")
            else:
                walk(child, entry, asked, hidden or folded)

    walk(doctree, ["", "", last, last])
    joined = [[anchor, title, *map(flat, parts), taught] for anchor, title, *parts, taught in found]
    return [entry if entry[4] else entry[:4] if entry[3] else entry[:3] for entry in joined]


def flat(parts):
    """Return pieces of text as one, with single spaces."""
    return " ".join("".join(parts).split())


def taught(node):
    """Return where the link in a term's definition leads, relative to its page; "" of anything else."""
    links = list(node.findall(nodes.reference)) if isinstance(node, nodes.definition_list_item) else []
    return links[-1]["refuri"].partition(".html")[0] if links else ""


def classes(node):
    """Return the classes of a node."""
    return {*node.get("classes", [])} if isinstance(node, nodes.Element) else set()


def is_feedback(node):
    """Is this the list below a choice of a question?"""
    return isinstance(node, nodes.bullet_list) and isinstance(node.parent, nodes.list_item)


def is_veiled(node):
    """Does a veil lie over what this node holds?"""
    return any(isinstance(part, nodes.raw) and "<answer-veil" in part.astext() for part in node.children)


def title_of(node):
    """Return (anchor, title) of what is an entry of its own, and else None."""
    if isinstance(node, nodes.section):
        title = node.next_node(nodes.title).astext()
        return ("" if isinstance(node.parent, nodes.document) else node["ids"][0]), title
    if isinstance(node, nodes.definition_list_item) and (term := node.next_node(nodes.term))["ids"]:
        return term["ids"][0], term.astext()
    if isinstance(node, addnodes.desc) and (signature := node.next_node(addnodes.desc_signature))["ids"]:
        return signature["ids"][0], signature["ids"][0]
    return None


def collect(app, pagename, templatename, context, doctree):
    """Keep the texts of a page that is being written."""
    if doctree is None:
        return
    html_of = app.typeset.get(pagename, [{}])[0]

    def formula(node):
        maths = MATHML.search(html_of[json.dumps(formula_of(node))])
        return html.unescape(re.sub(r"<[^>]*>", "", maths[0]))

    found = entries(doctree, formula, rows=pagename == ROWS)
    for entry in found:
        entry[4:] = [
            posixpath.normpath(posixpath.join(posixpath.dirname(pagename), way)) for way in entry[4:]
        ]
    app.search_texts[pagename] = [app.env.titles[pagename].astext(), found]


def begin(app):
    """Leave Sphinx's own index out."""
    app.search_texts = {}
    app.builder.search = False


def page(app):
    """Yield the page of the search, which Sphinx writes only with its own index."""
    if app.builder.format == "html":
        yield "search", {}, "search.html"


def write(app, error):
    """Write the texts as a script, which a page opened as a file may load, too."""
    if not error and app.builder.format == "html":
        pages = [[name, *found] for name, found in sorted(app.search_texts.items())]
        text = json.dumps(pages, ensure_ascii=False, separators=(",", ":"))
        Path(app.outdir, "_static", NAME).write_text(f"BookSearch.begin({text});\n", "utf-8")


def setup(app):
    """Connect to Sphinx; the texts are written before the pages' fonts lose the letters that no text has."""
    app.connect("builder-inited", begin)
    app.connect("html-page-context", collect)
    app.connect("html-collect-pages", page)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
