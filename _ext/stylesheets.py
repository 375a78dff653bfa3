"""One style sheet of the book's own, web/styles, that always comes before the theme's.

The theme's rules are put into a cascade layer: a rule of ours then needs neither `!important` nor a longer
selector. And the 2,000 rules that name the characters of its icon font go, as the font is not there.
"""

import re
from pathlib import Path

OWN = "book.css"
# The order of the parts: what the others use stands first.
PARTS = ["tokens", "text", "frame", "opening", "code", "boxes", "figures", "cover", "print"]
IMPORT = re.compile(r"@import[^;]+;")
ICONS = re.compile(
    r"\.fa-[\w-]+(?:,\.fa-[\w-]+)*\{--fa:[^}]*\}|(?:\.fa-[\w-]+:before,?)+\{content:\"[^\"]*\"\}"
)


def join(app):
    """Write the book's own style sheet."""
    if app.builder.format == "html":
        parts = (Path(app.srcdir, "web/styles", f"{part}.css").read_text("utf-8") for part in PARTS)
        Path(app.outdir, "_static").mkdir(parents=True, exist_ok=True)
        Path(app.outdir, "_static", OWN).write_text("\n".join(parts), "utf-8")


def put_into_layer(app, error):
    """Put every other style sheet into the layer `theme`."""
    if error or app.builder.format != "html":
        return
    for sheet in Path(app.outdir, "_static").rglob("*.css"):
        if sheet.name != OWN:
            sheet.write_text(layered(sheet.read_text("utf-8")), "utf-8")


def layered(css):
    """Return a style sheet within the layer `theme`, without the icon font's rules; once is enough."""
    if "@layer theme {" in css:
        return css
    imports = "".join(IMPORT.findall(css))  # these must stand first; what they bring is in the layer, too
    css = ICONS.sub("", IMPORT.sub("", css.removeprefix('@charset "UTF-8";')))
    return f"{imports}@layer theme {{\n{css}\n}}\n"


def setup(app):
    """Connect to Sphinx: join before the pages are written, put into the layer after."""
    app.connect("builder-inited", join)
    app.connect("build-finished", put_into_layer, priority=900)  # the theme writes one of its own there
    return {"parallel_read_safe": True, "parallel_write_safe": True}
