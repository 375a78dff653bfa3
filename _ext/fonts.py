"""Leave in the site's fonts the letters that its pages have: half of a font's bytes are for others."""

import logging
import re
from collections import defaultdict

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of each table
ESCAPED = re.compile(r"\\([0-9A-F]{2,5})")  # as a style sheet writes ∑, of a formula
# In the style sheet of a page's formulas: the file of each font, and which letters are written in it.
FACE = re.compile(r'font-family: (MJX[\w-]+);\s+src: url\("[^"]*/([\w-]+)\.woff2?"\)')
WRITTEN = re.compile(r'\n(mjx-[^{}\n]+)::before \{[^{}]*?content: "((?:[^"\\]|\\.)*)";')
IN_ONE_FONT = re.compile(r"mjx-c\.mjx-c\w+(?:\.TEX(-\w+))?")


def letters(texts):
    """Return the letters of pages, style sheets and scripts."""
    found = set()
    for text in texts:
        found.update(text, (chr(int(code, 16)) for code in ESCAPED.findall(text)))
    return found


def of_formulas(sheets):
    """Return which letters formulas have in each of MathJax's fonts, by the name of its file.

    Args:
        sheets: the style sheets of the pages' formulas, as MathJax writes them.
    """
    found = defaultdict(set)
    for sheet in sheets:
        files = dict(FACE.findall(sheet))
        for selector, text in WRITTEN.findall(sheet):
            one = IN_ONE_FONT.fullmatch(selector)
            # A tall bracket is put together from pieces of several fonts.
            for family in [f"MJXTEX{one[1] or ''}"] if one else files:
                found[files[family]].update(ESCAPED.sub(lambda code: chr(int(code[1], 16)), text))
    return found


def shrink(files, kept, own=None):
    """Write these font files again, as WOFF2, with the letters that are kept alone.

    A font that has none of them stays as it is: browsers refuse one without letters, and formulas name
    MathJax_Zero.

    Args:
        files: their paths.
        kept: the letters.
        own: other letters for some of the files, by their names without suffix.
    """
    for file in files:
        font = TTFont(file, recalcTimestamp=False, lazy=False)
        text = (own or {}).get(file.stem, kept)
        if not text.isdisjoint(map(chr, font.getBestCmap())):
            subsetter = Subsetter(Options(hinting=False, drop_tables=["FFTM"]))
            subsetter.populate(text="".join(text))
            subsetter.subset(font)
        elif file.suffix == ".woff2":
            continue
        font.flavor = "woff2"
        font.save(file.with_suffix(".woff2"))
        if file.suffix != ".woff2":
            file.unlink()
