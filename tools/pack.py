"""Pack the built site, the notebooks and the data into one file for a classroom without internet.

`make zip` writes _build/from-lines-to-labels.zip. READ-ME-FIRST.html says what to do with it. Of the
homework it has the students' sheets alone: no master, no hidden test, no grader.
"""

import gzip
import re
import sys
import zipfile
from pathlib import Path

from tools.tree import ROOT, files

OUT = ROOT / "_build/from-lines-to-labels.zip"
HTML = ROOT / "_build/html"
NAME = "from-lines-to-labels"  # the folder that it unpacks into
NOTEBOOKS = ["book", "utils", "pyproject.toml", "LICENSE", "LICENSE-text", "README.md", "requirements.lock"]
DATE = (2026, 1, 1, 0, 0, 0)  # the same content gives the same file
READ_ME = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Read me first</title>
<style>
body {{ font: 1.1rem/1.5 Georgia, serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }}
code, pre {{ font-size: 0.85em; background: #f5f2ea; padding: 0.1em 0.3em; }}
pre {{ padding: 0.8em; overflow-x: auto; }}
</style>
<h1>From Lines to Labels</h1>
<p>Version {version}. Nothing in this folder needs the internet. Unpack the whole file first.</p>
<h2>Read</h2>
<p><a href="site/index.html">Open the book</a> in any browser. Figures move, predictions take answers, and the
playground trains in the page. What a reader answers stays in the browser.</p>
<h2>Run</h2>
<p>The lessons are in <code>notebooks/book</code>, one folder for each chapter, and the data are in
<code>data</code>. The machine needs Python 3.11 or later with <code>torch</code>, <code>torchvision</code>,
<code>matplotlib</code>, <code>ipywidgets</code>, <code>platformdirs</code> and <code>jupyterlab</code>.
Install these once, where there is internet. After that, in the folder <code>notebooks</code>:</p>
<pre>export FASHION_MNIST_DIR="$PWD/../data" PYTHONPATH="$PWD"
jupyter lab book</pre>
<p>On Windows, in the command prompt:</p>
<pre>set FASHION_MNIST_DIR=%CD%\\..\\data
set PYTHONPATH=%CD%
jupyter lab book</pre>
<h2>Use</h2>
<p>Text and figures are under <a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>, code
is under the MIT license (<a href="notebooks/LICENSE">LICENSE</a>).
Fashion-MNIST is by Xiao, Rasul and Vollgraf, MIT license.</p>
</html>
"""


def data():
    """Yield the four files of Fashion-MNIST as (name, packed bytes), the same on each machine."""
    from utils import data as fashion

    for name, content in fashion._find_files(None).items():
        yield f"{name}.gz", gzip.compress(bytes(content), 6, mtime=0)


def parts():
    """Yield (place below the folder, content) for all that is packed."""
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)[1]
    yield "READ-ME-FIRST.html", READ_ME.format(version=version).encode()
    for path in sorted(HTML.rglob("*")):
        if path.is_file() and "downloads" not in path.relative_to(HTML).parts[:1]:
            yield f"site/{path.relative_to(HTML).as_posix()}", path.read_bytes()
    for path in files(*NOTEBOOKS):
        yield f"notebooks/{path.relative_to(ROOT).as_posix()}", path.read_bytes()
    for name, content in data():
        yield f"data/{name}", content


def pack(out):
    """Write the file, whole or not at all, and return how many files are in it."""
    part, count = out.with_suffix(".part"), 0
    with zipfile.ZipFile(part, "w") as packed:
        for name, content in parts():
            stored = name.endswith((".gz", ".woff2", ".png", ".webp"))
            about = zipfile.ZipInfo(f"{NAME}/{name}", DATE)
            about.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            about.external_attr = 0o644 << 16
            packed.writestr(about, content)
            count += 1
    part.replace(out)
    return count


if __name__ == "__main__":
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    count = pack(out)
    print(f"{out}: {count} files, {out.stat().st_size / 1e6:.1f} MB")
