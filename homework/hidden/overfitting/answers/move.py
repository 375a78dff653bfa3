"""move: each image of X (n, height, width), moved by its own (down, right); `fill` enters."""

import torch
import torch.nn.functional as F

from homework.grader.answers import bug, right


@right("pixel by pixel")
def move(X, steps, fill):
    n, height, width = X.shape
    out = torch.full(X.shape, fill, dtype=X.dtype)
    if bug("always float32"):
        out = torch.full(X.shape, fill)
    if bug("zeros enter"):
        out = torch.zeros_like(X)
    if bug("keeps what was there"):
        out = X.clone()
    if bug("works in X itself"):
        out = X
    for i in range(n):
        down, right = steps[i].tolist()
        if bug("all by the first step"):
            down, right = steps[0].tolist()
        if bug("ignores the sign"):
            down, right = abs(down), abs(right)
        if bug("the other direction"):
            down, right = -down, -right
        if bug("rows and columns exchanged"):
            down, right = right, down
        for r in range(height):
            for c in range(width):
                a, b = r - down, c - right
                if bug("wraps around"):
                    a, b = a % height, b % width
                if bug("repeats the edge"):
                    a, b = min(max(a, 0), height - 1), min(max(b, 0), width - 1)
                there = 0 <= a < height and 0 <= b < width
                if bug("wraps at the top and left"):
                    there = a < height and b < width
                if bug("a frame that is square"):
                    there = there and b < height
                if bug("loses a row"):
                    there = there and a > 0
                if there:
                    out[i, r, c] = X[i, a, b]
    return out


@right("by padding and cutting out")
def move(X, steps, fill):
    _, height, width = X.shape
    wide = F.pad(X, (width, width, height, height), value=fill)
    out = []
    for image, step in zip(wide, steps, strict=True):
        top = height - max(-height, min(height, int(step[0])))
        left = width - max(-width, min(width, int(step[1])))
        out.append(image[top : top + height, left : left + width])
    return torch.stack(out)
