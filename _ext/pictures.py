"""The pictures of the chapters, drawn from the chapters' own numbers when the site is built.

Each is an inline SVG whose classes have their colors from web/styles/figures.css, so that light and dark need
one drawing: ink is the page's, blue the model, vermilion its errors.
"""

from functools import cache

import numpy as np
import torch

from tools.tree import ROOT, read
from utils.data import load_fashion_mnist

WIDTH, HEIGHT = 240, 150
FLOOR = f'<path class="hair" d="M6 138H{WIDTH - 6}"/>'
# The courier's ten trips, as on the front page: kilometers and minutes.
TRIPS = np.array([0.5, 0.9, 1.4, 1.8, 2.3, 2.7, 3.2, 3.6, 4.1, 4.7])
TOOK = np.array([5.6, 4.9, 10.3, 9.1, 13.4, 11.9, 17.2, 16.0, 21.6, 20.8])


@cache
def drawing(chapter):
    """Return the picture of a chapter, named as its folder is, as an inline SVG; "" if it has none."""
    if chapter not in DRAWINGS:
        return ""
    body = DRAWINGS[chapter]()
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg class="drawing" {box} aria-hidden="true" focusable="false">{body}</svg>'


def path(x, y):
    """Return the data of a path through points."""
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))


def points(x, y):
    """Return dots."""
    dots = (f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.4"/>' for a, b in zip(x, y, strict=True))
    return f'<g class="ink-fill">{"".join(dots)}</g>'


def line():
    """The courier's trips, a line that is not the best yet, and the squares of its errors."""
    slope, start, unit = 1.55, 8.2, 5.4
    x, y, at = 14 + 44 * TRIPS, 134 - unit * TOOK, 134 - unit * (start + slope * TRIPS)
    squares = ""
    for left, height, guess in zip(x, y, at, strict=True):
        side = abs(guess - height)
        left -= side if left + side > WIDTH - 4 or (guess < height) == (left > 66) else 0
        squares += (
            f'<rect x="{left:.1f}" y="{min(height, guess):.1f}" width="{side:.1f}" height="{side:.1f}"/>'
        )
    ends = np.array([-0.1, 4.95])
    through = path(14 + 44 * ends, 134 - unit * (start + slope * ends))
    model = f'<path class="blue thick" d="{through}"/>'
    return f'{FLOOR}<g class="vermilion tint">{squares}</g>{model}{points(x, y)}'


def clothes():
    """The first training image, in squares of two by two pixels, and what softmax regression says of it.

    The model has taken 300 steps on 6,000 images. A temperature of 2 lets the small probabilities show.
    """
    images, labels = (tensor[:6000] for tensor in load_fashion_mnist("cpu").train.tensors)
    inputs, onehot = images.flatten(1).double(), torch.eye(10, dtype=torch.double)[labels]
    weights = torch.zeros(784, 10, dtype=torch.double)
    for k in range(300):
        batch = torch.arange(256 * k, 256 * k + 256) % 6000
        error = torch.softmax(inputs[batch] @ weights, 1) - onehot[batch]
        weights -= 0.3 * inputs[batch].T @ error / 256
    said = torch.softmax(inputs[0] @ weights / 2, 0)
    coarse = images[0].reshape(14, 2, 14, 2).mean((1, 3))
    shown = ""
    for low, high, opacity in ((0.12, 0.4, 0.3), (0.4, 0.62, 0.55), (0.62, 0.8, 0.8), (0.8, 1.1, 1)):
        places = ((coarse >= low) & (coarse < high)).nonzero().tolist()
        cells = "".join(f"M{6 + 9 * column} {12 + 9 * row}h7.8v7.8h-7.8z" for row, column in places)
        shown += f'<path d="{cells}" opacity="{opacity}"/>'
    bars = "".join(
        f'<rect class="{"blue-fill" if k == labels[0] else "faint"}" x="152" y="{17 + 12 * k}" '
        f'width="{max(2.5, 80 * p / said.max()):.1f}" height="7.5" rx="1"/>'
        for k, p in enumerate(said)
    )
    return f'<g class="ink-fill">{shown}</g>{bars}<path class="hair" d="M150 12V138"/>'


def five_lines():
    """The lines of the classifier built by hand, as long as they are, and the five that replace them."""
    cells = read(ROOT / "book/softmax-concise/same-model.ipynb")["cells"]
    code = [
        c["source"]
        for c in cells
        if c["cell_type"] == "code" and "setup" not in c["metadata"].get("tags", [])
    ]
    by_hand = [text.rstrip("\n") for source in code[1:4] for text in source if text.strip()]
    short = [
        "net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))",
        "loss = nn.CrossEntropyLoss()",
        "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)",
        "loss(net(X), y).backward()",
        "optimizer.step()",
    ]
    step = 126 / len(by_hand)
    faint = "".join(
        f"M{8 + 1.15 * (len(row) - len(row.lstrip())):.0f} {13 + step * k:.1f}h{1.15 * len(row.strip()):.0f}"
        for k, row in enumerate(by_hand)
    )
    bold = "".join(f"M140 {35 + 20 * k}h{1.72 * len(text):.0f}" for k, text in enumerate(short))
    arrow = '<path class="ink" d="M119 75h10m-4 -4l4 4l-4 4"/>'
    return f'<path class="ink faint-line" d="{faint}"/>{arrow}<path class="blue bar" d="{bold}"/>'


def overflow():
    """The exponential function, what a float with one bit of significand keeps of it, and its overflow."""
    x = np.linspace(0, 4.35, 220)
    y = np.exp(x)
    unit = 2.0 ** (np.floor(np.log2(y)) - 1)
    kept = np.round(y / unit) * unit
    inside = (y < 76) & (kept < 72)
    x, y, kept = x[inside], y[inside], kept[inside]
    across, up = 10 + 50 * x, lambda value: 138 - 1.62 * value
    corners = np.flatnonzero(np.diff(kept)) + 1
    steps = np.repeat(across[corners], 2), up(np.stack([kept[corners - 1], kept[corners]], 1).ravel())
    stairs = path([across[0], *steps[0], across[-1]], [up(kept[0]), *steps[1], up(kept[-1])])
    floats = sorted((10 + 3.5 * m * 2.0**k, -9 if m == 4 else -5) for k in range(5) for m in (4, 5, 6, 7))
    ticks = "".join(f"M{place:.1f} 138v{height}" for place, height in floats if place < 236)
    end, last = across[-1], up(kept[-1])
    return (
        f'{FLOOR}<path class="ink thin" d="{ticks}"/>'
        f'<path class="blue thick" d="{path(across[::8], up(y[::8]))}"/>'
        f'<path class="vermilion mid" d="{stairs}"/>'
        f'<path class="vermilion mid dash" d="M{end:.1f} {last:.1f}V8"/>'
        f'<circle class="vermilion hole" cx="{end:.1f}" cy="{last:.1f}" r="4"/>'
    )


def polynomial():
    """Ten noisy points, the curve they come from, and the polynomial of degree nine that hits them all."""
    x = np.linspace(0.03, 0.97, 10)
    curve = lambda t: np.sin(2 * np.pi * 0.92 * t)  # noqa: E731
    y = curve(x) + np.random.default_rng(11).normal(0, 0.22, 10)
    fit = np.polynomial.Polynomial.fit(x, y, 9)
    t = np.linspace(0.008, 0.992, 110)
    across, up = lambda a: 10 + 220 * a, lambda b: np.clip(75 - 42 * b, -9, HEIGHT + 10)
    truth = f'<path class="blue thick" d="{path(across(t[::4]), up(curve(t[::4])))}"/>'
    hits = f'<path class="vermilion mid" d="{path(across(t), up(fit(t)))}"/>'
    return f"{FLOOR}{truth}{hits}{points(across(x), up(y))}"


DRAWINGS = {
    "linear-regression": line,
    "softmax-from-scratch": clothes,
    "softmax-concise": five_lines,
    "numerical-stability": overflow,
    "overfitting": polynomial,
}
