"""Hidden tests of the sheet "Overfitting", with known wrong and right answers."""

import math

import torch
from torch.nn import functional as F

from homework.grader.hidden import Sheet

sheet = Sheet("overfitting")


def draw(*shape, seed=0):
    """Standard normal numbers, the same in each run."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def near(value, expected, atol=1e-4):
    """Is this a tensor of the expected shape and dtype, near the expected numbers?"""
    same_kind = value.shape == expected.shape and value.dtype == expected.dtype
    return same_kind and torch.allclose(value, expected, rtol=1e-4, atol=atol)


def variants(question, template, pieces, wrongs):
    """Add a wrong answer for each pair (why, other pieces) put into the template."""
    for why, other in wrongs:
        sheet.wrong(question, why, template.format(**{**pieces, **other}))


# 1 ---------------------------------------------------------------------------------------------- best_epoch


@sheet.test("best_epoch", points=1, says="Waits for as many epochs as patience says, and keeps the best one.")
def best_epoch_patience(call):
    losses = [4.0, 5.0, 3.0, 3.5, 3.25, 2.0, 2.0, 2.5, 2.25, 2.75, 1.0]
    expected = {1: (1, 2), 2: (3, 5), 3: (6, 9), 4: (6, 10), 5: (11, 11), 20: (11, 11)}
    for patience, pair in expected.items():
        assert tuple(call("best_epoch", losses, patience, 0.0)) == pair


@sheet.test("best_epoch", points=1, says="A new best is lower than the best so far by more than min_delta.")
def best_epoch_min_delta(call):
    slow = [2.0 - k / 8 for k in range(12)]
    for delta, patience, pair in [
        (0.0, 1, (12, 12)),
        (0.125, 5, (11, 12)),
        (0.25, 3, (10, 12)),
        (0.25, 2, (1, 3)),
        (0.5, 4, (1, 5)),
        (0.5, 9, (11, 12)),
    ]:
        assert tuple(call("best_epoch", slow, patience, delta)) == pair


@sheet.test("best_epoch", points=1, says="Short lists, nan, and a training that never improves.")
def best_epoch_edges(call):
    for losses, patience, pair in [
        ([3.0], 1, (1, 1)),
        ([3.0, 4.0], 1, (1, 2)),
        ([3.0, 4.0, 5.0], 7, (1, 3)),
        ([3.0, 2.0], 1, (2, 2)),
        ([3.0, math.nan, math.nan, 2.0], 2, (1, 3)),
        ([3.0, math.nan, 2.0, math.nan], 2, (3, 4)),
        ([3.0, 2.0, 2.0, 2.0], 2, (2, 4)),
    ]:
        assert tuple(call("best_epoch", losses, patience, 0.0)) == pair


BEST_EPOCH = """
def best_epoch(losses, patience, min_delta):
    lowest, best, waited = losses[0], 1, 0
    for epoch, loss in enumerate(losses[1:], 2):
        if {better}:
            lowest, best, waited = loss, epoch, 0
        else:
            waited += 1
        if waited {enough}:
            return {stop}
        {after}
    return {end}
"""
PIECES = {
    "better": "loss < lowest - min_delta",
    "enough": ">= patience",
    "stop": "best, epoch",
    "after": "",
    "end": "best, len(losses)",
}
variants(
    "best_epoch",
    BEST_EPOCH,
    PIECES,
    [
        ("counts from 0", {"stop": "best - 1, epoch - 1", "end": "best - 1, len(losses) - 1"}),
        ("one epoch too patient", {"enough": "> patience"}),
        ("one epoch too impatient", {"enough": ">= patience - 1"}),
        ("keeps the last weights", {"stop": "epoch, epoch"}),
        ("ignores min_delta", {"better": "loss < lowest"}),
        ("min_delta itself is enough", {"better": "loss <= lowest - min_delta"}),
        ("min_delta the wrong way", {"better": "loss < lowest + min_delta"}),
        ("compares with the epoch before", {"better": "loss < losses[epoch - 2] - min_delta"}),
        ("nan counts as better", {"better": "not loss >= lowest - min_delta"}),
        ("the lowest of the whole list", {"stop": "losses.index(min(losses)) + 1, epoch"}),
        ("no end where nothing stops", {"end": "best, best + patience"}),
    ],
)
sheet.wrong(
    "best_epoch",
    "bad epochs are counted, but not in a row",
    BEST_EPOCH.format(**PIECES).replace("loss, epoch, 0", "loss, epoch, waited"),
)
sheet.right("best_epoch", "a count of waiting epochs", BEST_EPOCH.format(**PIECES))
sheet.right(
    "best_epoch",
    "a while loop over positions",
    """
def best_epoch(losses, patience, min_delta):
    best = last = 0
    while last < len(losses) - 1 and last - best < patience:
        last += 1
        if losses[best] - losses[last] > min_delta:
            best = last
    return [best + 1, last + 1]
""",
)

# 2 ------------------------------------------------------------------------------------------------- l1_step


def l1_expected(w, gradient, lr, strength):
    z = w - lr * gradient
    return torch.where(z.abs() > lr * strength, z - lr * strength * z.sign(), torch.zeros_like(z))


@sheet.test("l1_step", points=1, says="Each weight is pulled towards 0 by the same length, and stops there.")
def l1_pull(call):
    for shape, lr, strength in [((40,), 0.1, 3.0), ((6, 5), 0.5, 2.5), ((2, 3, 4), 2.0, 0.25)]:
        w = draw(*shape, seed=len(shape))
        new = call("l1_step", w, torch.zeros(shape), lr, strength)
        assert near(new, l1_expected(w, torch.zeros(shape), lr, strength), 1e-6)
        assert (new == 0).any()


@sheet.test("l1_step", points=1, says="The step against the gradient comes first, whatever its direction.")
def l1_gradient(call):
    for lr, strength in [(0.5, 1.0), (0.1, 0.5), (2.0, 0.3)]:
        w, gradient = draw(50, seed=1), draw(50, seed=2)
        new = call("l1_step", w, gradient, lr, strength)
        assert near(new, l1_expected(w, gradient, lr, strength), 1e-5)


@sheet.test("l1_step", points=1, says="Strength 0, strength below 0, and arguments left as they were.")
def l1_edges(call):
    w, gradient = draw(4, 3, seed=3), draw(4, 3, seed=4)
    new, after = call.after("l1_step", w, gradient, 0.25, 0.0)
    assert near(new, w - 0.25 * gradient, 1e-6)
    assert torch.equal(after[0], w)
    assert torch.equal(after[1], gradient)
    assert near(call("l1_step", w, gradient, 0.25, 0.5), l1_expected(w, gradient, 0.25, 0.5), 1e-6)
    assert call.raises("ValueError", "l1_step", w, gradient, 0.25, -0.5)


sheet.forbid(
    "l1_step",
    *("torch.nn.functional.softshrink", "torch.nn.Softshrink", "torch.softshrink"),
    *("torch.ops.aten.softshrink", "torch._C._nn.softshrink"),
)
L1_STEP = """
def l1_step(w, gradient, lr, strength):
    if {refuse}:
        raise ValueError("strength")
    z = {z}
    force = {force}
    return {new}
"""
PIECES = {
    "refuse": "strength < 0",
    "z": "w - lr * gradient",
    "force": "lr * strength",
    "new": "z.sign() * torch.relu(z.abs() - force)",
}
variants(
    "l1_step",
    L1_STEP,
    PIECES,
    [
        ("jumps over 0", {"new": "z - force * z.sign()"}),
        ("L2", {"new": "(1 - force) * z"}),
        ("hard threshold", {"new": "torch.where(z.abs() > force, z, 0.0)"}),
        ("the pull without lr", {"force": "strength"}),
        ("all weights are positive", {"new": "torch.relu(z - force)"}),
        ("negative weights grow", {"new": "torch.where(z > 0, torch.relu(z - force), z - force)"}),
        (
            "pull first, then the gradient",
            {"z": "w", "new": "z.sign() * torch.relu(z.abs() - force) - lr * gradient"},
        ),
        ("the sign of the old weight", {"new": "w.sign() * torch.relu(z.abs() - force)"}),
        ("uphill", {"z": "w + lr * gradient"}),
        ("without the gradient", {"z": "w"}),
        ("refuses 0", {"refuse": "strength <= 0"}),
        ("refuses nothing", {"refuse": "False"}),
        ("changes w", {"z": "w.sub_(lr * gradient)"}),
        ("torch's own", {"new": "torch.nn.functional.softshrink(z, force)"}),
        ("torch's own layer", {"new": "torch.nn.Softshrink(force)(z)"}),
    ],
)
sheet.right(
    "l1_step",
    "two clamps",
    """
def l1_step(w, gradient, lr, strength):
    if not strength >= 0:
        raise ValueError("strength")
    z, pull = w - lr * gradient, lr * strength
    return torch.clamp(z - pull, min=0) + torch.clamp(z + pull, max=0)
""",
)
sheet.right(
    "l1_step",
    "what is taken, at most the weight itself",
    """
def l1_step(w, gradient, lr, strength):
    if strength < 0:
        raise ValueError("strength")
    z = w - lr * gradient
    return z - z.clamp(-lr * strength, lr * strength)
""",
)

# 3 ------------------------------------------------------------------------------------------- after_dropout


def moments(H, W, b, p):
    spread = (H**2 * p / (1 - p))[:, :, None] * W**2  # (n, d, K)
    return H @ W + b, spread.sum(1)


@sheet.test("after_dropout", points=1, says="The mean is that of the layer without dropout.")
def dropout_mean(call):
    for n, d, K, p in [(3, 5, 4, 0.5), (1, 1, 1, 0.9), (6, 2, 3, 0.1)]:
        H, W, b = draw(n, d, seed=n), draw(d, K, seed=d), draw(K, seed=K)
        assert near(call("after_dropout", H, W, b, p)[0], moments(H, W, b, p)[0])


@sheet.test("after_dropout", points=1, says="The variance, for any p and any number of hidden values.")
def dropout_variance(call):
    for n, d, K, p in [(3, 5, 4, 0.5), (1, 1, 1, 0.9), (6, 2, 3, 0.1), (4, 4, 4, 0.75)]:
        H, W, b = draw(n, d, seed=n), draw(d, K, seed=d), draw(K, seed=K)
        assert near(call("after_dropout", H, W, b, p)[1], moments(H, W, b, p)[1])


@sheet.test("after_dropout", points=1, says="No dropout is no noise; a p outside 0 ≤ p < 1 is refused.")
def dropout_edges(call):
    H, W, b = draw(2, 3, seed=1), draw(3, 2, seed=2), draw(2, seed=3)
    mean, variance = call("after_dropout", H, W, b, 0.0)
    assert near(mean, H @ W + b)
    assert torch.equal(variance, torch.zeros(2, 2))
    for p in (1.0, 1.5, -0.25):
        assert call.raises("ValueError", "after_dropout", H, W, b, p)


AFTER_DROPOUT = """
def after_dropout(H, W, b, p):
    if {refuse}:
        raise ValueError("p")
    mean = {mean}
    variance = {variance}
    return mean, variance
"""
PIECES = {
    "refuse": "p < 0 or p >= 1",
    "mean": "H @ W + b",
    "variance": "(H**2) @ (W**2) * p / (1 - p)",
}
variants(
    "after_dropout",
    AFTER_DROPOUT,
    PIECES,
    [
        ("survivors not enlarged", {"mean": "(1 - p) * H @ W + b", "variance": "p * (1 - p) * H**2 @ W**2"}),
        ("all enlarged", {"mean": "H @ W / (1 - p) + b"}),
        ("the mask's variance", {"variance": "p * (1 - p) * (H**2) @ (W**2)"}),
        ("p and 1 − p exchanged", {"variance": "(H**2) @ (W**2) * (1 - p) / p"}),
        ("the square of the sum", {"variance": "p / (1 - p) * (H @ W) ** 2"}),
        ("the weights not squared", {"variance": "p / (1 - p) * (H**2) @ W"}),
        ("h not squared", {"variance": "p / (1 - p) * H @ (W**2)"}),
        ("standard deviation", {"variance": "((H**2) @ (W**2) * p / (1 - p)).sqrt()"}),
        ("b has variance", {"variance": "p / (1 - p) * ((H**2) @ (W**2) + b**2)"}),
        ("without b", {"mean": "H @ W"}),
        ("for p = .5 only", {"variance": "(H**2) @ (W**2)"}),
        ("divides by 1 − p twice", {"variance": "(H**2) @ (W**2) * p / (1 - p) ** 2"}),
        ("lets p = 1 pass", {"refuse": "p < 0 or p > 1"}),
        ("lets a negative p pass", {"refuse": "p >= 1"}),
        ("refuses p = 0", {"refuse": "p <= 0 or p >= 1"}),
    ],
)
sheet.wrong(
    "after_dropout",
    "by sampling",
    """
def after_dropout(H, W, b, p):
    if p < 0 or p >= 1:
        raise ValueError("p")
    Z = torch.stack([(torch.rand(H.shape) >= p) * H / (1 - p) @ W + b for _ in range(500)])
    return Z.mean(0), Z.var(0)
""",
)
sheet.right(
    "after_dropout",
    "einsum",
    """
def after_dropout(H, W, b, p):
    if p < 0 or p >= 1:
        raise ValueError("p")
    variance = torch.einsum("nd,nd,dk,dk->nk", H, H, W, W) * (1 / (1 - p) - 1)
    return torch.einsum("nd,dk->nk", H, W) + b, variance
""",
)
sheet.right(
    "after_dropout",
    "loops: E[z²] − E[z]² of each term",
    """
def after_dropout(H, W, b, p):
    if not (p >= 0 and p < 1):
        raise ValueError("p")
    (n, d), K = H.shape, W.shape[1]
    mean, variance = b.repeat(n, 1), torch.zeros(n, K)
    for j in range(d):
        term = H[:, j, None] * W[j]
        mean = mean + term
        variance = variance + (1 - p) * (term / (1 - p)) ** 2 - term**2
    return mean, variance
""",
)

# 4 ---------------------------------------------------------------------------------------------------- move


def moved(X, steps, fill):
    """Pixel by pixel."""
    out = torch.full_like(X, fill)
    _, height, width = X.shape
    for i, (down, right) in enumerate(steps.tolist()):
        for r in range(height):
            for c in range(width):
                if 0 <= r + down < height and 0 <= c + right < width:
                    out[i, r + down, c + right] = X[i, r, c]
    return out


@sheet.test("move", points=1, says="Down and right, up and left, each picture by its own step.")
def move_each(call):
    X = draw(6, 4, 5, seed=1)
    steps = torch.tensor([[1, 0], [-1, 0], [0, 2], [0, -2], [2, -1], [-3, 3]])
    assert near(call("move", X, steps, 0.0), moved(X, steps, 0.0), 0)


@sheet.test("move", points=1, says="What enters is `fill`; nothing wraps around or is repeated.")
def move_fill(call):
    X = draw(5, 3, 3, seed=2)
    steps = torch.tensor([[0, 0], [1, 1], [2, -2], [-1, 2], [-2, -1]])
    for fill in (-2.5, 1.0):
        found, after = call.after("move", X, steps, fill)
        assert near(found, moved(X, steps, fill), 0)
        assert torch.equal(after[0], X)
        assert torch.equal(after[1], steps)


@sheet.test("move", points=1, says="Frames of any size, and steps longer than the frame.")
def move_far(call):
    for height, width in [(1, 6), (5, 2), (3, 3)]:
        X = draw(9, height, width, seed=height)
        steps = torch.tensor([[0, 1], [3, 0], [0, 4], [-5, 0], [0, -6], [-7, 7], [6, -1], [0, 3], [1, 0]])
        assert near(call("move", X, steps, 0.5), moved(X, steps, 0.5), 0)


MOVE = """
def move(X, steps, fill):
    n, height, width = X.shape
    out = {start}
    for i in range(n):
        down, right = {step}
        for r in range(height):
            for c in range(width):
                {here}
                if {there}:
                    out[i, r, c] = X[i, a, b]
    return out
"""
PIECES = {
    "start": "torch.full(X.shape, fill, dtype=X.dtype)",
    "step": "steps[i].tolist()",
    "here": "a, b = r - down, c - right",
    "there": "a >= 0 and b >= 0 and a < height and b < width",
}
variants(
    "move",
    MOVE,
    PIECES,
    [
        ("wraps around", {"here": "a, b = (r - down) % height, (c - right) % width"}),
        (
            "repeats the edge",
            {"here": "a, b = min(max(r - down, 0), height - 1), min(max(c - right, 0), width - 1)"},
        ),
        ("zeros enter", {"start": "torch.zeros_like(X)"}),
        ("keeps what was there", {"start": "X.clone()"}),
        ("the other direction", {"here": "a, b = r + down, c + right"}),
        ("rows and columns exchanged", {"here": "a, b = r - right, c - down"}),
        ("all by the first step", {"step": "steps[0].tolist()"}),
        ("wraps at the top and left", {"there": "a < height and b < width"}),
        ("ignores the sign", {"step": "steps[i].abs().tolist()"}),
        ("works in X itself", {"start": "X"}),
        ("a frame that is square", {"there": "0 <= a < height and 0 <= b < height and b < width"}),
        ("loses a row", {"there": "a > 0 and b >= 0 and a < height and b < width"}),
    ],
)
sheet.right("move", "pixel by pixel", MOVE.format(**PIECES))
sheet.right(
    "move",
    "by padding and cutting out",
    """
def move(X, steps, fill):
    n, height, width = X.shape
    wide = F.pad(X, (width, width, height, height), value=fill)
    out = []
    for picture, step in zip(wide, steps):
        top = height - max(-height, min(height, int(step[0])))
        left = width - max(-width, min(width, int(step[1])))
        out.append(picture[top : top + height, left : left + width])
    return torch.stack(out)
""",
)

# 5 --------------------------------------------------------------------------------------------------- split


def pile(n, classes, seed):
    """Labels (n,) and keys (n,): pictures with one to about four copies, shuffled."""
    generator = torch.Generator().manual_seed(seed)
    keys = torch.randint(n // 2, (n,), generator=generator)
    of_key = torch.randint(classes, (n // 2,), generator=generator)
    return of_key[keys], keys


def divided(y, keys, share):
    held = []
    for label in sorted(set(y.tolist())):
        places = [i for i in range(len(y)) if y[i] == label]
        seen = []
        for key in [keys[i].item() for i in places]:
            if key not in seen:
                seen.append(key)
        count = 0
        for key in seen:
            if count < share * len(places):
                copies = [i for i in places if keys[i] == key]
                held += copies
                count += len(copies)
    return [i for i in range(len(y)) if i not in held], sorted(held)


@sheet.test("split", points=1, says="Each position is on one side, in order, and copies stay together.")
def split_sides(call):
    for seed in range(3):
        y, keys = pile(40, 3, seed)
        train_i, val_i = call("split", y, keys, 0.25)
        assert train_i.dtype == val_i.dtype == torch.int64
        assert sorted(train_i.tolist() + val_i.tolist()) == list(range(40))
        assert train_i.tolist() == sorted(train_i.tolist())
        assert val_i.tolist() == sorted(val_i.tolist())
        assert not set(keys[train_i].tolist()) & set(keys[val_i].tolist())
        assert 0 < len(val_i) < len(train_i)
        assert (train_i.tolist(), val_i.tolist()) == divided(y, keys, 0.25)


@sheet.test("split", points=1, says="Each class gives its share, counted in pictures, first keys first.")
def split_share(call):
    for seed, share in enumerate((0.125, 0.25, 0.5, 0.625, 0.75)):
        y, keys = pile(48, 4, seed + 10)
        train_i, val_i = call("split", y, keys, share)
        assert (train_i.tolist(), val_i.tolist()) == divided(y, keys, share)


@sheet.test("split", points=1, says="A share that is met exactly, a class with one key, labels of any value.")
def split_edges(call):
    y = torch.tensor([9, 4, 9, 4, 9, 4, 9, 4, 7])
    keys = torch.tensor([1, 3, 0, 3, 8, 6, 8, 5, 2])
    for share, expected in [
        (0.25, [0, 1, 3, 8]),
        (0.5, [0, 1, 2, 3, 8]),
        (0.75, [0, 1, 2, 3, 4, 5, 6, 8]),
        (0.0, []),
        (1.0, list(range(9))),
    ]:
        train_i, val_i = call("split", y, keys, share)
        assert val_i.tolist() == expected
        assert train_i.tolist() == [i for i in range(9) if i not in expected]


SPLIT = """
def split(y, keys, share):
    held = []
    for label in {labels}:
        places = [i for i in range(len(y)) if {mine}]
        of_class = [keys[i].item() for i in places]
        count = 0
        for key in {order}:
            copies = {copies}
            if {room}:
                held += copies
                count += {size}
    held = sorted(set(held))
    rest = [i for i in range(len(y)) if i not in held]
    return {result}
"""
PIECES = {
    "labels": "sorted(set(y.tolist()))",
    "mine": "y[i] == label",
    "order": "sorted(set(of_class), key=of_class.index)",
    "copies": "[i for i in places if keys[i] == key]",
    "room": "count < share * len(places)",
    "size": "len(copies)",
    "result": "torch.tensor(rest, dtype=torch.int64), torch.tensor(held, dtype=torch.int64)",
}
variants(
    "split",
    SPLIT,
    PIECES,
    [
        ("copies on both sides", {"copies": "[places[of_class.index(key)]]"}),
        ("not class by class", {"labels": "[0]", "mine": "True"}),
        ("counts keys", {"room": "count < share * len(set(of_class))", "size": "1"}),
        ("a share of the keys", {"room": "count < share * len(set(of_class))"}),
        ("a share of the whole pile", {"room": "count < share * len(y)"}),
        ("never more than the share", {"room": "count + len(copies) <= share * len(places)"}),
        ("one key too many", {"room": "count <= share * len(places)"}),
        ("keys by their number", {"order": "sorted(set(of_class))"}),
        ("large keys first", {"order": "sorted(set(of_class), key=of_class.count, reverse=True)"}),
        ("last keys first", {"order": "sorted(set(of_class), key=of_class.index, reverse=True)"}),
        ("exchanged", {"result": "torch.tensor(held), torch.tensor(rest)"}),
        ("the share is for training", {"room": "count < (1 - share) * len(places)"}),
        (
            "masks",
            {"result": "torch.isin(torch.arange(len(y)), torch.tensor(rest)), torch.tensor(held)"},
        ),
        ("labels count from 0", {"labels": "range(len(set(y.tolist())))"}),
    ],
)
sheet.right("split", "lists", SPLIT.format(**PIECES))
sheet.right(
    "split",
    "one walk over the pile, with a count for each class",
    """
def split(y, keys, share):
    total = torch.bincount(y).tolist()
    taken, side = [0] * len(total), {}
    copies = {}
    for key in keys.tolist():
        copies[key] = copies.get(key, 0) + 1
    for label, key in zip(y.tolist(), keys.tolist()):
        if key not in side:
            side[key] = taken[label] < share * total[label]
            if side[key]:
                taken[label] += copies[key]
    held = torch.tensor([side[key] for key in keys.tolist()])
    return torch.where(~held)[0], torch.where(held)[0]
""",
)

# 6 --------------------------------------------------------------------------------------------- calibration


def answers(n, K, seed):
    """Probabilities (n, K) without equal confidences, and labels that follow them loosely."""
    p = (1.5 * draw(n, K, seed=seed)).softmax(1)
    truth = (p.log() + 0.8 * draw(n, K, seed=seed + 100)).argmax(1)
    return p, truth


def distances(p, y, groups):
    confidence, answer = p.double().max(1)
    order = confidence.argsort()
    gaps = [abs((confidence[i] - (answer == y).double()[i]).mean().item()) for i in order.chunk(groups)]
    return sum(gaps) / groups, confidence.mean().item() - (answer == y).double().mean().item()


@sheet.test("calibration", points=1, says="The bias: mean confidence minus accuracy, above 0 if too sure.")
def calibration_bias(call):
    for n, K, groups in [(40, 3, 4), (90, 10, 9), (12, 2, 3)]:
        p, y = answers(n, K, seed=n)
        found = call("calibration", p, y, groups)[1]
        assert isinstance(found, float)
        assert abs(found - distances(p, y, groups)[1]) < 1e-4


@sheet.test(
    "calibration", points=1, says="The mean distance over groups of equal size, sorted by confidence."
)
def calibration_error(call):
    for n, K, groups in [(40, 3, 4), (90, 10, 15), (200, 2, 5)]:
        p, y = answers(n, K, seed=n + 1)
        found = call("calibration", p, y, groups)[0]
        assert isinstance(found, float)
        assert abs(found - distances(p, y, groups)[0]) < 1e-4


@sheet.test("calibration", points=1, says="One group, and as many groups as pictures.")
def calibration_edges(call):
    p, y = answers(30, 4, seed=3)
    for groups in (1, 30):
        found = call("calibration", p, y, groups)
        expected = distances(p, y, groups)
        assert abs(found[0] - expected[0]) < 1e-4
        assert abs(found[1] - expected[1]) < 1e-4


CALIBRATION = """
def calibration(p, y, groups):
    sure = {sure}
    right = {right}
    order = {order}
    gaps = [{gap} for i in {cut}]
    return {error}, {bias}
"""
PIECES = {
    "sure": "p.amax(1)",
    "right": "(p.argmax(1) == y).float()",
    "order": "sure.argsort()",
    "cut": "order.chunk(groups)",
    "gap": "abs(sure[i].mean() - right[i].mean()).item()",
    "error": "sum(gaps) / len(gaps)",
    "bias": "(sure.mean() - right.mean()).item()",
}
variants(
    "calibration",
    CALIBRATION,
    PIECES,
    [
        ("not sorted", {"order": "torch.arange(len(y))"}),
        ("accuracy minus confidence", {"bias": "(right.mean() - sure.mean()).item()"}),
        ("bias without a sign", {"bias": "abs(sure.mean() - right.mean()).item()"}),
        ("the distance of each picture", {"gap": "(sure[i] - right[i]).abs().mean().item()"}),
        ("distances cancel", {"gap": "(sure[i].mean() - right[i].mean()).item()"}),
        ("a sum of the distances", {"error": "sum(gaps)"}),
        ("the largest distance", {"error": "max(gaps)"}),
        ("groups of that size", {"cut": "order.split(groups)"}),
        ("the probability of the truth", {"sure": "p[range(len(y)), y]"}),
        ("sorted by what was right", {"order": "right.argsort(stable=True)"}),
        (
            "bins of equal width",
            {"cut": "[i for i in [(sure * groups).long() == g for g in range(groups + 1)] if i.any()]"},
        ),
        ("the bias as mean of distances", {"bias": "sum(gaps) / len(gaps)"}),
        ("tensors", {"bias": "sure.mean() - right.mean()"}),
    ],
)
sheet.right("calibration", "chunks", CALIBRATION.format(**PIECES))
sheet.right(
    "calibration",
    "plain Python",
    """
def calibration(p, y, groups):
    pairs = []
    for row, truth in zip(p.tolist(), y.tolist()):
        sure = max(row)
        pairs.append((sure, 1 if row.index(sure) == truth else 0))
    pairs.sort()
    size = len(pairs) // groups
    error = 0
    for start in range(0, len(pairs), size):
        part = pairs[start : start + size]
        error += abs(sum(r for _, r in part) - sum(s for s, _ in part)) / size
    bias = sum(s - r for s, r in pairs) / len(pairs)
    return error / groups, bias
""",
)

# 7 -------------------------------------------------------------------------------------------- choose_ridge


def table(K, level, spread):
    """Errors (K, m) whose columns have these means and standard deviations."""
    noise = draw(K, len(level), seed=K)
    noise = (noise - noise.mean(0)) / noise.std(0)
    return torch.tensor(level) + noise * torch.tensor(spread)


@sheet.test("choose_ridge", points=1, says="The strongest ridge within one standard error, in any order.")
def choose_within(call):
    level, ridges = [3.0, 2.0, 2.05, 2.2, 2.01], [30.0, 0.5, 4.0, 8.0, 0.1]
    for K, order in [(4, [0, 1, 2, 3, 4]), (10, [4, 2, 0, 3, 1]), (5, [3, 1, 4, 2, 0])]:
        errors = table(K, level, 5 * [0.1 * K**0.5])[:, order]  # a standard error of .1
        assert math.isclose(call("choose_ridge", errors, torch.tensor(ridges)[order]), 4.0, rel_tol=1e-5)


@sheet.test(
    "choose_ridge", points=1, says="The standard error is the winner's: its deviation over the root of K."
)
def choose_error(call):
    ridges = torch.tensor([1.0, 2.0, 3.0, 4.0])
    for K, level, spread, expected in [
        (9, [1.0, 1.09, 1.11, 1.5], [0.3, 0.9, 0.9, 0.9], 2.0),
        (4, [1.0, 1.48, 1.52, 2.1], [1.0, 0.1, 0.1, 0.1], 2.0),
        (3, [5.0, 5.5, 5.55, 5.7], [1.0, 1.0, 1.0, 1.0], 3.0),  # .577, with K instead of K − 1: .471
        (16, [2.0, 2.004, 2.02, 2.3], [0.04, 2.0, 2.0, 2.0], 2.0),
        (16, [2.5, 2.2, 2.0, 2.3], [9.0, 9.0, 0.4, 9.0], 3.0),
        (4, [10.0, 10.6, 11.2, 13.0], [2.0, 2.0, 2.0, 2.0], 2.0),
    ]:
        assert call("choose_ridge", table(K, level, spread), ridges) == expected


@sheet.test("choose_ridge", points=1, says="The winner alone, equal folds, and a float.")
def choose_edges(call):
    errors = torch.tensor([[2.0, 1.0, 1.0, 4.0]]).repeat(4, 1)  # no spread: the standard error is 0
    found = call("choose_ridge", errors, torch.tensor([9.0, 3.0, 5.0, 11.0]))
    assert isinstance(found, float)
    assert found == 5.0
    assert call("choose_ridge", errors[:, :2], torch.tensor([0.5, 0.0])) == 0.0


CHOOSE = """
def choose_ridge(errors, ridges):
    mean = {mean}
    best = {best}
    deviation = {deviation}
    margin = {margin}
    within = [j for j in range(len(ridges)) if {close}]
    return {chosen}
"""
PIECES = {
    "mean": "errors.mean(0)",
    "best": "int(mean.argmin())",
    "deviation": "errors[:, best].std()",
    "margin": "deviation / errors.shape[0] ** 0.5",
    "close": "mean[j] <= mean[best] + margin",
    "chosen": "max(ridges[j].item() for j in within)",
}
variants(
    "choose_ridge",
    CHOOSE,
    PIECES,
    [
        ("the smallest mean", {"chosen": "ridges[best].item()"}),
        ("the smallest ridge", {"chosen": "min(ridges[j].item() for j in within)"}),
        ("the first that is within", {"chosen": "ridges[within[0]].item()"}),
        ("the last that is within", {"chosen": "ridges[within[-1]].item()"}),
        ("a position", {"chosen": "within[-1]"}),
        ("one standard deviation", {"margin": "deviation"}),
        ("two standard errors", {"margin": "2 * deviation / errors.shape[0] ** 0.5"}),
        ("divides by K", {"margin": "deviation / errors.shape[0]"}),
        ("over the root of m", {"margin": "deviation / errors.shape[1] ** 0.5"}),
        ("with K, not K − 1", {"deviation": "errors[:, best].std(correction=0)"}),
        ("the variance", {"deviation": "errors[:, best].var()"}),
        ("the spread of all errors", {"deviation": "errors.std()"}),
        (
            "each its own error",
            {"close": "mean[j] <= mean[best] + errors[:, j].std() / errors.shape[0] ** 0.5"},
        ),
        ("without the winner", {"close": "mean[j] < mean[best] + margin"}),
        ("the smallest single error", {"best": "int(errors.amin(0).argmin())"}),
        ("a tensor", {"chosen": "ridges[within].max()"}),
    ],
)
sheet.right("choose_ridge", "a list of those within", CHOOSE.format(**PIECES))
sheet.right(
    "choose_ridge",
    "from the strongest down",
    """
def choose_ridge(errors, ridges):
    K = len(errors)
    winner = min(errors.T, key=lambda column: column.mean().item())
    variance = ((winner - winner.mean()) ** 2).sum() / (K - 1)
    limit = winner.mean() + (variance / K).sqrt()
    for j in ridges.argsort(descending=True).tolist():
        if errors[:, j].mean() <= limit:
            return float(ridges[j])
""",
)

# 8 --------------------------------------------------------------------------------------------------- train


def path(X, y, X_val, y_val, K, lr, decay, epochs):
    """W, b and the validation loss after each epoch, by autograd in float64."""
    X, X_val = X.double(), X_val.double()
    W, b = torch.zeros(X.shape[1], K).double(), torch.zeros(K).double()
    places = []
    for _ in range(epochs):
        W, b = W.requires_grad_(), b.requires_grad_()
        loss = F.cross_entropy(X @ W + b, y) + decay / 2 * (W**2).sum()
        dW, db = torch.autograd.grad(loss, (W, b))
        W, b = (W - lr * dW).detach(), (b - lr * db).detach()
        places.append((F.cross_entropy(X_val @ W + b, y_val).item(), W.float(), b.float()))
    return places


def task(n, d, K, seed, wrong=0.4):
    """Points (n, d) and their labels by a linear rule, some of them replaced."""
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n, d, generator=generator)
    y = (X @ draw(d, K, seed=d)).argmax(1)
    hit = torch.rand(n, generator=generator) < wrong
    return X, torch.where(hit, torch.randint(K, (n,), generator=generator), y)


@sheet.test("train", points=1, says="Each step: the mean loss of all pictures, from 0.")
def train_steps(call):
    for n, d, K, lr in [(12, 3, 3, 0.5), (20, 4, 2, 0.2)]:
        (X, y), new = task(n, d, K, seed=n, wrong=0), task(30, d, K, seed=n + 1, wrong=0)
        for epochs in (1, 4):
            W, b, best = call("train", X, y, *new, K, lr, 0.0, 50, epochs)
            losses = path(X, y, *new, K, lr, 0.0, epochs)
            assert best == epochs == 1 + min(range(epochs), key=lambda k: losses[k][0])
            assert near(W, losses[-1][1])
            assert near(b, losses[-1][2])


@sheet.test("train", points=1, says="Decay shrinks W, but not b, and stays out of the validation loss.")
def train_decay(call):
    for n, d, K, lr, decay in [(12, 3, 3, 0.5, 0.4), (20, 4, 4, 0.3, 1.0)]:
        X, y = task(n, d, K, seed=n, wrong=0)
        y = torch.where(torch.arange(n) < n // 2, 0, y)  # so that b moves, too
        for epochs in (2, 3):
            W, b, best = call("train", X, y, X, y, K, lr, decay, 50, epochs)
            losses = path(X, y, X, y, K, lr, decay, epochs)
            assert best == epochs == 1 + min(range(epochs), key=lambda k: losses[k][0])
            assert near(W, losses[-1][1])
            assert near(b, losses[-1][2])
    X, y = torch.tensor([[1.0], [-1.0]]), torch.tensor([0, 1])
    assert call("train", X, y, 0.1 * X, y, 2, 1.0, 0.5, 5, 2)[2] == 2


@sheet.test("train", points=1, says="The weights of the lowest validation loss, not the last ones.")
def train_best(call):
    for seed, patience in [(3, 3), (4, 8), (1, 30)]:
        (X, y), new = task(20, 15, 3, seed), task(60, 15, 3, seed + 50, wrong=0)
        losses = path(X, y, *new, 3, 0.2, 0.0, 40)
        expected = min(range(40), key=lambda k: losses[k][0])
        W, b, best = call("train", X, y, *new, 3, 0.2, 0.0, patience, 40)
        assert best == expected + 1
        assert near(W, losses[expected][1], 1e-3)
        assert near(b, losses[expected][2], 1e-3)


def bumpy():
    """Points whose validation loss, at a rate that is too large, has many low places."""
    stretch = torch.tensor([5.0, 1.0, 0.3])
    (X, y), new = task(8, 3, 2, 380, wrong=0.3), task(6, 3, 2, 1380, wrong=0.3)
    return X * stretch, y, *new, 2, 1.0, 0.05


@sheet.test("train", points=1, says="Stops when patience runs out; an equal loss is no new lowest one.")
def train_stops(call):
    losses = [place[0] for place in path(*bumpy(), 30)]
    for patience in (1, 2, 3, 4, 5, 8, 20):
        best = 0
        for k, loss in enumerate(losses):
            best = k if loss < losses[best] else best
            if k - best >= patience:
                break
        assert call("train", *bumpy(), patience, 30)[2] == best + 1
    still, level = torch.zeros(4, 2), torch.tensor([0, 1, 0, 1])
    W, _, best = call("train", still, level, draw(4, 2), level, 2, 1.0, 0.5, 3, 9)
    assert best == 1
    assert not W.any()


TRAIN = """
def train(X, y, X_val, y_val, K, lr, decay, patience, epochs):
    W, b = torch.zeros(X.shape[1], K), torch.zeros(K)
    lowest, waited = {start}
    best, kept = 0, (W, b)
    for epoch in range(1, epochs + 1):
        error = (X @ W + b).softmax({axis})
        error[range(len(y)), y] -= 1
        dW, db = {gradient}
        {step}
        loss = {loss}
        if {better}:
            lowest, waited, best, kept = loss, 0, epoch, (W, b)
        else:
            waited += 1
        if waited {enough}:
            break
    return {result}
"""
PIECES = {
    "start": "math.inf, 0",
    "axis": "1",
    "gradient": "X.T @ error / len(X) + decay * W, error.mean(0)",
    "step": "W, b = W - lr * dW, b - lr * db",
    "loss": "F.cross_entropy(X_val @ W + b, y_val).item()",
    "better": "loss < lowest",
    "enough": ">= patience",
    "result": "*kept, best",
}
variants(
    "train",
    TRAIN,
    PIECES,
    [
        ("the last weights", {"result": "W, b, best"}),
        ("the last epoch", {"result": "*kept, epoch"}),
        ("one tensor, changed in place", {"step": "W -= lr * dW; b -= lr * db"}),
        ("b is decayed", {"gradient": "X.T @ error / len(X) + decay * W, error.mean(0) + decay * b"}),
        ("no decay", {"gradient": "X.T @ error / len(X), error.mean(0)"}),
        ("twice the decay", {"gradient": "X.T @ error / len(X) + 2 * decay * W, error.mean(0)"}),
        ("decay over n", {"gradient": "(X.T @ error + decay * W) / len(X), error.mean(0)"}),
        ("a decay without the rate", {"step": "W, b = W - lr * dW - (1 - lr) * decay * W, b - lr * db"}),
        (
            "the penalty in the validation loss",
            {"loss": "F.cross_entropy(X_val @ W + b, y_val).item() + decay / 2 * (W**2).sum().item()"},
        ),
        ("validates on the training pile", {"loss": "F.cross_entropy(X @ W + b, y).item()"}),
        ("by the accuracy", {"loss": "-((X_val @ W + b).argmax(1) == y_val).float().mean().item()"}),
        ("the start is a candidate", {"start": "F.cross_entropy(X_val @ W + b, y_val).item(), 0"}),
        ("sums", {"gradient": "X.T @ error + decay * W, error.sum(0)"}),
        ("uphill", {"step": "W, b = W + lr * dW, b + lr * db"}),
        ("softmax over the pictures", {"axis": "0"}),
        ("one epoch too patient", {"enough": "> patience"}),
        ("one epoch too impatient", {"enough": ">= patience - 1"}),
        ("no stop", {"enough": "> epochs"}),
        ("an equal loss is better", {"better": "loss <= lowest"}),
        ("b is not trained", {"step": "W = W - lr * dW"}),
    ],
)
sheet.wrong(
    "train",
    "compares with the epoch before",
    TRAIN.format(**PIECES).replace("waited += 1", "lowest, waited = loss, waited + 1"),
)
sheet.right("train", "by hand, with a count", TRAIN.format(**PIECES))
sheet.right(
    "train",
    "torch's layer and optimizer",
    """
import copy

def train(X, y, X_val, y_val, K, lr, decay, patience, epochs):
    net = torch.nn.Linear(X.shape[1], K)
    torch.nn.init.zeros_(net.weight)
    torch.nn.init.zeros_(net.bias)
    groups = [{"params": [net.weight], "weight_decay": decay}, {"params": [net.bias]}]
    optimizer, loss = torch.optim.SGD(groups, lr=lr), torch.nn.CrossEntropyLoss()
    best = waited = epoch = 0
    lowest = float("inf")
    while epoch < epochs and waited < patience:
        optimizer.zero_grad()
        loss(net(X), y).backward()
        optimizer.step()
        epoch, waited = epoch + 1, waited + 1
        with torch.no_grad():
            value = loss(net(X_val), y_val)
        if value < lowest:
            lowest, best, waited = value, epoch, 0
            kept = copy.deepcopy(net)
    return kept.weight.detach().T, kept.bias.detach(), best
""",
)
