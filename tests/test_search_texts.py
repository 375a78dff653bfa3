"""What the search looks through: sections with their text, and answers kept apart."""

import search_texts
from docutils import nodes
from docutils.core import publish_doctree

PAGE = """
A page
======

The opening.

A section
---------

It has *words*, and a list:

- one
- two

Another section
---------------

.. admonition:: Predict first
   :class: question

   How much?

   - a little

     - Think of the slope.

   - a lot

   .. raw:: html

      <details><summary>After you have decided</summary>

   A lot, and we know why.

   .. raw:: html

      </details>

After it.
"""


def page(text):
    return publish_doctree(text, settings_overrides={"doctitle_xform": False, "report_level": 5})


def test_sections_have_their_own_text():
    found = search_texts.entries(page(PAGE))
    assert found[:2] == [
        ["", "A page", "The opening."],
        ["a-section", "A section", "It has words, and a list: one two"],
    ]


def test_answers_and_feedback_are_kept_apart():
    _, _, [anchor, title, text, hidden] = search_texts.entries(page(PAGE))
    assert (anchor, title) == ("another-section", "Another section")
    assert text == "How much? a little a lot After it."
    assert hidden == "Think of the slope. A lot, and we know why."


def test_what_lies_under_a_veil_is_kept_apart():
    tree = page("Page\n====\n\nText.\n")
    veil = nodes.raw("", '<answer-veil for="x">\n</answer-veil>', format="html")
    tree[0].append(nodes.container("", veil, nodes.paragraph("", "0.42")))
    assert search_texts.entries(tree) == [["", "Page", "Text.", "0.42"]]


def test_rows_of_a_table_can_be_entries():
    table = "Page\n====\n\n===== =====\n a     one\n b     two\n===== =====\n"
    assert search_texts.entries(page(table), rows=True)[1:] == [["", "a", "a one"], ["", "b", "b two"]]
    assert search_texts.entries(page(table)) == [["", "Page", "a one b two"]]
