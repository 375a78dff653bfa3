"""Hidden tests of the sheet "Softmax regression from scratch"."""

import math

import torch
from torch.nn import functional as F

from homework.grader.helpers import AUTOGRAD, SOFTMAX, draw, near, same
from homework.grader.hidden import Sheet

sheet = Sheet("softmax-from-scratch")


def shares(n, K, seed):
    """A spread-out truth (n, K): rows that make 1."""
    return (2 * draw(n, K, seed=seed)).softmax(1)


# 1. softmax


@sheet.test("softmax", points=1, says="The last axis sums to 1, for tensors of any shape and dtype.")
def softmax_shapes(call):
    for shape, dtype in [((4,), torch.float32), ((3, 3), torch.float64), ((2, 5, 4), torch.float32)]:
        logits = draw(*shape, seed=len(shape), dtype=dtype)
        assert near(call("softmax", logits, 1.0), logits.softmax(-1))


@sheet.test("softmax", points=0.5, says="A low temperature makes more confident, a high one less confident.")
def softmax_temperature(call):
    logits = draw(6, 5, seed=4)
    for temperature in (0.25, 0.8, 3.0, 50.0):
        assert near(call("softmax", logits, temperature), (logits / temperature).softmax(-1))


@sheet.test("softmax", points=0.5, says="A temperature that is not above 0 is refused with a ValueError.")
def softmax_refuses(call):
    logits = draw(6, 5, seed=4)
    assert call.raises("ValueError", "softmax", logits, 0.0)
    assert call.raises("ValueError", "softmax", logits, -2.0)


@sheet.test("softmax", points=1, says="Large logits, and rows far below others, lead to right probabilities.")
def softmax_large(call):
    logits = torch.tensor([[1e4, 1e4 + 1, -1e4], [-1e4, -1e4, -1e4], [0.0, 2.0, 1.0]])
    for temperature in (1.0, 0.5):
        expected = (logits.double() / temperature).softmax(-1).float()
        assert near(call("softmax", logits, temperature), expected, atol=1e-3)


sheet.forbid("softmax", *SOFTMAX)

# 2. vote_share


@sheet.test("vote_share", points=1, says="Each row holds the shares of the votes on that image.")
def votes_counted(call):
    votes = torch.randint(0, 6, (9, 7), generator=torch.Generator().manual_seed(3))
    assert near(call("vote_share", votes, 6), F.one_hot(votes, 6).float().mean(1))


@sheet.test("vote_share", points=0.5, says="Every class has a column, even one that nobody chose.")
def votes_columns(call):
    assert near(call("vote_share", torch.tensor([[1, 1, 0]]), 5), torch.tensor([[1 / 3, 2 / 3, 0, 0, 0]]))


@sheet.test("vote_share", points=0.5, says="One vote on each image is enough.")
def votes_single(call):
    assert near(call("vote_share", torch.tensor([[2], [0]]), 3), torch.eye(3)[[2, 0]])


# 3. cross_entropy


SIZES = [(7, 5, torch.float32), (1, 2, torch.float32), (20, 10, torch.float64)]


@sheet.test("cross_entropy", points=0.5, says="The mean loss for one-hot truths.")
def loss_one_hot(call):
    for n, K, dtype in SIZES:
        logits, truth = 3 * draw(n, K, seed=n, dtype=dtype), F.one_hot(torch.arange(n) % K, K).to(dtype)
        assert near(call("cross_entropy", logits, truth), F.cross_entropy(logits, truth))


@sheet.test("cross_entropy", points=0.5, says="The mean loss for spread-out truths.")
def loss_spread(call):
    for n, K, dtype in SIZES:
        logits, truth = 3 * draw(n, K, seed=n, dtype=dtype), shares(n, K, seed=n + 1).to(dtype)
        assert near(call("cross_entropy", logits, truth), F.cross_entropy(logits, truth))


@sheet.test("cross_entropy", points=1, says="A shift of all logits of an image does not change its loss.")
def loss_shift(call):
    logits, truth = draw(6, 4, seed=8), shares(6, 4, seed=9)
    shifted = logits + torch.tensor([[5.0], [-40.0], [100.0], [-200.0], [0.0], [1000.0]])
    assert near(call("cross_entropy", shifted, truth), F.cross_entropy(logits, truth), atol=1e-3)


@sheet.test("cross_entropy", points=1, says="A confident mistake costs much, and never nan or inf.")
def loss_large(call):
    logits = torch.tensor([[1e4, -1e4, 0.0], [0.0, 150.0, -150.0], [-1e4, -1e4, -1e4]])
    for truth in (torch.eye(3)[[1, 0, 2]], torch.eye(3)[[0, 1, 1]], torch.full((3, 3), 1 / 3)):
        expected = F.cross_entropy(logits.double(), truth.double()).float()
        assert near(call("cross_entropy", logits, truth), expected, atol=1e-2)


sheet.forbid(
    "cross_entropy",
    *("torch.nn.functional.cross_entropy", "torch.nn.CrossEntropyLoss", "torch.log_softmax"),
    *("torch.nn.functional.log_softmax", "torch.nn.LogSoftmax", "torch.special.log_softmax"),
    *("torch.nn.functional.nll_loss", "torch.nn.NLLLoss", "torch.nn.functional.kl_div", "torch.nn.KLDivLoss"),
    *("torch.distributions.Categorical", "torch.distributions.OneHotCategorical"),
)

# 4. gradient


def by_autograd(X, truth, W, b, decay):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    loss = F.cross_entropy(X @ W + b, truth) + decay / 2 * W.square().sum()
    return torch.autograd.grad(loss, (W, b))


def small_problem(n, d, K, seed):
    return draw(n, d, seed=seed), shares(n, K, seed + 1), draw(d, K, seed=seed + 2), draw(K, seed=seed + 3)


@sheet.test(
    "gradient", points=1, says="Without decay, the gradient of the mean loss with respect to W and to b."
)
def gradient_plain(call):
    for n, d, K in [(6, 4, 3), (1, 2, 5), (30, 3, 2)]:
        problem = small_problem(n, d, K, seed=n)
        dW, db = call("gradient", *problem, 0.0)
        expected = by_autograd(*problem, 0.0)
        assert near(dW, expected[0])
        assert near(db, expected[1])


@sheet.test("gradient", points=2, says="With decay, W is penalized, and b is not.")
def gradient_decay(call):
    for decay in (0.01, 0.7, 5.0):
        problem = small_problem(5, 3, 4, seed=40)
        dW, db = call("gradient", *problem, decay)
        expected = by_autograd(*problem, decay)
        assert near(dW, expected[0])
        assert near(db, expected[1])


sheet.forbid("gradient", *AUTOGRAD)

# 5. report


def some_batches(sizes, K, seed):
    """Logits that lean toward the label, but often miss it: the very first always does."""
    generator = torch.Generator().manual_seed(seed)
    batches = []
    for size in sizes:
        y = torch.randint(0, K, (size,), generator=generator)
        batches.append((torch.randn(size, K, generator=generator) + 1.5 * F.one_hot(y, K), y))
    logits, y = batches[0]
    logits[0] = F.one_hot((y[0] + 1) % K, K)
    return batches


def counted(batches, K):
    counts = torch.zeros(K, K)
    for logits, y in batches:
        for true, said in zip(y, logits.argmax(1), strict=True):
            counts[true, said] += 1
    return counts


@sheet.test("report", points=1, says="The accuracy is exact, however the images are cut into batches.")
def report_accuracy(call):
    for sizes in [(10, 10, 1), (3, 50), (40,), (1, 1, 1, 7)]:
        batches = some_batches(sizes, 4, seed=sum(sizes))
        right = sum((logits.argmax(1) == y).sum().item() for logits, y in batches)
        accuracy = call("report", batches, 4)["accuracy"]
        assert isinstance(accuracy, float)
        assert math.isclose(accuracy, right / sum(sizes), rel_tol=1e-5)


@sheet.test(
    "report", points=1, says="Recall and precision of each class, 0 where there is nothing to divide by."
)
def report_classes(call):
    for sizes, K in [((30, 11), 4), ((8,), 3), ((100, 3), 6)]:
        batches = some_batches(sizes, K, seed=K)
        counts, found = counted(batches, K), call("report", batches, K)
        assert near(found["recall"], counts.diag() / counts.sum(1))
        assert near(found["precision"], counts.diag() / counts.sum(0))
    logits, y = torch.eye(6)[[0, 0, 4, 1, 1]], torch.tensor([0, 2, 4, 1, 0])  # 2 never named; 3, 5 nowhere
    found = call("report", [(logits, y)], 6)
    assert near(found["recall"], torch.tensor([1 / 2, 1, 0, 0, 1, 0]))
    assert near(found["precision"], torch.tensor([1 / 2, 1 / 2, 0, 0, 1, 0]))


@sheet.test("report", points=1, says="The most common mistake, as (true, predicted), over all batches.")
def report_confused(call):
    for true, said in [(2, 0), (1, 3), (0, 1)]:
        logits = torch.eye(4)[[*range(4)] * 5 + [said] * 2]
        y = torch.tensor([*range(4)] * 5 + [true] * 2)
        other = torch.eye(4)[[3, said, 3]], torch.tensor([2, true, 3])
        assert same(call("report", [(logits, y), other], 4)["confused"], (true, said))


# 6. decide


@sheet.test("decide", points=1, says="The answer of lowest expected cost, for any matrix of costs.")
def decide_cheapest(call):
    generator = torch.Generator().manual_seed(6)
    for K in (2, 4, 10):
        p, cost = shares(12, K, seed=K), torch.rand(K, K, generator=generator)
        assert call("decide", p, cost, 100.0).tolist() == (p @ cost).argmin(1).tolist()


@sheet.test("decide", points=0.5, says="Asks where even the cheapest answer costs more, and only there.")
def decide_asks(call):
    generator = torch.Generator().manual_seed(7)
    p, cost = shares(40, 3, seed=7), 5 * torch.rand(3, 3, generator=generator)
    lowest, cheapest = (p @ cost).min(1)
    for ask in (0.1, lowest.median().item() + 1e-3, 1.5, 3.0):
        found = call("decide", p, cost, ask)
        expected = [
            -1 if value > ask else answer for value, answer in zip(lowest, cheapest.tolist(), strict=True)
        ]
        assert found.dtype == torch.int64
        assert found.tolist() == expected


@sheet.test(
    "decide", points=0.5, says="Does not ask where both cost the same, nor take right answers as free."
)
def decide_edges(call):
    halves = torch.tensor([[0.25, 0.75], [0.75, 0.25], [0.5, 0.5]])
    assert call("decide", halves, 4 * (1 - torch.eye(2)), 1.0).tolist() == [1, 0, -1]
    fees = torch.tensor([[3.0, 4.0], [9.0, 1.0]])  # even a right answer costs something
    assert call("decide", torch.eye(2), fees, 2.0).tolist() == [-1, 1]


# 7. compare


def two_models(n, better, worse, seed):
    """Which images two models classify correctly: B alone on about a share `better`, A alone on `worse`."""
    u = torch.rand(n, generator=torch.Generator().manual_seed(seed))
    return u >= better, (u < better) | (u >= better + worse)


@sheet.test("compare", points=0.5, says="The difference is the accuracy of B minus that of A.")
def compare_difference(call):
    for n, better, worse in [(10, 0.3, 0.1), (500, 0.02, 0.2), (77, 0.3, 0.3)]:
        a, b = two_models(n, better, worse, seed=n)
        found = call("compare", a, b)["difference"]
        assert isinstance(found, float)
        assert math.isclose(found, (b.sum() - a.sum()).item() / n, rel_tol=1e-5, abs_tol=1e-6)


@sheet.test("compare", points=1, says="The margin is that of the pairs, with the formula of the question.")
def compare_margin(call):
    for n, better, worse in [(4, 0.5, 0.1), (12, 0.3, 0.1), (500, 0.02, 0.2)]:
        a, b = two_models(n, better, worse, seed=n + 1)
        found = call("compare", a, b)["margin"]
        assert isinstance(found, float)
        assert math.isclose(
            found, 1.96 * (b.double() - a.double()).std(correction=0).item() / n**0.5, rel_tol=1e-3
        )


@sheet.test("compare", points=0.5, says="Real means larger than the margin, in either direction.")
def compare_real(call):
    a, b = two_models(2000, 0.06, 0.03, seed=0)
    assert call("compare", a, b)["real"] is True
    assert call("compare", b, a)["real"] is True
    c, d = two_models(2000, 0.05, 0.045, seed=1)
    assert call("compare", c, d)["real"] is False
    assert call("compare", a, a)["real"] is False
    assert call("compare", torch.tensor([True]), torch.tensor([True]))["margin"] == 0


# 8. screen


def people(sick, well, seed):
    """Scores and labels: the ill score higher on average, and many scores are equal."""
    y = torch.cat([torch.ones(sick), torch.zeros(well)]).long()
    y = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))]
    return ((2 * draw(len(y), seed=seed) + 3 * y).round() / 2), y


def counted_rates(score, y, least):
    """The threshold, the recall and the false positive rate, by counting."""
    ill, healthy = score[y == 1].tolist(), score[y == 0].tolist()
    enough = [t for t in ill if sum(one >= t for one in ill) >= least * len(ill)]
    rates = (sum(one >= max(enough) for one in group) / len(group) for group in (ill, healthy))
    return max(enough), *rates


SHARES = [0.06, 0.25, 0.5, 0.61, 0.75, 0.93, 1.0]  # to be found: only ¼, ½, ¾ and 1 are reached exactly
KINDS = [(8, 30, 0), (40, 25, 1), (13, 4, 2), (1, 1, 3)]  # ill, healthy, seed


@sheet.test("screen", points=1, says="The highest threshold that finds enough, also where scores are equal.")
def screen_threshold(call):
    for sick, well, seed in KINDS:
        score, y = people(sick, well, seed)
        for least in SHARES:
            threshold = call("screen", score, y, least, 0.1)["threshold"]
            assert isinstance(threshold, float)
            assert math.isclose(threshold, counted_rates(score, y, least)[0], rel_tol=1e-6, abs_tol=1e-6)


@sheet.test("screen", points=1, says="Recall and false positive rate at it; equal scores go together.")
def screen_rates(call):
    for sick, well, seed in KINDS:
        score, y = people(sick, well, seed + 10)
        for least in SHARES:
            found = call("screen", score, y, least, 0.1)
            _, recall, alarms = counted_rates(score, y, least)
            for name, expected in (("recall", recall), ("false_positive_rate", alarms)):
                assert isinstance(found[name], float)
                assert math.isclose(found[name], expected, rel_tol=1e-5, abs_tol=1e-6)


@sheet.test("screen", points=1, says="The precision where illness is more common or rarer than in the data.")
def screen_precision(call):
    for sick, well, seed in KINDS:
        score, y = people(sick, well, seed + 20)
        for least, prevalence in [(0.5, 0.001), (0.91, 0.02), (0.75, 0.3), (1.0, 0.8)]:
            _, recall, alarms = counted_rates(score, y, least)
            ill, healthy = prevalence * recall, (1 - prevalence) * alarms
            found = call("screen", score, y, least, prevalence)["precision"]
            assert isinstance(found, float)
            assert math.isclose(found, ill / (ill + healthy), rel_tol=1e-4)
    apart = torch.tensor([-1.0, -2.0, 3.0]), torch.tensor([0, 0, 1])  # no false alarm
    assert math.isclose(call("screen", *apart, 0.5, 0.01)["precision"], 1, rel_tol=1e-5)


# 9. train


def path(X, y, K, lr, epochs, batch_size, seed):
    """W and b after each step of the last epoch, by autograd."""
    W, b = torch.zeros(X.shape[1], K), torch.zeros(K)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        places = []
        for i in torch.randperm(len(X), generator=generator).split(batch_size):
            W, b = W.requires_grad_(), b.requires_grad_()
            dW, db = torch.autograd.grad(F.cross_entropy(X[i] @ W + b, y[i]), (W, b))
            W, b = (W - lr * dW).detach(), (b - lr * db).detach()
            places.append((W, b))
    return [torch.stack(parts) for parts in zip(*places, strict=True)]


def blobs(n, K, seed):
    """Points (n, 3) around K centers, overlapping, and their labels."""
    y = torch.arange(n) % K
    return 2 * draw(K, 3, seed=99)[y] + draw(n, 3, seed=seed), y


@sheet.test("train", points=1, says="One epoch: each step is that of the batch's mean loss, from 0.")
def train_one_epoch(call):
    for n, K, lr, size in [(12, 3, 0.5, 12), (20, 4, 0.2, 6)]:
        X, y = blobs(n, K, seed=n)
        found = call("train", X, y, K, lr, 1, size, 3)
        Ws, bs = path(X, y, K, lr, 1, size, 3)
        assert near(found[0], Ws.mean(0), atol=1e-3)
        assert near(found[1], bs.mean(0), atol=1e-3)


@sheet.test(
    "train", points=2, says="Several epochs: the mean over the steps of the last one, short batch included."
)
def train_epochs(call):
    for n, K, lr, epochs, size, seed in [
        (25, 3, 1.0, 4, 10, 0),
        (30, 2, 0.1, 3, 30, 1),
        (9, 5, 2.0, 6, 2, 2),
    ]:
        X, y = blobs(n, K, seed=n)
        found = call("train", X, y, K, lr, epochs, size, seed)
        Ws, bs = path(X, y, K, lr, epochs, size, seed)
        assert near(found[0], Ws.mean(0), atol=1e-3)
        assert near(found[1], bs.mean(0), atol=1e-3)


@sheet.test("train", points=1, says="It learns, and seeds lead to nearly the same place.")
def train_calm(call):
    X, y = blobs(150, 3, seed=5)
    models = [call("train", X, y, 3, 0.5, 8, 10, seed) for seed in range(3)]
    accuracies = [((X @ W + b).argmax(1) == y).float().mean().item() for W, b in models]
    Ws, bs = path(X, y, 3, 0.5, 8, 10, 0)
    expected = ((X @ Ws.mean(0) + bs.mean(0)).argmax(1) == y).float().mean().item()
    assert min(accuracies) > expected - 0.05
    spread = torch.stack([W for W, _ in models]).std(0).max()
    assert spread < 0.2
