"""A confusion matrix whose chosen cell shows its images."""

import numpy as np
from PIL import Image

from utils.explore.element import element, table
from utils.explore.encoding import webp_uri


def confusion(counts, classes, images_by_cell):
    """Show a confusion matrix whose chosen cell shows its images (lesson "What it learned").

    Args:
        counts: integers (k, k), a row for each true class and a column for each predicted one.
        classes: the k names.
        images_by_cell: a dictionary from (true index, predicted index) to uint8 images (m, 28, 28), about
            ten of them at most.
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if counts or images have another shape or dtype, or if it adds over 150 KB to a page.
    """
    counts, n = np.asarray(counts), len(classes)
    if counts.shape != (n, n):
        raise ValueError(f"A confusion matrix of {n} classes has shape {n, n}, not {counts.shape}.")
    strips = {}
    for (i, j), images in images_by_cell.items():
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
            raise ValueError(
                f"Cell {i, j} needs images uint8 (k, 28, 28), not {images.dtype} {images.shape}."
            )
        strips[f"{i},{j}"] = webp_uri(Image.fromarray(np.hstack(images)))
    wrong = counts - np.diag(np.diag(counts))
    rows = [(name, *row) for name, row in zip(classes, counts.tolist(), strict=True)]
    return element(
        "confusion",
        title="Try it: choose a cell, by pointer or arrow keys, and look at the images that fell into it.",
        notice="Notice: the diagonal is right; the large numbers beside it are classes that look alike.",
        fallback=table(("true ↓ predicted →", *classes), rows),
        counts=counts.tolist(),
        classes=list(classes),
        images=strips,
        start=[int(k) for k in np.unravel_index(wrong.argmax(), wrong.shape)],  # the most frequent mistake
    )
