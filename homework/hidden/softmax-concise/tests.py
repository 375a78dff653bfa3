"""Hidden tests of the sheet "The concise implementation"."""

import math
from collections import Counter

import torch
from torch import nn
from torch.nn import functional as F

from homework.grader.helpers import all_near, draw, draw_labels, near
from homework.grader.hidden import Sheet

sheet = Sheet("softmax-concise")


# 1. fold


def trained(d, K, seed):
    W, b, mean = draw(d, K, seed=seed), draw(K, seed=seed + 1), draw(d, seed=seed + 2)
    return W, b, mean, draw(d, seed=seed + 3).abs() + 0.2


@sheet.test("fold", points=1, says="The result has PyTorch's names and shapes, and its model loads it.")
def fold_loads(call):
    for d, K in [(4, 3), (6, 2), (3, 3)]:
        arguments = trained(d, K, seed=d)
        state, given = call.after("fold", *arguments)
        net = nn.Sequential(nn.Flatten(), nn.Linear(d, K))
        net.load_state_dict(state)
        assert state["1.weight"].shape == (K, d)
        assert all(near(left, was) for left, was in zip(given, arguments, strict=True))
        _, b, mean, _ = arguments
        assert near(net(mean[None]), b[None])


@sheet.test("fold", points=1, says="Raw images get the logits that standardized ones had.")
def fold_logits(call):
    for d, K, seed in [(4, 3, 10), (9, 2, 20), (3, 3, 30)]:
        W, b, mean, std = trained(d, K, seed)
        net = nn.Sequential(nn.Flatten(), nn.Linear(d, K))
        net.load_state_dict(call("fold", W, b, mean, std))
        X = 5 * draw(7, 1, 1, d, seed=seed + 5)
        assert near(net(X), (X.flatten(1) - mean) / std @ W + b, atol=1e-3)


# 2. rates


@sheet.test("rates", points=1, says="The rates rise to the peak and fall along half a cosine.")
def rates_values(call):
    for steps, warmup, peak in [(10, 3, 0.5), (7, 0, 1.0), (20, 19, 2.0), (5, 1, 0.1), (1, 0, 3.0)]:
        found = call("rates", steps, warmup, peak)
        assert isinstance(found, list)
        assert len(found) == steps
        for k, rate in enumerate(found):
            share = (
                (k + 1) / warmup
                if k < warmup
                else math.cos(math.pi * (k - warmup) / 2 / (steps - warmup)) ** 2
            )
            assert isinstance(rate, float)
            assert math.isclose(rate, peak * share, abs_tol=1e-6)


@sheet.test("rates", points=1, says="A warm-up below 0, or not shorter than the whole, is refused.")
def rates_refused(call):
    for steps, warmup in [(5, 5), (5, 6), (5, -1), (1, 1), (0, 0)]:
        assert call.raises("ValueError", "rates", steps, warmup, 1.0)
    assert len(call("rates", 5, 4, 1.0)) == 5
    assert len(call("rates", 5, 0, 1.0)) == 5


# 3. join


def cut_batch(sizes, K, skipped, seed):
    """A batch in parts of these sizes; its parts, the classes' weights, and the truth of the whole."""
    n = sum(sizes)
    o, y = draw(n, K, seed=seed).requires_grad_(), draw_labels(n, K, seed)
    y[skipped] = -100
    weight, parts = draw(K, seed=seed + 1).abs() + 0.1, []
    for i in torch.arange(n).split(sizes):
        loss = F.cross_entropy(o[i], y[i], weight)
        gradient = torch.autograd.grad(loss, o)[0]
        if (y[i] == -100).all():
            gradient = torch.full_like(gradient, math.nan)
        parts.append({"loss": loss.item(), "gradient": gradient, "y": y[i]})
    whole = F.cross_entropy(o, y, weight)
    return parts, weight, whole.item(), torch.autograd.grad(whole, o)[0]


def joined_right(call, *batch):
    parts, weight, loss, gradient = cut_batch(*batch)
    found, pull = call("join", parts, weight)
    return isinstance(found, float) and math.isclose(found, loss, rel_tol=1e-5) and near(pull, gradient)


@sheet.test("join", points=1, says="The loss and gradient of the whole, for parts of any size.")
def join_sizes(call):
    assert joined_right(call, [4, 4, 1], 3, [], 0)
    assert joined_right(call, [1, 7], 5, [], 1)
    assert joined_right(call, [6], 2, [], 2)
    parts, weight, _, _ = cut_batch([3, 2], 2, [], 3)
    (_, _), (left, _) = call.after("join", parts, weight)
    assert all(near(a["gradient"], b["gradient"]) for a, b in zip(left, parts, strict=True))


@sheet.test(
    "join", points=1, says="Skipped labels do not count, nor parts with no other; classes are weighted."
)
def join_skipped(call):
    assert joined_right(call, [4, 4, 1], 3, [0, 1, 5], 10)
    assert joined_right(call, [2, 8], 4, [2, 3, 4, 5, 6, 7, 8], 11)
    assert joined_right(call, [1, 1, 1], 101, [1], 12)
    assert joined_right(call, [2, 3, 1], 3, [0, 1], 20)
    assert joined_right(call, [2, 3, 1], 3, [5], 21)
    assert joined_right(call, [2, 1, 1, 2], 2, [0, 2, 3], 22)


# 4. partial_loss


def by_probabilities(logits, allowed):
    """The n losses, by float64; 0 for a row without an allowed class."""
    p = torch.log_softmax(logits.double(), 1).masked_fill(~allowed, -math.inf)
    return torch.where(allowed.any(1), -p.logsumexp(1), 0.0).to(logits.dtype)


def some_sets(n, K, seed):
    allowed = draw(n, K, seed=seed) > 0.2
    allowed[0], allowed[-1] = False, True
    allowed[1], allowed[1, 2] = False, True
    return 2 * draw(n, K, seed=seed + 1), allowed


@sheet.test("partial_loss", points=1, says="Each image's loss, from the probability of its whole set.")
def partial_each(call):
    for n, K, seed in [(6, 4, 0), (3, 10, 2), (8, 3, 4)]:
        logits, allowed = some_sets(n, K, seed)
        assert near(call("partial_loss", logits, allowed, "none"), by_probabilities(logits, allowed))
    y = draw_labels(8, 3)
    one = F.one_hot(y, 3).bool()
    assert near(call("partial_loss", logits, one, "mean"), F.cross_entropy(logits, y))


@sheet.test("partial_loss", points=1, says="Sum and mean leave skipped images out; another name is refused.")
def partial_reduced(call):
    for n, K, seed in [(6, 4, 10), (5, 3, 12)]:
        logits, allowed = some_sets(n, K, seed)
        each, counted = by_probabilities(logits, allowed), allowed.any(1).sum()
        assert near(call("partial_loss", logits, allowed, "sum"), each.sum())
        assert near(call("partial_loss", logits, allowed, "mean"), each.sum() / counted)
    nothing = torch.zeros(5, 3, dtype=torch.bool)
    assert call("partial_loss", logits, nothing, "mean").isnan()
    assert call("partial_loss", logits, nothing, "sum") == 0
    assert near(call("partial_loss", logits, nothing, "none"), torch.zeros(5))
    for name in ("batchmean", "", "Mean"):
        assert call.raises("ValueError", "partial_loss", logits, allowed, name)


@sheet.test("partial_loss", points=1, says="Right for logits of ±1000, too.")
def partial_wide(call):
    logits = torch.tensor([[1000.0, 0.0, -1000.0], [-1000.0, -1000.0, -1000.0], [500.0, 499.0, 0.0]])
    for columns in ([1, 2], [0, 1], [2], [0, 1, 2]):
        allowed = torch.zeros(3, 3, dtype=torch.bool)
        allowed[:, columns] = True
        found = call("partial_loss", logits, allowed, "none")
        assert near(found, by_probabilities(logits, allowed), atol=1e-3)


# 5. lowest_loss


def entropy(labels):
    """The entropy of the labels' own distribution, in nats."""
    return math.fsum(c / len(labels) * math.log(len(labels) / c) for c in Counter(labels).values())


def by_counting(kind, y):
    """The lowest loss in nats, and the bits that the kind tells."""
    groups, y = {}, y.tolist()
    for k, c in zip(kind.tolist(), y, strict=True):
        groups.setdefault(k, []).append(c)
    lowest = math.fsum(len(group) / len(y) * entropy(group) for group in groups.values())
    return lowest, (entropy(y) - lowest) / math.log(2)


def number_is_right(call, kind, y, place):
    """Is the number in this place of the answer a float, and right?"""
    found, expected = call("lowest_loss", kind, y), by_counting(kind, y)
    right = math.isclose(found[place], expected[place], rel_tol=0, abs_tol=1e-5)
    return len(found) == 2 and isinstance(found[place], float) and right


def some_kinds(n, kinds, K, seed):
    """Images of kinds of different sizes; half of the labels follow from the kind."""
    kind = (draw(n, seed=seed).abs() * kinds / 3).long()
    return kind, torch.where(draw(n, seed=seed + 1) > 0, kind % K, draw_labels(n, K, seed))


@sheet.test("lowest_loss", points=1, says="The lowest loss: each kind's entropy, by its share of the images.")
def lowest_values(call):
    for n, kinds, K, seed in [(90, 3, 2, 0), (300, 5, 3, 10), (70, 1, 4, 20)]:
        assert number_is_right(call, *some_kinds(n, kinds, K, seed), 0)


@sheet.test(
    "lowest_loss", points=1, says="Classes that a kind does not have add nothing; kinds have any numbers."
)
def lowest_rare(call):
    kind, y = some_kinds(40, 8, 10, seed=30)
    assert number_is_right(call, kind, y, 0)
    assert number_is_right(call, 10**12 * (3 - 2 * kind), y, 0)
    assert number_is_right(call, torch.tensor([5, -1, 5, 5]), torch.tensor([3, 0, 3, 3]), 0)
    assert number_is_right(call, torch.arange(6), torch.tensor([0, 4, 0, 1, 1, 2]), 0)
    assert number_is_right(call, torch.tensor([-4]), torch.tensor([2]), 0)


@sheet.test("lowest_loss", points=1, says="What the kind tells: all, a part, or nothing, in bits.")
def lowest_told(call):
    for n, kinds, K, seed in [(90, 3, 2, 40), (300, 5, 3, 50), (70, 1, 4, 60)]:
        assert number_is_right(call, *some_kinds(n, kinds, K, seed), 1)
    y = torch.arange(12) % 4
    assert number_is_right(call, y.flip(0), y, 1)  # 2 bits
    assert number_is_right(call, torch.arange(12) // 4, y, 1)  # 0 bits
    assert number_is_right(call, y % 2, y, 1)  # 1 bit


# 6. descend


def torch_path(w, gradients, lrs, momentum, weight_decay):
    p = w.clone().requires_grad_()
    optimizer, path = torch.optim.SGD([p], 1.0, momentum, weight_decay=weight_decay), []
    for g, lr in zip(gradients, lrs, strict=True):
        p.grad, optimizer.param_groups[0]["lr"] = g.clone(), lr
        optimizer.step()
        path.append(p.detach().clone())
    return path


def some_path(shape, seed, steps=5):
    lrs = [0.5, 0.1, 0.7, 0.02, 1.0][:steps]
    return draw(*shape, seed=seed), [draw(*shape, seed=seed + k) for k in range(1, steps + 1)], lrs


def same_path(call, *arguments):
    found, given = call.after("descend", *arguments)
    wanted = torch_path(*arguments)
    kept = near(given[0], arguments[0]) and all_near(given[1], arguments[1])
    return kept and all_near(found, wanted)


@sheet.test("descend", points=1, says="With momentum, at any rates; a list of separate tensors of any shape.")
def descend_momentum(call):
    for momentum in (0.9, 0.0, 0.5):
        w, gradients, lrs = some_path((3, 2), seed=0)
        assert same_path(call, w, gradients, [0.3] * 5, momentum, 0.0)
        assert same_path(call, w, gradients, lrs, momentum, 0.0)
    for shape, steps in [((), 3), ((2, 3, 1), 1), ((5,), 4)]:
        assert same_path(call, *some_path(shape, seed=20, steps=steps), 0.8, 0.01)
    assert len(call("descend", torch.ones(2), [], [], 0.9, 0.1)) == 0


@sheet.test("descend", points=1, says="With decay, with and without momentum.")
def descend_decay(call):
    for momentum, decay in [(0.0, 0.3), (0.9, 0.1), (0.5, 1.0)]:
        assert same_path(call, *some_path((4,), seed=10), momentum, decay)


sheet.forbid(
    "descend",
    *("torch.optim.SGD", "torch.optim.sgd.SGD", "torch.optim.sgd.sgd", "torch.optim.Optimizer"),
    *("torch.optim.Adam", "torch.optim.AdamW", "torch.optim.RMSprop", "torch.optim.ASGD"),
)
sheet.equivalent(
    "descend", "True -> False", because="there is a rate for each gradient, so none is left over"
)
sheet.equivalent(
    "descend",
    "zip(gradients, lrs, strict=True) -> zip(gradients, lrs)",
    because="there is a rate for each gradient, so none is left over",
)

# 7. choose


def settings(*pairs):
    """Results from (batch_size, accuracies)."""
    return [{"lr": 0.1, "batch_size": size, "accuracy": list(runs)} for size, runs in pairs]


@sheet.test(
    "choose", points=1, says="The largest batch within the best one's error; of several, the best mean."
)
def choose_largest(call):
    runs = [0.80, 0.84, 0.82, 0.86]  # mean .83, deviation .0258, error .0129
    for lower, expected in [(0.012, 1), (0.0125, 1), (0.0135, 0), (0.02, 0), (0.03, 0)]:
        others = (128, [value - lower for value in runs])
        assert call("choose", settings((64, runs), others)) == expected
        assert call("choose", settings(others, (64, runs))) == 1 - expected
    noisy = (128, [0.5, 0.7, 0.9])  # its own error is large, but it is not the best
    assert call("choose", settings((64, [0.8, 0.81]), noisy)) == 0
    assert call("choose", settings((64, [0.5, 0.75]), (128, [0.52, 0.53]))) == 1  # error .125
    assert call("choose", settings((64, [0.5, 0.75]), (128, [0.49, 0.49]))) == 0
    assert call("choose", settings((256, runs), others)) == 0
    close = [(128, [value - lower for value in runs]) for lower in (0.009, 0.004, 0.011)]
    assert call("choose", settings((64, runs), *close)) == 2
    assert call("choose", settings(*close[::-1], (64, runs))) == 1
    level = [0.75, 0.75, 0.75]
    assert call("choose", settings((32, level), (64, level), (16, level))) == 1
    assert call("choose", settings((32, level), (64, [0.5, 0.5, 0.5]))) == 0


@sheet.test("choose", points=1, says="What has diverged is out; if all have, a ValueError.")
def choose_diverged(call):
    sick = (512, [0.99, math.nan, 0.99])
    for order in ([sick, (8, [0.6, 0.7])], [(8, [0.6, 0.7]), sick]):
        assert order[call("choose", settings(*order))][0] == 8
    assert call("choose", settings((512, [math.nan, 0.1]), (8, [0.6, 0.7]), (16, [0.6, 0.71]))) == 2
    assert call.raises("ValueError", "choose", settings(sick, sick))
    assert call.raises("ValueError", "choose", settings((4, [0.9, math.nan])))


sheet.equivalent(
    "choose",
    "raise ValueError('every setting has diverged') -> pass",
    because="the maximum of nothing, in the next line, is a ValueError, too",
)

# 8. fit_temperature


def best_temperature(logits, y):
    """The zero of the slope in β, by bisection in float64."""
    o, low, high = logits.double(), 1 / 30, 30.0
    truth = o[torch.arange(len(y)), y]
    for _ in range(80):
        beta = (low + high) / 2
        rising = (((beta * o).softmax(1) * o).sum(1) - truth).mean() > 0
        low, high = (low, beta) if rising else (beta, high)
    return 1 / beta


def temperature_is_right(call, logits, y):
    T = call("fit_temperature", logits, y)
    return isinstance(T, float) and math.isclose(T, best_temperature(logits, y), rel_tol=1e-3)


def scored(n, K, seed, size=1.0):
    """Logits of which about two in three have the true class on top."""
    y = draw_labels(n, K, seed)
    return size * (2 * F.one_hot(y, K) + draw(n, K, seed=seed)), y


@sheet.test(
    "fit_temperature",
    points=1,
    says="The temperature of lowest loss, for over-confident and under-confident models.",
)
def temperature_values(call):
    for n, K, size, seed in [(200, 3, 1.0, 0), (100, 10, 4.0, 1), (300, 2, 0.3, 2)]:
        assert temperature_is_right(call, *scored(n, K, seed, size))


@sheet.test("fit_temperature", points=1, says="Right to a thousandth of itself, from 0.05 to 20.")
def temperature_range(call):
    logits, y = scored(60, 4, seed=5)
    natural = best_temperature(logits, y)
    for wanted in (0.06, 0.31, 2.9, 19.0):
        assert temperature_is_right(call, logits * wanted / natural, y)


@sheet.test("fit_temperature", points=1, says="If all is right there is no best temperature: a ValueError.")
def temperature_refused(call):
    logits, y = scored(20, 3, seed=6)
    right = F.one_hot(y, 3) * 9.0 + logits / 4
    assert (right.argmax(1) == y).all()
    assert call.raises("ValueError", "fit_temperature", right, y)
    tie = torch.tensor([[1.0, 0.0], [2.0, 2.0]])
    for k in (0, 1):
        assert call.raises("ValueError", "fit_temperature", tie, torch.tensor([0, k]))
    assert temperature_is_right(call, torch.cat([right, logits]), torch.cat([y, y]))


for mutant, why in [
    ("100.0 -> 101.0", "the search begins in a wider interval, and ends at the same place"),
    ("50 -> 51", "one halving more, long after the digits asked for"),
    ("slope > 0 -> slope >= 0", "a slope of exactly 0 is the place looked for, from either side"),
    (
        "((p * logits).sum(1) - truth).mean -> ((p * logits).sum(1) - truth).sum",
        "only the sign of the slope is used, and a sum has that of the mean",
    ),
]:
    sheet.equivalent("fit_temperature", mutant, because=why)

# 9. train


def by_hand(X, y, K, lr, momentum, epochs, batch_size, seed):
    """The training that the question describes, its gradient by hand, in float64."""
    A = torch.cat([X, torch.ones(len(X), 1)], 1).double()
    theta, v = torch.zeros(2, A.shape[1], K, dtype=torch.float64)
    generator, losses, k = torch.Generator().manual_seed(seed), [], 0
    N = epochs * -(-len(X) // batch_size)
    for _ in range(epochs):
        total = 0.0
        for i in torch.randperm(len(X), generator=generator).split(batch_size):
            log_p = (A[i] @ theta).log_softmax(1)
            total -= log_p[range(len(i)), y[i]].sum().item()
            v = momentum * v + A[i].T @ (log_p.exp() - F.one_hot(y[i], K)) / len(i)
            theta, k = theta - lr * (1 - k / N) * v, k + 1
        losses.append(total / len(X))
    return theta[:-1].float(), theta[-1].float(), losses


def clouds(n, d, K, seed):
    """Points around K centers, and which center it was."""
    y = draw_labels(n, K, seed)
    return draw(n, d, seed=seed) + 2 * draw(K, d, seed=seed + 1)[y], y


def same_weights(call, X, y, *settings):
    found = call("train", X, y, *settings)
    W, b, _ = by_hand(X, y, *settings)
    return near(found["W"], W, atol=1e-3) and near(found["b"], b, atol=1e-3)


@sheet.test("train", points=1, says="The weights of plain SGD at the falling rate, in our shape.")
def train_plain(call):
    X, y = clouds(20, 3, 4, seed=0)
    for settings_ in [(4, 0.5, 0.0, 1, 20, 0), (4, 0.3, 0.0, 3, 5, 1), (4, 0.1, 0.0, 2, 1, 2)]:
        assert same_weights(call, X, y, *settings_)
    assert same_weights(call, X[:6], y[:6] % 2, 2, 1.0, 0.0, 2, 9, 3)


@sheet.test("train", points=1, says="The weights with momentum, over several epochs.")
def train_momentum(call):
    X, y = clouds(24, 2, 3, seed=10)
    for settings_ in [(3, 0.1, 0.9, 4, 6, 0), (3, 0.2, 0.5, 2, 8, 1)]:
        assert same_weights(call, X, y, *settings_)


@sheet.test("train", points=1, says="A short last batch counts, and each order comes from the seed.")
def train_short(call):
    X, y = clouds(23, 2, 3, seed=20)
    for settings_ in [(3, 0.4, 0.0, 2, 10, 5), (3, 0.2, 0.8, 3, 22, 6), (3, 0.2, 0.8, 3, 7, 7)]:
        assert same_weights(call, X, y, *settings_)


@sheet.test("train", points=1, says="The losses are exact means over the images, one for each epoch.")
def train_losses(call):
    X, y = clouds(23, 2, 3, seed=30)
    for settings_ in [(3, 0.4, 0.0, 3, 10, 5), (3, 0.2, 0.8, 2, 23, 6), (3, 0.5, 0.5, 4, 11, 7)]:
        found, expected = call("train", X, y, *settings_)["losses"], by_hand(X, y, *settings_)[2]
        assert len(found) == len(expected)
        assert all(isinstance(loss, float) for loss in found)
        assert all(math.isclose(a, b, rel_tol=1e-3) for a, b in zip(found, expected, strict=True))
