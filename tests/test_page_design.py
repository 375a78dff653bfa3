"""Where a page stands, how it opens, and the layer that the theme's rules are put into."""

import re
import shutil
from pathlib import Path

import bundles
import fonts
import offline_assets
import page_design
import pytest
import tinycss2
import yaml
from docutils import nodes
from docutils.core import publish_doctree
from fontTools.ttLib import TTFont

from tools import contents
from tools.tree import ROOT


def test_chapters_of_the_first_part_and_their_lessons_are_numbered(tmp_path):
    toc = {
        "root": "index",
        "parts": [
            {
                "chapters": [
                    {
                        "file": "a/index",
                        "sections": [{"file": f"a/{name}"} for name in ("one", "playground", "solutions")],
                    }
                ]
            },
            {"chapters": [{"file": "more/index", "sections": [{"file": "more/page"}]}]},
        ],
    }
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump(toc))
    found = contents.pages(tmp_path)
    assert list(found) == ["a/index", "a/one", "a/playground", "a/solutions", "more/index", "more/page"]
    assert [(page.number, page.lesson) for page in found.values()] == [
        *((1, None), (1, 1), (1, None), (1, None)),  # a playground and solutions are no lessons
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


def test_a_list_whose_entries_begin_with_something_else_stays_a_list():
    """Also if an entry is empty."""
    numbered = nodes.enumerated_list("", nodes.list_item("", nodes.paragraph("", "one")), nodes.list_item())
    page_design.Opening.set_list(None, numbered)
    assert numbered["classes"] == []
    assert [len(entry) for entry in numbered] == [1, 0]


@pytest.mark.parametrize(("code", "folded"), [("import math", True), ("import math\nmath.pi", False)])
def test_imports_fold_on_any_page(code, folded):
    cell = nodes.container("", nodes.literal_block(code, code), classes=["cell"])
    section = nodes.section("", nodes.paragraph(), cell)
    page_design.fold_imports(section)
    assert [isinstance(part, nodes.raw) for part in section] == [
        False,
        *([True, False, True] if folded else [False]),
    ]


def test_a_page_whose_first_cell_shows_no_code_stays_as_it_is():
    section = nodes.section("", nodes.container("", nodes.paragraph(), classes=["cell"]))
    page_design.fold_imports(section)
    assert len(section) == 1


def test_a_list_of_other_things_stays_a_list():
    facts = next(publish_doctree("- **Time** 35 minutes.\n- and more\n").findall(nodes.bullet_list))
    assert page_design.set_facts(facts) is None
    assert facts["classes"] == []
    assert len(facts) == 2


def test_pages_ask_for_one_sheet_and_one_script(tmp_path):
    """The theme's rules, imported ones too, stand in a layer, and what each page asked for has one place."""
    static = tmp_path / "_static"
    (static / "styles").mkdir(parents=True)
    icons = '@font-face{font-family:"FA";src:url(../vendor/fa-solid.woff2)}'
    (static / "styles/theme.css").write_text(f'@charset "UTF-8";@import "../basic.css";{icons}p{{color:red}}')
    (static / "basic.css").write_text("h1{color:blue} .mt-5{margin:5px}")
    (static / "book.css").write_text("h2{color:green}")
    (static / "one.js").write_text("const one = 1")
    (static / "two.js").write_text("const two = one + 1;")
    page = """<head><link rel="stylesheet" href="_static/styles/theme.css?v=1">
    <link rel="stylesheet" href="_static/book.css"><script src="_static/one.js"></script>
    <script src="_static/two.js"></script><script defer src="_static/late.js"></script></head>"""
    places = bundles.bundle(tmp_path, page, {"head", "link"})
    assert (
        static / "book.css"
    ).read_text() == "@layer theme {\nh1{color:blue}p{color:red}\n}\nh2{color:green}"
    assert (static / "book.js").read_text() == "const one = 1\n;const two = one + 1;"
    html = offline_assets.finish(page.replace("_static", "../_static"), places)
    asked = re.findall(r'(?:href|src)="([^"]+)"', html)
    assert [re.sub(r"\?v=\w{8}$", "", url) for url in asked] == [
        "../_static/book.css", "../_static/book.js", "../_static/late.js",
    ]  # fmt: skip
    assert offline_assets.finish(html, places) == html


def test_rules_that_no_page_needs_go():
    """A class is needed if it is a word of a page or script; what stands in :not(…) need not be there."""
    css = """@charset "UTF-8"; h1, .gone { color: red } .kept > .gone, .kept.here:hover { margin: 0 }
    a:not(.gone) { color: blue } .gone { top: 0 } #gone { top: 0 }
    @media print { .gone { left: 0 } .kept { left: 0 } }
    @media screen { .gone { left: 0 } } @keyframes turn { to { rotate: 1turn } } @font-face { src: url(x) }"""
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    left = bundles.needed(rules, {"kept", "here"})
    assert "gone" not in left.replace("a:not(.gone)", "")
    assert [part in left for part in ("h1{", ".kept.here:hover", "a:not(", "@keyframes turn")] == [True] * 4
    assert re.findall(r"@\w+ (?:print|screen) *\{.*?\}", left) == ["@media print {.kept { left: 0 }"]
    assert "font-face" not in left


def test_variables_that_nobody_reads_go():
    """Nor those that only they read; what our own rules or a script read stays."""
    css = ':root{--a:url("x;}y");--b:var(--a);--c:1px;--d:2px;color:var(--e)}p{--e:red;margin:var( --f)}'
    left = bundles.read_alone(css, "h1{top:var(--c)}", {"--d"})
    assert left == ":root{--c:1px;--d:2px;color:var(--e)}p{--e:red;margin:var( --f)}"


def test_fonts_keep_the_letters_that_are_written(tmp_path):
    """Those of a text, and those that a style sheet writes by their numbers."""
    names = ("mathjax/es5/output/chtml/fonts/woff-v2/MathJax_Main-Regular.woff",
             "@fontsource/m-plus-1-code/files/m-plus-1-code-latin-400-normal.woff2")  # fmt: skip
    files = [Path(shutil.copy(ROOT / "node_modules" / name, tmp_path)) for name in names]
    before = [file.stat().st_size for file in files]
    fonts.shrink(files, fonts.letters(["abc", r"\2208"]))
    for file, size, special in zip(files, before, ("∈", ""), strict=True):
        written = file.with_suffix(".woff2")
        font = TTFont(written)
        assert set(map(chr, font.getBestCmap())) >= set(f"abc{special}")
        assert font.flavor == "woff2"
        assert written.stat().st_size < size / 4
    assert len(list(tmp_path.iterdir())) == 2


def test_a_formulas_font_keeps_the_letters_of_formulas(tmp_path):
    """Of each style those in it; pieces of a tall bracket may be of any."""
    sheet = """
@font-face /* 1 */ {
  font-family: MJXTEX;
  src: url("../a/MathJax_Main-Regular.woff2") format("woff2");
}
@font-face /* 3 */ {
  font-family: MJXTEX-I;
  src: url("../a/MathJax_Math-Italic.woff2") format("woff2");
}

mjx-c.mjx-c1D465.TEX-I::before {
  padding: 0.442em 0.572em 0.011em 0;
  content: "x";
}

mjx-c.mjx-c2212::before {
  padding: 0.583em 0.778em 0.082em 0;
  content: "\\2212";
}

mjx-stretchy-v.mjx-c28 mjx-ext mjx-c::before {
  content: "\\239C";
}
"""
    letters = fonts.of_formulas(["no formula", sheet])
    main, italic = letters["MathJax_Main-Regular"], letters["MathJax_Math-Italic"]
    assert [letter in main for letter in "x−⎜"] == [False, True, True]
    assert [letter in italic for letter in "x−⎜"] == [True, False, True]
    font = "mathjax/es5/output/chtml/fonts/woff-v2/MathJax_Math-Italic.woff"
    copy = Path(shutil.copy(ROOT / "node_modules" / font, tmp_path))
    fonts.shrink([copy], set("abc"), letters)
    assert set(map(chr, TTFont(copy.with_suffix(".woff2")).getBestCmap())) == {"x"}


def test_a_font_with_none_of_the_letters_stays_as_it_is(tmp_path):
    """Browsers refuse a font that has no letters, and say so on the console."""
    font = ROOT / "node_modules/mathjax/es5/output/chtml/fonts/woff-v2/MathJax_Zero.woff"
    copy = Path(shutil.copy(font, tmp_path))
    fonts.shrink([copy], fonts.letters(["abc"]))
    before, after = TTFont(font), TTFont(copy.with_suffix(".woff2"))
    assert after.getGlyphOrder() == before.getGlyphOrder()
    assert after.getBestCmap() == before.getBestCmap()


def test_the_style_sheet_is_made_of_all_its_parts():
    files = {path.stem for path in (ROOT / "web/styles").glob("*.css")}
    assert files == set(bundles.PARTS)
    assert all(len(path.read_text().splitlines()) <= 150 for path in (ROOT / "web/styles").glob("*.css"))


def luminance(color):
    """The relative luminance of #rrggbb: https://www.w3.org/TR/WCAG21/#dfn-relative-luminance."""
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", ["html", 'html[data-theme="dark"]'])
def test_contrast_of_the_palette(theme):
    """Text has 4.5:1 on each ground that it stands on, controls and lines of figures 3:1."""
    css = (ROOT / "web/styles/tokens.css").read_text("utf-8")
    block = css.split(f"\n{theme} {{", 1)[1].split("}", 1)[0]
    colors = {
        name: value if len(value) == 7 else "#" + "".join(2 * c for c in value[1:])
        for name, value in re.findall(r"--([\w-]+): (#\w+);", block)
    }
    for least, names in ((4.5, ["ink", "quiet", "link", "warn"]), (3, ["blue", "vermilion", "track"])):
        for name in names:
            for ground in ("paper", "card", "tint"):
                dark, light = sorted(luminance(colors[one]) for one in (name, ground))
                assert (light + 0.05) / (dark + 0.05) >= least, (name, ground)


@pytest.mark.parametrize(
    ("printed", "columns"),
    [("a   1\nbc  2", True), ("   0   0   1", True), ("loss 0.5, accuracy 0.8\ndone", False)],
)
def test_what_is_printed_in_columns_is_marked(printed, columns):
    output, code = (
        nodes.literal_block(printed, printed, classes=["output", "stream"]),
        nodes.literal_block(printed, printed),
    )
    page_design.mark_columns(nodes.container("", output, code))
    assert ("columns" in output["classes"]) == columns
    assert not code["classes"]


@pytest.mark.parametrize("named", [True, False])
def test_a_table_whose_rows_begin_with_names_of_code_is_marked(named):
    first = nodes.literal("", "net") if named else nodes.Text("a network")
    first_entry = nodes.entry("", nodes.paragraph("", "", first))
    row = nodes.row("", first_entry, nodes.entry("", nodes.literal("", "net")))
    table = nodes.table("", nodes.tgroup("", nodes.tbody("", row)))
    page_design.mark_names(nodes.container("", table))
    assert ("names" in table["classes"]) == named
