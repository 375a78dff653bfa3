"""Hidden tests of the sheet "Overfitting"."""

import math
from itertools import combinations, permutations

import torch
from torch.nn import functional as F

from homework.grader.helpers import draw, near, same
from homework.grader.hidden import Sheet

sheet = Sheet("overfitting")


# 1. best_epoch


@sheet.test("best_epoch", points=1, says="Waits for as many epochs as patience says, and keeps the best one.")
def best_epoch_patience(call):
    losses = [4.0, 5.0, 3.0, 3.5, 3.25, 2.0, 2.0, 2.5, 2.25, 2.75, 1.0]
    expected = {1: (1, 2), 2: (3, 5), 3: (6, 9), 4: (6, 10), 5: (11, 11), 20: (11, 11)}
    for patience, pair in expected.items():
        assert same(call("best_epoch", losses, patience, 0.0), pair)


@sheet.test(
    "best_epoch", points=1, says="A new best is lower by more than min_delta. Short lists, nan, no new best."
)
def best_epoch_edges(call):
    slow = [2.0 - k / 8 for k in range(12)]
    for delta, patience, pair in [
        (0.0, 1, (12, 12)),
        (0.125, 5, (11, 12)),
        (0.25, 3, (10, 12)),
        (0.25, 2, (1, 3)),
        (0.5, 4, (1, 5)),
        (0.5, 9, (11, 12)),
    ]:
        assert same(call("best_epoch", slow, patience, delta), pair)
    for losses, patience, pair in [
        ([3.0], 1, (1, 1)),
        ([3.0, 4.0], 1, (1, 2)),
        ([3.0, 4.0, 5.0], 7, (1, 3)),
        ([3.0, 2.0], 1, (2, 2)),
        ([3.0, math.nan, math.nan, 2.0], 2, (1, 3)),
        ([3.0, math.nan, 2.0, math.nan], 2, (3, 4)),
        ([3.0, 2.0, 2.0, 2.0], 2, (2, 4)),
    ]:
        assert same(call("best_epoch", losses, patience, 0.0), pair)


# 2. l1_step


def l1_expected(w, gradient, lr, strength):
    z = w - lr * gradient
    return torch.where(z.abs() > lr * strength, z - lr * strength * z.sign(), torch.zeros_like(z))


@sheet.test("l1_step", points=1, says="Each weight moves toward 0 by the same amount, and stops there.")
def l1_pull(call):
    for shape, lr, strength in [((40,), 0.1, 3.0), ((6, 5), 0.5, 2.5), ((2, 3, 4), 2.0, 0.25)]:
        w = draw(*shape, seed=len(shape))
        new = call("l1_step", w, torch.zeros(shape), lr, strength)
        assert near(new, l1_expected(w, torch.zeros(shape), lr, strength), atol=1e-6)
        assert (new == 0).any()


@sheet.test("l1_step", points=1, says="The step against the gradient comes first, whatever its direction.")
def l1_gradient(call):
    for lr, strength in [(0.5, 1.0), (0.1, 0.5), (2.0, 0.3)]:
        w, gradient = draw(50, seed=1), draw(50, seed=2)
        new = call("l1_step", w, gradient, lr, strength)
        assert near(new, l1_expected(w, gradient, lr, strength), atol=1e-5)


@sheet.test("l1_step", points=1, says="Strength 0, strength below 0, and arguments left as they were.")
def l1_edges(call):
    w, gradient = draw(4, 3, seed=3), draw(4, 3, seed=4)
    new, after = call.after("l1_step", w, gradient, 0.25, 0.0)
    assert near(new, w - 0.25 * gradient, atol=1e-6)
    assert torch.equal(after[0], w)
    assert torch.equal(after[1], gradient)
    assert near(call("l1_step", w, gradient, 0.25, 0.5), l1_expected(w, gradient, 0.25, 0.5), atol=1e-6)
    assert call.raises("ValueError", "l1_step", w, gradient, 0.25, -0.5)


sheet.forbid(
    "l1_step",
    *("torch.nn.functional.softshrink", "torch.nn.Softshrink", "torch.softshrink"),
    *("torch.ops.aten.softshrink", "torch._C._nn.softshrink"),
)

# 3. after_dropout


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
    assert near(variance, torch.zeros(2, 2), atol=1e-6)
    for p in (1.0, 1.5, -0.25):
        assert call.raises("ValueError", "after_dropout", H, W, b, p)


# 4. move


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


@sheet.test("move", points=1, says="Each image by its own step, in any direction; what enters is `fill`.")
def move_each(call):
    X = draw(6, 4, 5, seed=1)
    steps = torch.tensor([[1, 0], [-1, 0], [0, 2], [0, -2], [2, -1], [-3, 3]])
    assert near(call("move", X, steps, 0.0), moved(X, steps, 0.0), atol=0)
    X = draw(5, 3, 3, seed=2)
    steps = torch.tensor([[0, 0], [1, 1], [2, -2], [-1, 2], [-2, -1]])
    for fill in (-2.5, 1.0):
        found, after = call.after("move", X, steps, fill)
        assert near(found, moved(X, steps, fill), atol=0)
        assert torch.equal(after[0], X)
        assert torch.equal(after[1], steps)


@sheet.test("move", points=1, says="Frames of any size, and steps longer than the frame.")
def move_far(call):
    for height, width in [(1, 6), (5, 2), (3, 3)]:
        X = draw(9, height, width, seed=height)
        steps = torch.tensor([[0, 1], [3, 0], [0, 4], [-5, 0], [0, -6], [-7, 7], [6, -1], [0, 3], [1, 0]])
        for each in (X, X.double()):
            assert near(call("move", each, steps, 0.5), moved(each, steps, 0.5), atol=0)


# 5. split


def copied(n, classes, seed):
    """Labels (n,) and keys (n,): images with one to about four copies, shuffled."""
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
        y, keys = copied(40, 3, seed)
        train_i, val_i = call("split", y, keys, 0.25)
        assert train_i.dtype == val_i.dtype == torch.int64
        assert sorted(train_i.tolist() + val_i.tolist()) == list(range(40))
        assert train_i.tolist() == sorted(train_i.tolist())
        assert val_i.tolist() == sorted(val_i.tolist())
        assert not set(keys[train_i].tolist()) & set(keys[val_i].tolist())
        assert 0 < len(val_i) < len(train_i)
        assert (train_i.tolist(), val_i.tolist()) == divided(y, keys, 0.25)


@sheet.test("split", points=1, says="Each class gives its share, counted in images, first keys first.")
def split_share(call):
    for seed, share in enumerate((0.125, 0.25, 0.5, 0.625, 0.75)):
        y, keys = copied(48, 4, seed + 10)
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


# 6. calibration


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


@sheet.test(
    "calibration", points=1, says="The bias: mean confidence minus accuracy, above 0 if over-confident."
)
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


@sheet.test("calibration", points=1, says="One group, and as many groups as images.")
def calibration_edges(call):
    p, y = answers(30, 4, seed=3)
    for groups in (1, 30):
        found = call("calibration", p, y, groups)
        expected = distances(p, y, groups)
        assert abs(found[0] - expected[0]) < 1e-4
        assert abs(found[1] - expected[1]) < 1e-4


# 7. choose_ridge


def table(K, level, spread):
    """Errors (K, m) whose columns have these means and standard deviations."""
    noise = draw(K, len(level), seed=K)
    noise = (noise - noise.mean(0)) / noise.std(0)
    return torch.tensor(level) + noise * torch.tensor(spread)


@sheet.test(
    "choose_ridge", points=1, says="The strongest ridge within one standard error of the best, in any order."
)
def choose_within(call):
    level, ridges = [3.0, 2.0, 2.05, 2.2, 2.01], [30.0, 0.5, 4.0, 8.0, 0.1]
    for K, order in [(4, [0, 1, 2, 3, 4]), (10, [4, 2, 0, 3, 1]), (5, [3, 1, 4, 2, 0])]:
        errors = table(K, level, 5 * [0.1 * K**0.5])[:, order]  # a standard error of .1
        assert math.isclose(call("choose_ridge", errors, torch.tensor(ridges)[order]), 4.0, rel_tol=1e-5)
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


# 8. decompose


def parts(f, y):
    """The three parts in float64, from pairs of different models and of different measurements."""
    f, y = f.double(), y.double()
    variance = torch.stack([(a - b).square().mean() / 2 for a, b in combinations(f, 2)]).mean()
    noise = torch.stack([(a - b).square().mean() / 2 for a, b in combinations(y, 2)]).mean()
    products = [((a - c) * (b - d)).mean() for a, b in permutations(y, 2) for c, d in permutations(f, 2)]
    return noise.item(), torch.stack(products).mean().item(), variance.item()


def experiment(S, R, m, shift):
    """Predictions (S, m) and measurements (R, m) with a noise that differs from place to place."""
    level = torch.linspace(0.5, 2, m)
    truth = 3 * draw(m, seed=m)
    return truth + shift + draw(S, m, seed=S) / level, truth + level * draw(R, m, seed=R + 50)


def three(call, f, y):
    """What the answer returns, if it is three floats."""
    found = call("decompose", f, y)
    assert len(found) == 3
    assert all(isinstance(part, float) for part in found)
    return found


@sheet.test("decompose", points=1, says="Noise and variance: unbiased at each place, then their means.")
def decompose_variances(call):
    for S, R, m in [(4, 3, 5), (2, 6, 3), (6, 2, 8), (5, 5, 1)]:
        f, y = experiment(S, R, m, shift=1.0)
        found, expected = three(call, f, y), parts(f, y)
        assert math.isclose(found[0], expected[0], rel_tol=1e-3)
        assert math.isclose(found[2], expected[2], rel_tol=1e-3)


@sheet.test("decompose", points=1, says="The squared bias, without what few models and measurements add.")
def decompose_bias(call):
    for S, R, m, shift in [(4, 3, 5, 1.0), (2, 6, 3, 0.5), (6, 2, 8, -2.0), (3, 5, 4, 0.0)]:
        f, y = experiment(S, R, m, shift)
        assert math.isclose(three(call, f, y)[1], parts(f, y)[1], abs_tol=1e-3)


@sheet.test("decompose", points=1, says="Right on average with two of each; nothing to vary; below 0 too.")
def decompose_edges(call):
    coin = torch.tensor([-1.0, 1.0])
    outcomes = torch.cartesian_prod(*4 * [coin])[:, :, None]  # all there are, each equally likely
    for bias in (0.0, 2.0):
        found = [three(call, bias + 3 * four[:2], 0.5 * four[2:]) for four in outcomes]
        for value, expected in zip(torch.tensor(found).mean(0), (0.25, bias**2, 9.0), strict=True):
            assert math.isclose(value, expected, abs_tol=1e-3)
    still, level = torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[1.0, 3.0, 6.0]])
    found = three(call, still.repeat(3, 1), level.repeat(2, 1))
    for value, expected in zip(found, (0, 5 / 3, 0), strict=True):
        assert math.isclose(value, expected, abs_tol=1e-4)


# 9. train


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


@sheet.test("train", points=1, says="Each step: the mean loss of all images, from 0.")
def train_steps(call):
    for n, d, K, lr in [(12, 3, 3, 0.5), (20, 4, 2, 0.2)]:
        (X, y), new = task(n, d, K, seed=n, wrong=0), task(30, d, K, seed=n + 1, wrong=0)
        for epochs in (1, 4):
            W, b, best = call("train", X, y, *new, K, lr, 0.0, 50, epochs)
            losses = path(X, y, *new, K, lr, 0.0, epochs)
            assert same(best, epochs)
            assert epochs == 1 + min(range(epochs), key=lambda k: losses[k][0])
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
        assert near(W, losses[expected][1], atol=1e-3)
        assert near(b, losses[expected][2], atol=1e-3)


def bumpy():
    """Points whose validation loss, at a rate that is too large, has many low places."""
    stretch = torch.tensor([5.0, 1.0, 0.3])
    (X, y), new = task(8, 3, 2, 380, wrong=0.3), task(6, 3, 2, 1380, wrong=0.3)
    return X * stretch, y, *new, 2, 1.0, 0.05


@sheet.test("train", points=1, says="Stops when patience runs out; an equal loss is not a new lowest one.")
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
