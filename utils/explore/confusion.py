"""A confusion matrix whose chosen cell shows its images, and how a linear model sees one of them."""

import base64
import io

import numpy as np
from PIL import Image

from utils.explore.element import element, fault, table

TITLE = "Try it: choose a cell, by pointer or arrow keys, and look at the images that fell into it."
SEEN = " Then press an image to see what each of its pixels, times its weight, adds to the logits."
LEVELS = 16  # of gray that the images keep: half the bytes of 256, and hardly another logit


def confusion(counts, classes, images_by_cell, weights=None, bias=None, *, each=4):
    """Show a confusion matrix whose chosen cell shows its images (lesson "What it learned").

    With the weights of a linear model, a chosen image is shown as they see it: pixel × weight for the
    predicted class, for the true one (where they are one: for the next best), and their difference.

    Args:
        counts: integers (k, k), a row for each true class and a column for each predicted one.
        classes: the k names.
        images_by_cell: a dictionary from (true index, predicted index) to uint8 images (m, 28, 28). They are
            rounded to 16 levels of gray.
        weights: (784, k), of a linear model whose pixels go from 0 to 1, or None.
        bias: (k,), its biases.
        each: how many images of a cell are kept; first those that the rounding leaves in their cell.
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if counts, images, weights or bias have another shape or dtype, or if it adds over 150 KB
            to a page.
    """
    counts, n = np.asarray(counts), len(classes)
    if counts.shape != (n, n):
        raise ValueError(f"A confusion matrix of {n} classes has shape {n, n}, not {counts.shape}.")
    model = {}
    if weights is not None:
        weights, bias = np.asarray(weights, float), np.asarray(bias, float)
        if weights.shape != (784, n) or bias.shape != (n,):
            raise fault(TITLE, f"weights need shape {784, n}, bias {(n,)}, not {weights.shape}, {bias.shape}")
        scale = np.abs(weights).max() / 32767 or 1.0
        integers = (weights / scale).round().astype("<i2")
        model = {
            "weights": base64.b64encode(integers.tobytes()).decode(),
            "scale": scale,
            "bias": bias.tolist(),
        }
    strips = {}
    for (i, j), images in images_by_cell.items():
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
            raise ValueError(
                f"Cell {i, j} needs images uint8 (m, 28, 28), not {images.dtype} {images.shape}."
            )
        step = 255 / (LEVELS - 1)
        rounded = ((images / step).round() * step).astype(np.uint8)
        if weights is not None:
            logits = rounded.reshape(-1, 784) / 255 @ weights + bias
            rounded = rounded[np.argsort(logits.argmax(1) != j, kind="stable")]
        if len(rounded):
            strips[f"{i},{j}"] = webp(np.hstack(rounded[:each]))
    rows = [(name, *row) for name, row in zip(classes, counts.tolist(), strict=True)]
    return element(
        "confusion",
        title=TITLE + (SEEN if model else ""),
        notice="The diagonal is right; the large numbers beside it are classes that look alike.",
        fallback=table(("true ↓ predicted →", *classes), rows),
        counts=counts.tolist(),
        classes=list(classes),
        images=strips,
        start=[0, 0],  # on the diagonal: which mistake is the most frequent is for the reader to find
        **model,
    )


def webp(pixels):
    """Return a lossless data URI of gray pixels, uint8 (h, w)."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", lossless=True, quality=100, method=6)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
