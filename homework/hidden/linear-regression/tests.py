"""Hidden tests of the sheet "Linear regression"."""

import math

import torch

from homework.grader.helpers import AUTOGRAD, all_near, draw, draw_labels, near
from homework.grader.hidden import Sheet

sheet = Sheet("linear-regression")


# 1. weighted_loss


@sheet.test(
    "weighted_loss", points=1, says="The mean of ½ error², weighted by the counts, for tensors of any shape."
)
def weighted_values(call):
    for shape in [(5, 1), (7,), (3, 4)]:
        prediction, y, count = draw(*shape), draw(*shape, seed=1), draw(*shape, seed=2).abs()
        expected = (count * (prediction - y) ** 2).sum() / count.sum() / 2
        assert near(call("weighted_loss", prediction, y, count), expected)


@sheet.test(
    "weighted_loss", points=1, says="Three shapes that are not all the same are refused with a ValueError."
)
def weighted_shapes(call):
    for shapes in [
        ((4, 1), (4,), (4,)),
        ((4,), (4, 1), (4,)),
        ((4,), (4,), (4, 1)),
        ((4, 1), (4, 1), (1, 1)),
        ((1,), (4,), (4,)),
        ((4, 1), (4,), (4, 1)),
        ((2, 3), (3, 2), (6,)),
    ]:
        assert call.raises("ValueError", "weighted_loss", *(torch.ones(shape) for shape in shapes))
    assert near(call("weighted_loss", torch.ones(4), torch.zeros(4), torch.ones(4)), torch.tensor(0.5))


# 2. batch_order


@sheet.test(
    "batch_order", points=1, says="Each epoch is cut into whole batches, and only its last may be shorter."
)
def order_sizes(call):
    for n, size, epochs, expected in [
        (7, 3, 3, [3, 3, 1] * 3),
        (6, 3, 2, [3, 3] * 2),
        (4, 1, 1, [1] * 4),
        (5, 9, 2, [5, 5]),
    ]:
        steps = call("batch_order", n, size, epochs, 0)
        assert [tuple(batch.shape) for batch in steps] == [(k,) for k in expected]
        assert all(batch.dtype == torch.int64 for batch in steps)
    for size in (0, -2):
        assert call.raises("ValueError", "batch_order", 5, size, 1, 0)


@sheet.test("batch_order", points=0.5, says="Each epoch has every index once, in an order of its own.")
def order_epochs(call):
    steps = call("batch_order", 20, 6, 3, 4)  # four steps an epoch
    epochs = [torch.cat(list(steps[4 * k : 4 * k + 4])) for k in range(3)]
    assert all(torch.equal(epoch.sort().values, torch.arange(20)) for epoch in epochs)
    assert not torch.equal(epochs[0], torch.arange(20))
    assert not any(torch.equal(epochs[j], epochs[k]) for j, k in [(0, 1), (0, 2), (1, 2)])


@sheet.test("batch_order", points=0.5, says="The seed, and nothing else, decides the order.")
def order_seed(call):
    one, again, other = (torch.cat(list(call("batch_order", 20, 6, 2, seed))) for seed in (3, 3, 4))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


# 3. gradient


def weighted_problem(n, d, seed):
    X, y, w, b = (
        draw(n, d, seed=seed),
        draw(n, 1, seed=seed + 1),
        draw(d, 1, seed=seed + 2),
        draw(1, seed=seed + 3),
    )
    return X, y, w, b, draw(n, 1, seed=seed + 4).abs()


def by_autograd(X, y, w, b, count):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    loss = (count * (X @ w + b - y) ** 2).sum() / count.sum() / 2
    return torch.autograd.grad(loss, (w, b))


@sheet.test("gradient", points=1, says="The gradient with respect to the weights is autograd's.")
def gradient_by_w(call):
    for n, d in [(6, 3), (40, 1), (1, 2)]:
        problem = weighted_problem(n, d, seed=10 * n)
        assert near(call("gradient", *problem)[0], by_autograd(*problem)[0])


@sheet.test("gradient", points=1, says="The gradient with respect to the bias is autograd's, of shape (1,).")
def gradient_by_b(call):
    for n, d in [(6, 3), (40, 1), (1, 2)]:
        problem = weighted_problem(n, d, seed=10 * n)
        assert near(call("gradient", *problem)[1], by_autograd(*problem)[1])


@sheet.test("gradient", points=1, says="A count of 2 is two points, and a count of 0 is none.")
def gradient_counts(call):
    X, y, w, b, _ = weighted_problem(3, 2, seed=7)
    twice = torch.tensor([0, 0, 2])
    expected = by_autograd(X[twice], y[twice], w, b, torch.ones(3, 1))
    found = call("gradient", X, y, w, b, torch.tensor([[2.0], [0.0], [1.0]]))
    assert len(found) == 2
    assert near(found[0], expected[0])
    assert near(found[1], expected[1])


sheet.forbid("gradient", *AUTOGRAD)

# 4. clipped_step


def plain_step(parameters, gradients, lr, shrink=1.0):
    return [p - lr * shrink * g for p, g in zip(parameters, gradients, strict=True)]


def some_parameters(seed):
    shapes = [(3, 2), (2,), (1, 4)]
    return [draw(*s, seed=seed + k) for k, s in enumerate(shapes)], [
        3 * draw(*s, seed=seed + 9 + k) for k, s in enumerate(shapes)
    ]


@sheet.test("clipped_step", points=1, says="A gradient shorter than the limit leads to the plain step.")
def clip_short(call):
    parameters, gradients = some_parameters(seed=0)
    assert all_near(
        call("clipped_step", parameters, gradients, 0.2, 1000.0), plain_step(parameters, gradients, 0.2)
    )
    length = math.sqrt(sum((g**2).sum().item() for g in gradients))
    for limit, shrink in [(1.01 * length, 1), (0.99 * length, 0.99)]:  # on both sides of the limit
        expected = plain_step(parameters, gradients, 1.0, shrink)
        assert all_near(call("clipped_step", parameters, gradients, 1.0, limit), expected)
    still = call("clipped_step", parameters, [0 * g for g in gradients], 0.2, 1.0)
    assert all_near(still, parameters)


@sheet.test("clipped_step", points=2, says="A longer one is shortened as a whole, and keeps its direction.")
def clip_long(call):
    for seed, limit, lr in [(20, 1.0, 0.5), (40, 2.5, 0.1), (60, 0.3, 2.0)]:
        parameters, gradients = some_parameters(seed)
        length = math.sqrt(sum((g**2).sum().item() for g in gradients))
        expected = plain_step(parameters, gradients, lr, limit / length)
        found, given = call.after("clipped_step", parameters, gradients, lr, limit)
        assert all_near(found, expected)
        assert all_near(given[0], parameters)
        assert all_near(given[1], gradients)


CLIPPING = ("clip_grad_norm_", "clip_grad_norm", "clip_grads_with_norm_")
sheet.forbid("clipped_step", *(f"torch.nn.utils.{name}" for name in CLIPPING))

for mutant in ("zip(parameters, gradients, strict=True) -> zip(parameters, gradients)", "True -> False"):
    sheet.equivalent(
        "clipped_step", mutant, because="the two lists have the same length, as the question says"
    )

# 5. fit_weighted


def best_by_copies(X, y, copies):
    """Least squares in float64 for whole counts: each point as often as it counts; the shortest w."""
    X, y = X.double().repeat_interleave(copies, 0), y.double().repeat_interleave(copies, 0)
    w = torch.linalg.pinv(X - X.mean(0), rtol=1e-6) @ (y - y.mean(0))
    return w, y.mean(0) - X.mean(0) @ w


def fits(call, X, y, count, expected, atol=2e-3):
    w, b = call("fit_weighted", X, y, count)
    return (
        w.dtype == b.dtype == X.dtype
        and near(w.double(), expected[0], atol=atol)
        and near(b.double(), expected[1], atol=atol)
    )


@sheet.test(
    "fit_weighted",
    points=1,
    says="Points that count 0, 1, 2 or 3 fit as if each stood there that many times.",
)
def fit_counts(call):
    for seed, dtype in enumerate((torch.float32, torch.float64)):
        X, y = draw(9, 3, seed=seed, dtype=dtype) + 2, draw(9, 1, seed=50 + seed, dtype=dtype)
        y[3] = 1000.0
        copies = torch.tensor([1, 2, 3, 0, 1, 1, 2, 0, 1])
        expected = best_by_copies(X, y, copies)
        assert fits(call, X, y, copies.reshape(-1, 1).to(dtype), expected)
        assert fits(call, X, y, copies.reshape(-1, 1).to(dtype) / 10, expected)  # only shares matter


@sheet.test("fit_weighted", points=1, says="The bias is found, also where the points lie far from 0.")
def fit_bias(call):
    X = draw(30, 2, seed=3, dtype=torch.float64)
    w, b = torch.tensor([[2.0], [-3.4]], dtype=torch.float64), torch.tensor([-70.0], dtype=torch.float64)
    for center in (0, 5, -20):
        assert fits(
            call, X + center, (X + center) @ w + b, draw(30, 1, seed=4, dtype=torch.float64).abs(), (w, b)
        )
    constant = torch.ones(4, 1, dtype=torch.float64)  # weighs nothing: the bias does not count for the length
    targets = torch.tensor([[1.0], [2.0], [3.0], [6.0]], dtype=torch.float64)
    assert fits(call, constant, targets, constant, (0 * constant[:1], 3 * constant[0]))


@sheet.test("fit_weighted", points=1, says="Where several weights fit, the shortest are returned.")
def fit_shortest(call):
    single, count = draw(20, 1, seed=5), draw(20, 1, seed=6).abs() + 0.1
    half = torch.full((2, 1), -0.7, dtype=torch.float64)
    assert fits(
        call, single.repeat(1, 2), 4.2 - 1.4 * single, count, (half, torch.tensor([4.2], dtype=torch.float64))
    )
    X, y = draw(3, 5, seed=7), draw(3, 1, seed=8)
    assert fits(call, X, y, torch.ones(3, 1), best_by_copies(X, y, torch.tensor([1, 1, 1])))


sheet.equivalent(
    "fit_weighted",
    "torch.linalg.lstsq(root * (X - x_mean), root * (y - y_mean), driver='gelsd')"
    " -> torch.linalg.lstsq(root * (X - x_mean), root * (y - y_mean))",
    because="the default on a CPU, gelsy, finds the shortest weights as well",
)
sheet.equivalent(
    "fit_weighted",
    "y - y_mean -> y + y_mean",
    because="the centered features are orthogonal to a constant, so it does not matter which one y has",
)

# 6. rate_report


def curvatures(X):
    A = torch.cat([X, torch.ones(len(X), 1, dtype=X.dtype)], 1)
    return torch.linalg.eigvalsh(A.T @ A / len(A))


def some_features(seed, scale=1.0):
    return draw(50, 2, seed=seed, dtype=torch.float64) * torch.tensor([1.0, scale], dtype=torch.float64) + 0.5


@sheet.test("rate_report", points=1, says="The limit is 2/λmax, for features of any scale.")
def report_limit(call):
    for seed, scale in [(0, 1), (1, 30), (2, 0.01)]:
        X = some_features(seed, scale)
        found = call("rate_report", X, 0.01)
        assert isinstance(found["limit"], float)
        assert math.isclose(found["limit"], 2 / curvatures(X).max().item(), rel_tol=1e-3)


@sheet.test("rate_report", points=1, says="The worst factor counts every direction, and has no sign.")
def report_worst(call):
    for lr in (0.01, 0.5, 1.0, 1.4, 3.0):
        X = some_features(seed=3)
        found = call("rate_report", X, lr)["worst"]
        assert isinstance(found, float)
        assert math.isclose(found, (1 - lr * curvatures(X)).abs().max().item(), rel_tol=1e-3)


@sheet.test(
    "rate_report", points=1, says="The number of steps to a hundredth, and None if it is never reached."
)
def report_steps(call):
    X = some_features(seed=4)
    for share in (0.003, 0.1, 0.5, 0.9, 0.99):  # of the limit
        lr = share * 2 / curvatures(X).max().item()
        worst = (1 - lr * curvatures(X)).abs().max().item()
        steps = call("rate_report", X, lr)["steps"]
        assert isinstance(steps, int)
        assert worst**steps <= 0.01 < worst ** (steps - 1)
    for lr in (1.01 * 2 / curvatures(X).max().item(), 50.0):
        assert call("rate_report", X, lr)["steps"] is None
    level = torch.tensor([[1.0], [-1.0]], dtype=torch.float64)  # both curvatures are 1
    assert [call("rate_report", level, lr)["steps"] for lr in (1.0, 0.999, 2.001)] == [1, 1, None]


# 7. train_quantile


def descend_quantile(X, y, q, lr, steps):
    """The descent that the question describes."""
    A = torch.cat([X, torch.ones(len(X), 1)], 1)
    theta = torch.zeros(A.shape[1], 1)
    for k in range(steps):
        pull = torch.where(y > A @ theta, -q, 1 - q)
        theta = theta - lr * 0.99**k * A.T @ pull / len(A)
    return theta[:-1], theta[-1]


def trips(n, seed):
    """Distances (n, 2) and times (n, 1) with noise that is skew, as delays are."""
    X = draw(n, 2, seed=seed).abs()
    return X, X @ torch.tensor([[4.0], [1.0]]) + 3 + draw(n, 1, seed=seed + 1).exp()


@sheet.test("train_quantile", points=1, says="The first steps are those of the gradient, late and early.")
def quantile_steps(call):
    for q, lr, steps in [(0.9, 0.3, 1), (0.2, 0.5, 2), (0.7, 2.0, 9)]:
        X, y = trips(20, seed=int(10 * q))
        y = y - 6  # some are early from the start
        w, b = call("train_quantile", X, y, q, lr, steps)
        expected = descend_quantile(X, y, q, lr, steps)
        assert near(w, expected[0], atol=1e-3)
        assert near(b, expected[1], atol=1e-3)
    w, b = call("train_quantile", X, y, 0.5, 1.0, 0)
    assert near(w, torch.zeros(2, 1))
    assert near(b, torch.zeros(1))


@sheet.test("train_quantile", points=1, says="A share q of the points ends below the line, whatever q is.")
def quantile_share(call):
    X, y = trips(200, seed=1)
    for q in (0.9, 0.5, 0.2):
        w, b = call("train_quantile", X, y, q, 0.5, 700)
        below = (y <= X @ w + b).float().mean().item()
        assert abs(below - q) < 0.04


@sheet.test("train_quantile", points=1, says="A late trip pulls the same, however late it is.")
def quantile_outlier(call):
    X, y = trips(50, seed=4)
    late = y.clone()
    late[7] = 10_000.0
    for q in (0.5, 0.9):
        w, b = call("train_quantile", X, late, q, 0.5, 400)
        expected = descend_quantile(X, late, q, 0.5, 400)
        assert near(w, expected[0], atol=0.05)
        assert near(b, expected[1], atol=0.05)


sheet.equivalent(
    "rate_report",
    "worst >= 1 -> worst > 1",
    because="a factor of exactly 1 is within a rounding of one below it, so no test asks for it",
)
sheet.equivalent(
    "train_quantile",
    "y > X @ w + b -> y >= X @ w + b",
    because="a trip exactly on the line has probability 0, and there the loss has no derivative",
)

# 8. encode


def numbers(n, mean, spread, seed):
    """A column of numbers with a few gaps; the first value is known."""
    column = mean + spread * draw(n, seed=seed)
    column[2::5] = math.nan
    return column


def texts(n, kinds, seed):
    """A column of texts, drawn from `kinds`; the empty one is a gap."""
    return [kinds[k] for k in draw_labels(n, len(kinds), seed=seed)]


def scaled(old, fresh):
    """A feature from a column of numbers, in float64."""
    known = old[~old.isnan()].double()
    mean, std = known.mean(), known.std()
    return ((torch.where(fresh.isnan(), mean, fresh.double()) - mean) / std).float()


def dummies(old, fresh):
    """The features from a column of texts, a list of columns."""
    kinds = sorted(set(old) - {""})
    hot = [[float(text == kind) for text in fresh] for kind in kinds[1:]]
    return [*map(torch.tensor, hot), torch.tensor([float(text not in kinds) for text in fresh])]


@sheet.test(
    "encode", points=1, says="Numbers are scaled by what is known in the training table, and so are gaps."
)
def encode_numbers(call):
    for seed, n, m in [(0, 12, 7), (1, 30, 1), (2, 3, 20)]:
        train = {"mass": numbers(n, 42.0, 8.0, seed), "length": numbers(n, -3.0, 0.1, seed + 10)}
        new = {"mass": numbers(m, 60.0, 3.0, seed + 20), "length": numbers(m, 0.0, 2.0, seed + 30)}
        for fresh in (new, train):
            expected = torch.stack([scaled(train[name], fresh[name]) for name in train], 1)
            assert near(call("encode", train, fresh), expected, atol=1e-3)
    gap = {"mass": torch.tensor([math.nan])}
    assert near(call("encode", {"mass": torch.tensor([2.0, 4.0])}, gap), torch.zeros(1, 1))


@sheet.test(
    "encode", points=1, says="Each category but the first has a feature; what is missing or new is unknown."
)
def encode_texts(call):
    for old, fresh in [
        (["red", "blue", "green", "blue"], ["green", "red", "blue", "blue"]),  # no gap, nothing new
        (["red", "", "blue", "green"], ["", "green", "white", "red", "Blue"]),
        (["north", "west", "east"], ["south", "", "zenith", "west"]),  # unknown though train has no gap
        (["yes", "yes"], ["yes", "no"]),  # a single category
        (["b", "c", "a", "d", ""], ["d"]),
    ]:
        expected = torch.stack(dummies(old, fresh), 1)
        assert near(call("encode", {"kind": old}, {"kind": fresh}), expected)


@sheet.test(
    "encode",
    points=1,
    says="A whole table: its order of columns, rows one at a time, and nothing changes in it.",
)
def encode_tables(call):
    train = {"size": numbers(25, 5.0, 2.0, 3), "color": texts(25, ["", "red", "blue", "green"], 4)}
    train |= {"age": numbers(25, 30.0, 9.0, 5), "sex": texts(25, ["male", "female"], 6)}
    new = {"sex": texts(9, ["male", "", "female"], 7), "name": ["x"] * 9, "age": numbers(9, 50.0, 1.0, 8)}
    new |= {"weight": numbers(9, 1.0, 1.0, 9), "color": texts(9, ["white", "red", "green"], 10)}
    new["size"] = numbers(9, 4.0, 1.0, 11)
    expected = [scaled(train["size"], new["size"]), *dummies(train["color"], new["color"])]
    expected += [scaled(train["age"], new["age"]), *dummies(train["sex"], new["sex"])]
    found, left = call.after("encode", train, new)
    assert near(found, torch.stack(expected, 1), atol=1e-3)
    for table, given in zip(left, (train, new), strict=True):
        assert list(table) == list(given)
        for name, column in given.items():
            if isinstance(column, list):
                assert table[name] == column
            else:
                assert near(table[name].nan_to_num(-99.0), column.nan_to_num(-99.0))
    for k in range(9):
        row = {name: column[k : k + 1] for name, column in new.items()}
        assert near(call("encode", train, row), found[k : k + 1])


# 9. repaired


def learn(X, y, new, lr, epochs, seed):
    """The training that the question describes, its gradient by hand."""
    mean, std = X.mean(0), X.std(0)
    A = torch.cat([(X - mean) / std, torch.ones(len(X), 1)], 1)
    theta, generator = torch.zeros(A.shape[1], 1), torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for i in torch.randperm(len(A), generator=generator).split(10):
            theta = theta - lr * A[i].T @ (A[i] @ theta - y[i, None]) / len(i)
    return (new - mean) / std @ theta[:-1] + theta[-1]


def houses(n, seed):
    """Features (n, 2) of very different scale, far from 0, and targets (n,)."""
    X = draw(n, 2, seed=seed) * torch.tensor([1.0, 100.0]) + torch.tensor([5.0, 300.0])
    return X, X @ torch.tensor([2.0, -0.034]) + 4.2 + 0.1 * draw(n, seed=seed + 1)


@sheet.test(
    "repaired",
    points=2,
    says="After any number of epochs the predictions are those of a training without bugs.",
)
def repaired_values(call):
    for n, lr, epochs, seed in [
        (30, 0.1, 1, 0),
        (10, 0.3, 2, 1),
        (30, 0.2, 3, 2),
        (25, 0.1, 4, 3),
        (10, 0.5, 0, 4),
    ]:
        X, y = houses(n, seed=n)
        new, _ = houses(6, seed=n + 100)
        found, (X_left, _, new_left, *_) = call.after("repaired", X, y, new, lr, epochs, seed)
        assert near(found, learn(X, y, new, lr, epochs, seed), atol=2e-3)
        assert near(X_left, X)
        assert near(new_left, new)


@sheet.test(
    "repaired",
    points=1,
    says="A new point's prediction does not depend on the other new points; it may come alone.",
)
def repaired_alone(call):
    X, y = houses(20, seed=5)
    new, _ = houses(3, seed=6)
    together = call("repaired", X, y, new, 0.2, 3, 0)
    assert together.shape == (3, 1)
    for k in range(3):
        assert near(call("repaired", X, y, new[k : k + 1], 0.2, 3, 0), together[k : k + 1], atol=1e-3)
    assert near(together, learn(X, y, new, 0.2, 3, 0), atol=2e-3)


@sheet.test(
    "repaired", points=1, says="Trained for longer, it predicts new points to the level of the noise."
)
def repaired_noise(call):
    X, y = houses(60, seed=8)
    new, truth = houses(40, seed=80)
    found = call("repaired", X, y, new, 0.1, 40, 0)
    assert found.shape == (40, 1)
    assert (found[:, 0] - truth).square().mean().sqrt() < 0.2
