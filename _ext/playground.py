"""The playground, a figure that trains in the reader's browser: the directive `{playground}`, and its images.

The images are fetched when the reader first trains. They come as a script, since a page that was opened as a
file may fetch nothing else, and there is a smaller set for slow lines.
"""

import base64
import functools
import json
import zlib
from html import escape
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from docutils import nodes
from PIL import Image
from sphinx.util.docutils import SphinxDirective

from utils.data import batches, load_fashion_mnist
from utils.explore.element import heading
from utils.explore.encoding import webp_uri

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "web/playground"
PARTS = [
    *(ROOT / "utils/explore" / f"{part}.js" for part in ("base", "machine")),
    *(FOLDER / f"{part}.js" for part in ("engine", "drawing", "controls")),
]
SETS = {"images": (5000, 2000), "images-small": (2000, 1000)}  # of training and of validation images
TITLE = "Try it: choose an experiment, predict, and press Play. Then change one thing, or plant a bug."
NOTICE = "Your browser does the arithmetic. The run before stays in the figure, in gray."


@functools.cache
def sets(train, val):
    """Return the first images of the training set and of the validation set, with 16 levels of gray.

    Returns:
        Two pairs of arrays, both uint8: gray values (n, 784) from 0 to 15, and labels (n,).
    """
    data = load_fashion_mnist()
    return [
        ((X[:n].flatten(1) * 15).round().byte().numpy(), y[:n].byte().numpy())
        for (X, y), n in ((data.train.tensors, train), (data.val.tensors, val))
    ]


def packed(train, val):
    """Return the sets as a script: two 4-bit numbers a byte, deflated, in base64."""
    flat = np.concatenate([part.ravel() for pair in sets(train, val) for part in pair])
    pairs = (flat[::2] << 4 | flat[1::2]).tobytes()
    text = base64.b64encode(zlib.compress(pairs, 9)).decode()
    return f'globalThis.playgroundImages = {{ train: {train}, val: {val}, packed: "{text}" }};\n'


def write_images(app):
    """Write the scripts with the images into the site."""
    if app.builder.format == "html":
        folder = Path(app.outdir, "_static/playground")
        folder.mkdir(parents=True, exist_ok=True)
        for name, sizes in SETS.items():
            (folder / f"{name}.js").write_text(packed(*sizes), "utf-8")


def words():
    """Return the texts and settings: bugs {name: [label, symptom]}, experiments {anchor: settings}."""
    return json.loads((FOLDER / "experiments.json").read_text("utf-8"))


def script():
    """Return the element's script: what all figures share, and its own parts."""
    style = json.dumps((FOLDER / "playground.css").read_text("utf-8"))
    return f"const STYLE = {style};\n" + "".join(part.read_text("utf-8") for part in PARTS)


def still(train, val, epochs=10):
    """Return HTML of what training ends with: the templates of the classes, and words."""
    (X, y), (X_val, y_val) = (
        (torch.from_numpy(images) / 15, torch.from_numpy(labels).long())
        for images, labels in sets(train, val)
    )
    generator = torch.Generator().manual_seed(11)
    W = torch.normal(0, 0.01, (784, 10), generator=generator).requires_grad_()
    b = torch.zeros(10, requires_grad=True)
    optimizer = torch.optim.SGD([W, b], lr=0.1)
    for _ in range(epochs):
        for X_batch, y_batch in batches(torch.utils.data.TensorDataset(X, y), 256, True, generator):
            optimizer.zero_grad()
            F.cross_entropy(X_batch @ W + b, y_batch).backward()
            optimizer.step()
    with torch.no_grad():
        accuracy = ((X_val @ W + b).argmax(1) == y_val).float().mean()
        templates = (0.5 + W.T.reshape(2, 5, 28, 28) / W.abs().max()).clamp(0, 1)
    grid = (templates.permute(0, 2, 1, 3).reshape(56, 140) * 255).byte().numpy()
    large = Image.fromarray(grid).resize((560, 224), Image.Resampling.NEAREST)
    alt = "The weights of the ten classes, drawn as images: white for the class, black against it."
    said = (
        f"After {epochs} epochs on {train:,} images, softmax regression classifies {accuracy:.2f} of {val:,} "
        "validation images correctly. These are its weights, a picture for each class: white speaks for the "
        "class, black against it."
    )
    return (
        f'<figure class="explore-still"><img src="{webp_uri(large)}" alt="{alt}" width="560" height="224">'
        f"<figcaption>{said}</figcaption></figure>"
    )


def element(folder, fallback=""):
    """Return the HTML of the figure with its script; `folder` is where a page finds the images."""
    data = {"folder": folder, "classes": load_fashion_mnist().classes, "sets": SETS, **words()}
    text = escape(json.dumps(data, ensure_ascii=False), quote=False).replace('"', "&quot;")
    return f"""<explore-playground class="explore" role="group" aria-label="{escape(TITLE)}" data="{text}">
<div slot="heading">{heading(TITLE, NOTICE)}</div>{fallback}</explore-playground>
<script>if (!customElements.get("explore-playground")) {{
{script()}}}</script>"""


class Playground(SphinxDirective):
    """The directive `{playground}`: the figure, on a card as the output of a cell."""

    def run(self):
        """Return its HTML."""
        for part in (*PARTS, *FOLDER.iterdir()):
            self.env.note_dependency(str(part))
        folder = "../" * self.env.docname.count("/") + "_static/playground/"
        html = element(folder, still(*SETS["images"]))
        return [nodes.container("", nodes.raw("", html, format="html"), classes=["cell_output"])]


def setup(app):
    """Register the directive, and write the images before the pages."""
    app.add_directive("playground", Playground)
    app.connect("builder-inited", write_images)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
