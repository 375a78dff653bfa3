"""Leave in the site's fonts the letters that its pages have: half of a font's bytes are for others."""

import logging
import re

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of each table
ESCAPED = re.compile(r"\\([0-9A-F]{2,5})")  # as a style sheet writes ∑, of a formula


def letters(texts):
    """Return the letters of pages, style sheets and scripts."""
    found = set()
    for text in texts:
        found.update(text, (chr(int(code, 16)) for code in ESCAPED.findall(text)))
    return found


def shrink(files, kept):
    """Write these font files again with the letters that are kept alone; one that has none of them stays."""
    for file in files:
        font = TTFont(file, recalcTimestamp=False, lazy=False)
        if kept.isdisjoint(map(chr, font.getBestCmap())):
            continue  # browsers refuse a font without letters, and formulas name MathJax_Zero
        subsetter = Subsetter(Options(hinting=False, drop_tables=["FFTM"]))
        subsetter.populate(text="".join(kept))
        subsetter.subset(font)
        font.save(file)
