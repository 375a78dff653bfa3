"""Where a page stands, how it opens, and the layer that the theme's rules are put into."""

import page_design
import pytest
import stylesheets
import yaml
from docutils import nodes
from docutils.core import publish_doctree

from tools import contents
from tools.tree import ROOT


def test_chapters_of_the_first_part_and_their_lessons_are_numbered(tmp_path):
    toc = {
        "root": "index",
        "parts": [
            {"chapters": [{"file": "a/index", "sections": [{"file": "a/one"}, {"file": "a/solutions"}]}]},
            {"chapters": [{"file": "more/index", "sections": [{"file": "more/page"}]}]},
        ],
    }
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump(toc))
    found = contents.pages(tmp_path)
    assert list(found) == ["a/index", "a/one", "a/solutions", "more/index", "more/page"]
    assert [(page.number, page.lesson) for page in found.values()] == [
        *((1, None), (1, 1), (1, None)),  # solutions are no lesson
        *((None, None), (None, None)),
    ]
    assert {page.chapter for page in found.values()} == {"a/index", "more/index"}


def test_names_fit_the_sidebar():
    """A lesson has a short name there: at most 32 letters, and no two in a chapter are alike."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    for chapter in toc["parts"][0]["chapters"]:
        names = [section["title"] for section in chapter["sections"]]
        assert [name for name in names if len(name) > 32] == []
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import math\nimport torch.nn.functional as F\nfrom torch import nn", ["math", "torch"]),
        ("import math\n# a comment\n", ["math"]),
        ("import math\nmath.pi", []),
        ("import math\nx = 3", []),
        ("%matplotlib inline\nimport math", []),
    ],
)
def test_a_cell_of_imports_alone_is_known(code, names):
    assert page_design.imported(code) == names


def test_facts_become_a_lead_and_a_strip():
    page = publish_doctree(
        "- **You will** fit a line.\n- **You need** a little Python.\n"
        "- **Time** 35 minutes.\n- **Hardware** any laptop.\n"
    )
    facts = next(page.findall(nodes.bullet_list))
    lead = page_design.set_facts(facts)
    assert lead.astext() == "You will fit a line."
    assert [entry.astext() for entry in facts] == [
        "Time 35 minutes",
        "Hardware Any laptop",
        "You need a little Python.",
    ]
    assert [entry["classes"] for entry in facts] == [["time"], ["hardware"], ["you-need"]]


def test_a_list_of_other_things_stays_a_list():
    facts = next(publish_doctree("- **Time** 35 minutes.\n- and more\n").findall(nodes.bullet_list))
    assert page_design.set_facts(facts) is None
    assert facts["classes"] == []
    assert len(facts) == 2


def test_the_layer_holds_a_sheet_once_and_no_rule_of_the_icon_font():
    icons = '.fa-star,.fa-star-alt{--fa:"\\f005"}.fa-x:before{content:"x"}'
    css = f'@charset "UTF-8";@import "../basic.css";{icons}p{{color:red}}'
    once = stylesheets.layered(css)
    assert once == '@import "../basic.css";@layer theme {\np{color:red}\n}\n'
    assert stylesheets.layered(once) == once


def test_the_style_sheet_is_made_of_all_its_parts():
    files = {path.stem for path in (ROOT / "web/styles").glob("*.css")}
    assert files == set(stylesheets.PARTS)
    assert all(len(path.read_text().splitlines()) <= 150 for path in (ROOT / "web/styles").glob("*.css"))
