"""Hidden tests of the sheet "Softmax regression from scratch", with known wrong and right answers."""

import math

import torch
from torch.nn import functional as F

from homework.grader.hidden import Sheet

sheet = Sheet("softmax-from-scratch")


def draw(*shape, seed=0, dtype=torch.float32):
    """Standard normal numbers, the same in each run."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def near(value, expected, atol=1e-4):
    """Is this a tensor of the expected shape and dtype, near the expected numbers?"""
    same_kind = value.shape == expected.shape and value.dtype == expected.dtype
    return same_kind and torch.allclose(value, expected, rtol=1e-4, atol=atol)


def shares(n, K, seed):
    """A spread-out truth (n, K): rows that make 1."""
    return (2 * draw(n, K, seed=seed)).softmax(1)


# 1 ------------------------------------------------------------------------------------------------- softmax


@sheet.test("softmax", points=1, says="The last axis makes 1, for tensors of any shape and dtype.")
def softmax_shapes(call):
    for shape, dtype in [((4,), torch.float32), ((3, 3), torch.float64), ((2, 5, 4), torch.float32)]:
        logits = draw(*shape, seed=len(shape), dtype=dtype)
        assert near(call("softmax", logits, 1.0), logits.softmax(-1))


@sheet.test("softmax", points=0.5, says="A low temperature makes surer, a high one less sure.")
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
        assert near(call("softmax", logits, temperature), expected, 1e-3)


sheet.forbid(
    "softmax",
    *(
        "torch.softmax",
        "torch.log_softmax",
        "torch.logsumexp",
        "torch.special.softmax",
        "torch.special.logsumexp",
    ),
    *("torch.nn.functional.softmax", "torch.nn.functional.log_softmax", "torch.special.log_softmax"),
    *("torch.nn.functional.softmin", "torch.nn.functional.gumbel_softmax", "torch.nn.Softmax"),
    *("torch.nn.LogSoftmax", "torch.nn.Softmin", "torch.logaddexp", "torch.logcumsumexp"),
)
SOFTMAX = """
def softmax(logits, temperature):
    if temperature <= 0:
        raise ValueError("temperature")
    {}
    return exp / exp.sum(-1, keepdim=True)
"""
for why, line in [
    ("overflows", "exp = (logits / temperature).exp()"),
    ("the largest of all rows", "exp = ((logits - logits.max()) / temperature).exp()"),
    ("multiplies by the temperature", "exp = ((logits - logits.amax(-1, keepdim=True)) * temperature).exp()"),
    ("ignores the temperature", "exp = (logits - logits.amax(-1, keepdim=True)).exp()"),
    ("divides after the exponential", "exp = (logits - logits.amax(-1, keepdim=True)).exp() / temperature"),
    ("divides scores by their sum", "exp = logits / temperature"),
    ("clips the logits", "exp = (logits.clamp(-80, 80) / temperature).exp()"),
    ("base 2", "exp = ((logits - logits.amax(-1, keepdim=True)) / temperature).exp2()"),
    ("float32 only", "exp = ((logits - logits.amax(-1, keepdim=True)) / temperature).float().exp()"),
]:
    sheet.wrong("softmax", why, SOFTMAX.format(line))
for why, axis in [("sums over the first axis", 0), ("always the second axis", 1)]:
    source = SOFTMAX.format("exp = ((logits - logits.amax(-1, keepdim=True)) / temperature).exp()")
    sheet.wrong("softmax", why, source.replace("exp.sum(-1", f"exp.sum({axis}"))
sheet.wrong(
    "softmax",
    "refuses no temperature",
    """
def softmax(logits, temperature):
    exp = ((logits - logits.amax(-1, keepdim=True)) / temperature).exp()
    return exp / exp.sum(-1, keepdim=True)
""",
)
sheet.wrong(
    "softmax",
    "torch's own",
    """
def softmax(logits, temperature):
    if temperature <= 0:
        raise ValueError("temperature")
    return (logits / temperature).softmax(-1)
""",
)
sheet.wrong(
    "softmax",
    "torch's own, by another name",
    """
import torch.nn.functional as tools

def helper(z):
    return tools.softmax(z, dim=-1)

def softmax(logits, temperature):
    if temperature <= 0:
        raise ValueError("temperature")
    return helper(logits / temperature)
""",
)
sheet.right(
    "softmax",
    "values of max, math.e to the power",
    """
def softmax(logits, temperature):
    if temperature <= 0.0:
        raise ValueError("a temperature is positive")
    scaled = logits / temperature
    top = scaled.max(dim=-1, keepdim=True).values
    powers = torch.exp(scaled - top)
    total = powers.sum(dim=-1)
    return powers / total.unsqueeze(-1)
""",
)
sheet.right(
    "softmax",
    "one over the sum of the odds",
    """
def softmax(logits, temperature):
    if not temperature > 0:
        raise ValueError("a temperature is positive")
    gaps = (logits.unsqueeze(-2) - logits.unsqueeze(-1)) / temperature
    return 1 / gaps.exp().sum(-1)
""",
)

# 2 ---------------------------------------------------------------------------------------------- vote_share


@sheet.test("vote_share", points=1, says="Each row holds the shares of the votes on that picture.")
def votes_counted(call):
    votes = torch.randint(0, 6, (9, 7), generator=torch.Generator().manual_seed(3))
    assert near(call("vote_share", votes, 6), F.one_hot(votes, 6).float().mean(1))


@sheet.test("vote_share", points=0.5, says="Every class has a column, also one that nobody chose.")
def votes_columns(call):
    assert near(call("vote_share", torch.tensor([[1, 1, 0]]), 5), torch.tensor([[1 / 3, 2 / 3, 0, 0, 0]]))


@sheet.test("vote_share", points=0.5, says="One vote on each picture is enough.")
def votes_single(call):
    assert near(call("vote_share", torch.tensor([[2], [0]]), 3), torch.eye(3)[[2, 0]])


for why, line in [
    ("counts", "F.one_hot(votes, K).sum(1)"),
    ("counts as floats", "F.one_hot(votes, K).float().sum(1)"),
    ("the majority", "F.one_hot(votes.mode(1).values, K).float()"),
    ("shares over the pictures", "F.one_hot(votes, K).float().mean(0)"),
    ("the number of classes from the votes", "F.one_hot(votes).float().mean(1)"),
    ("divides by the number of classes", "F.one_hot(votes, K).float().sum(1) / K"),
    ("all pictures together make 1", "F.one_hot(votes, K).float().sum(1) / votes.numel()"),
    ("the first vote", "F.one_hot(votes[:, 0], K).float()"),
]:
    source = f"\nfrom torch.nn import functional as F\n\ndef vote_share(votes, K):\n    return {line}\n"
    sheet.wrong("vote_share", why, source)
sheet.right(
    "vote_share",
    "one class after the other",
    """
def vote_share(votes, K):
    columns = [(votes == k).sum(1) for k in range(K)]
    return torch.stack(columns, 1) / votes.shape[1]
""",
)
sheet.right(
    "vote_share",
    "adds at the votes' places",
    """
def vote_share(votes, K):
    n, m = votes.shape
    return torch.zeros(n, K).scatter_add(1, votes, torch.ones(n, m)) / m
""",
)
sheet.right(
    "vote_share",
    "rows of the identity",
    """
def vote_share(votes, K):
    return torch.eye(K)[votes].mean(dim=1)
""",
)

# 3 ------------------------------------------------------------------------------------------- cross_entropy


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


@sheet.test("cross_entropy", points=1, says="A shift of all logits of a picture does not change its loss.")
def loss_shift(call):
    logits, truth = draw(6, 4, seed=8), shares(6, 4, seed=9)
    shifted = logits + torch.tensor([[5.0], [-40.0], [100.0], [-200.0], [0.0], [1000.0]])
    assert near(call("cross_entropy", shifted, truth), F.cross_entropy(logits, truth), 1e-3)


@sheet.test("cross_entropy", points=1, says="Sure and wrong costs much, and never nan or inf.")
def loss_large(call):
    logits = torch.tensor([[1e4, -1e4, 0.0], [0.0, 150.0, -150.0], [-1e4, -1e4, -1e4]])
    for truth in (torch.eye(3)[[1, 0, 2]], torch.eye(3)[[0, 1, 1]], torch.full((3, 3), 1 / 3)):
        expected = F.cross_entropy(logits.double(), truth.double()).float()
        assert near(call("cross_entropy", logits, truth), expected, 1e-2)


sheet.forbid(
    "cross_entropy",
    *("torch.nn.functional.cross_entropy", "torch.nn.CrossEntropyLoss", "torch.log_softmax"),
    *("torch.nn.functional.log_softmax", "torch.nn.LogSoftmax", "torch.special.log_softmax"),
    *("torch.nn.functional.nll_loss", "torch.nn.NLLLoss", "torch.nn.functional.kl_div", "torch.nn.KLDivLoss"),
    *("torch.distributions.Categorical", "torch.distributions.OneHotCategorical"),
)
for why, line in [
    ("the logarithm of softmax", "return -(truth * logits.softmax(1).log()).sum(1).mean()"),
    ("adds a little in the logarithm", "return -(truth * (logits.softmax(1) + 1e-8).log()).sum(1).mean()"),
    ("a sum over the pictures", "return -(truth * (logits - logits.logsumexp(1, keepdim=True))).sum()"),
    ("a mean over all entries", "return -(truth * (logits - logits.logsumexp(1, keepdim=True))).mean()"),
    ("one loss a picture", "return -(truth * (logits - logits.logsumexp(1, keepdim=True))).sum(1)"),
    ("the sign is missing", "return (truth * (logits - logits.logsumexp(1, keepdim=True))).sum(1).mean()"),
    (
        "only the largest share",
        "return (logits.logsumexp(1) - logits[range(len(logits)), truth.argmax(1)]).mean()",
    ),
    (
        "base 2",
        "return -(truth * (logits - logits.logsumexp(1, keepdim=True))).sum(1).mean() / math.log(2)",
    ),
    (
        "softmax twice",
        """p = logits.softmax(1)
    return -(truth * (p - p.logsumexp(1, keepdim=True))).sum(1).mean()""",
    ),
    ("over the batch", "return -(truth * (logits - logits.logsumexp(0, keepdim=True))).sum(1).mean()"),
    ("overflows", "return -(truth * (logits - logits.exp().sum(1, keepdim=True).log())).sum(1).mean()"),
]:
    sheet.wrong("cross_entropy", why, f"\ndef cross_entropy(logits, truth):\n    {line}\n")
sheet.wrong(
    "cross_entropy",
    "torch's own",
    """
from torch.nn import functional as F

def cross_entropy(logits, truth):
    return F.cross_entropy(logits, truth)
""",
)
sheet.right(
    "cross_entropy",
    "log-sum-exp minus the mean logit under the truth",
    """
def cross_entropy(logits, truth):
    return (torch.logsumexp(logits, dim=1) - (truth * logits).sum(dim=1)).mean()
""",
)
sheet.right(
    "cross_entropy",
    "shifted by hand, a loop over the pictures",
    """
def cross_entropy(logits, truth):
    total = torch.zeros((), dtype=logits.dtype)
    for o, q in zip(logits, truth):
        o = o - o.max()
        total = total + (q * (o.exp().sum().log() - o)).sum()
    return total / len(logits)
""",
)

# 4 ------------------------------------------------------------------------------------------------ gradient


def by_autograd(X, truth, W, b, decay):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    loss = F.cross_entropy(X @ W + b, truth) + decay / 2 * W.square().sum()
    return torch.autograd.grad(loss, (W, b))


def small_problem(n, d, K, seed):
    return draw(n, d, seed=seed), shares(n, K, seed + 1), draw(d, K, seed=seed + 2), draw(K, seed=seed + 3)


@sheet.test("gradient", points=1, says="Without decay, the gradient of the mean loss by W and by b.")
def gradient_plain(call):
    for n, d, K in [(6, 4, 3), (1, 2, 5), (30, 3, 2)]:
        problem = small_problem(n, d, K, seed=n)
        dW, db = call("gradient", *problem, 0.0)
        expected = by_autograd(*problem, 0.0)
        assert near(dW, expected[0])
        assert near(db, expected[1])


@sheet.test("gradient", points=2, says="With decay, W has its price, and b has none.")
def gradient_decay(call):
    for decay in (0.01, 0.7, 5.0):
        problem = small_problem(5, 3, 4, seed=40)
        dW, db = call("gradient", *problem, decay)
        expected = by_autograd(*problem, decay)
        assert near(dW, expected[0])
        assert near(db, expected[1])


sheet.forbid(
    "gradient",
    *("torch.autograd.grad", "torch.autograd.backward", "torch.Tensor.backward"),
    *("torch.autograd.functional.jacobian", "torch.autograd.functional.vjp", "torch.func.grad"),
    *("torch.func.grad_and_value", "torch.func.vjp", "torch.func.jacrev", "torch.func.jacfwd"),
)
PULL = "pull = ((X @ W + b).softmax(1) - truth) / len(X)"
for why, lines in [
    (
        "a sum over the pictures",
        "pull = (X @ W + b).softmax(1) - truth\n    return X.T @ pull + decay * W, pull.sum(0)",
    ),
    ("the sign is turned", f"{PULL}\n    return -X.T @ pull + decay * W, -pull.sum(0)"),
    ("decay on b as well", f"{PULL}\n    return X.T @ pull + decay * W, pull.sum(0) + decay * b"),
    ("twice the decay", f"{PULL}\n    return X.T @ pull + 2 * decay * W, pull.sum(0)"),
    ("decay divided by n", f"{PULL}\n    return X.T @ pull + decay * W / len(X), pull.sum(0)"),
    ("no decay", f"{PULL}\n    return X.T @ pull, pull.sum(0)"),
    ("decay shrinks the gradient", f"{PULL}\n    return X.T @ pull - decay * W, pull.sum(0)"),
    ("b divided twice", f"{PULL}\n    return X.T @ pull + decay * W, pull.mean(0)"),
    (
        "softmax over the batch",
        f"{PULL}\n    return X.T @ pull + decay * W, pull.sum(0)".replace("x(1)", "x(0)"),
    ),
    ("forgets b", f"{PULL}\n    return X.T @ pull + decay * W, pull.sum(0)".replace(" + b)", ")")),
    (
        "logits for probabilities",
        "pull = (X @ W + b - truth) / len(X)\n    return X.T @ pull + decay * W, pull.sum(0)",
    ),
]:
    sheet.wrong("gradient", why, f"\ndef gradient(X, truth, W, b, decay):\n    {lines}\n")
sheet.right(
    "gradient",
    "one picture after the other",
    """
def gradient(X, truth, W, b, decay):
    dW, db = decay * W.clone(), torch.zeros_like(b)
    for x, q in zip(X, truth):
        error = torch.softmax(x @ W + b, 0) - q
        dW += torch.outer(x, error) / X.shape[0]
        db += error / X.shape[0]
    return dW, db
""",
)
sheet.right(
    "gradient",
    "einsum, own softmax, P and Q apart",
    """
def gradient(X, truth, W, b, decay):
    o = X @ W + b
    P = torch.exp(o - torch.logsumexp(o, 1, keepdim=True))
    dW = torch.einsum("ij,ik->jk", X, P) - torch.einsum("ij,ik->jk", X, truth)
    return dW / len(X) + W * decay, P.mean(0) - truth.mean(0)
""",
)

# 5 -------------------------------------------------------------------------------------------------- report


def some_batches(sizes, K, seed):
    """Logits that lean towards the label, but often miss it: the very first always does."""
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


@sheet.test("report", points=1, says="The accuracy is exact, however the pictures are cut into batches.")
def report_accuracy(call):
    for sizes in [(10, 10, 1), (3, 50), (40,), (1, 1, 1, 7)]:
        batches = some_batches(sizes, 4, seed=sum(sizes))
        right = sum((logits.argmax(1) == y).sum().item() for logits, y in batches)
        accuracy = call("report", batches, 4)["accuracy"]
        assert isinstance(accuracy, float)
        assert math.isclose(accuracy, right / sum(sizes), rel_tol=1e-5)


@sheet.test(
    "report", points=2, says="Recall and precision of each class, 0 where there is nothing to divide by."
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


@sheet.test("report", points=1, says="The commonest mistake, as (true, predicted), over all batches.")
def report_confused(call):
    for true, said in [(2, 0), (1, 3), (0, 1)]:
        logits = torch.eye(4)[[*range(4)] * 5 + [said] * 2]
        y = torch.tensor([*range(4)] * 5 + [true] * 2)
        other = torch.eye(4)[[3, said, 3]], torch.tensor([2, true, 3])
        found = tuple(call("report", [(logits, y), other], 4)["confused"])
        assert found == (true, said)
        assert all(type(part) is int for part in found)


REPORT = """
def report(batches, K):
    counts = torch.zeros(K, K)
    for logits, y in batches:
        counts{add}= torch.bincount(K * y + logits.argmax(1), minlength=K * K).reshape(K, K)
    right = counts.diag()
    return {{
        "accuracy": {accuracy},
        "recall": {recall},
        "precision": {precision},
        "confused": {confused},
    }}
"""
PARTS = {
    "add": " +",
    "accuracy": "(right.sum() / counts.sum()).item()",
    "recall": "right / counts.sum(1).clamp(min=1)",
    "precision": "right / counts.sum(0).clamp(min=1)",
    "confused": "divmod((counts - right.diag()).argmax().item(), K)",
}
for why, other in [
    (
        "a mean of batch means",
        {"accuracy": "sum((o.argmax(1) == y).float().mean().item() for o, y in batches) / len(batches)"},
    ),
    ("the last batch only", {"add": " "}),
    ("recall and precision exchanged", {"recall": PARTS["precision"], "precision": PARTS["recall"]}),
    ("nan where nothing was named", {"precision": "right / counts.sum(0)"}),
    ("nan where there is nothing", {"recall": "right / counts.sum(1)"}),
    ("the mistake turned round", {"confused": "divmod((counts - right.diag()).T.argmax().item(), K)"}),
    ("the largest cell, right ones too", {"confused": "divmod(counts.argmax().item(), K)"}),
    ("the number of right ones", {"accuracy": "right.sum().item()"}),
    ("the mean recall for accuracy", {"accuracy": "(right / counts.sum(1).clamp(min=1)).mean().item()"}),
    ("shares of all pictures", {"recall": "right / counts.sum()"}),
]:
    sheet.wrong("report", why, REPORT.format(**{**PARTS, **other}))
sheet.right(
    "report",
    "all batches at once, class by class",
    """
def report(batches, K):
    said = torch.cat([logits.argmax(1) for logits, _ in batches])
    true = torch.cat([y for _, y in batches])
    recall, precision = torch.zeros(K), torch.zeros(K)
    for k in range(K):
        hits = ((said == k) & (true == k)).sum()
        if (true == k).any():
            recall[k] = hits / (true == k).sum()
        if (said == k).any():
            precision[k] = hits / (said == k).sum()
    tally = {}
    for t, s in zip(true.tolist(), said.tolist()):
        if t != s:
            tally[t, s] = tally.get((t, s), 0) + 1
    return {
        "accuracy": (said == true).float().mean().item(),
        "recall": recall,
        "precision": precision,
        "confused": max(tally, key=tally.get),
    }
""",
)
sheet.right(
    "report",
    "a table by loops, nan put to 0",
    """
def report(batches, K):
    table = torch.zeros(K, K)
    for logits, y in batches:
        for t, s in zip(y.tolist(), logits.max(dim=1).indices.tolist()):
            table[t, s] += 1
    hits = torch.diagonal(table)
    wrong = table.clone().fill_diagonal_(-1)
    cell = int(wrong.flatten().argmax())
    return {
        "confused": [cell // K, cell % K],
        "recall": torch.nan_to_num(hits / table.sum(dim=1), nan=0.0),
        "precision": torch.nan_to_num(hits / table.sum(dim=0), nan=0.0),
        "accuracy": float(hits.sum() / table.sum()),
    }
""",
)

# 6 -------------------------------------------------------------------------------------------------- decide


@sheet.test("decide", points=1, says="The answer of lowest expected cost, for any matrix of costs.")
def decide_cheapest(call):
    generator = torch.Generator().manual_seed(6)
    for K in (2, 4, 10):
        p, cost = shares(12, K, seed=K), torch.rand(K, K, generator=generator)
        assert call("decide", p, cost, 100.0).tolist() == (p @ cost).argmin(1).tolist()


@sheet.test("decide", points=1, says="Asks where even the cheapest answer costs more, and only there.")
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
    "decide", points=1, says="Does not ask where both cost the same, nor count right answers as free."
)
def decide_edges(call):
    halves = torch.tensor([[0.25, 0.75], [0.75, 0.25], [0.5, 0.5]])
    assert call("decide", halves, 4 * (1 - torch.eye(2)), 1.0).tolist() == [1, 0, -1]
    fees = torch.tensor([[3.0, 4.0], [9.0, 1.0]])  # even a right answer costs something
    assert call("decide", torch.eye(2), fees, 2.0).tolist() == [-1, 1]


for why, line in [
    ("the likeliest class", "torch.where((p @ cost).amin(1) > ask, -1, p.argmax(1))"),
    ("rows and columns exchanged", "torch.where((p @ cost.T).amin(1) > ask, -1, (p @ cost.T).argmin(1))"),
    ("asks at equal cost", "torch.where((p @ cost).amin(1) >= ask, -1, (p @ cost).argmin(1))"),
    ("never asks", "(p @ cost).argmin(1)"),
    ("asks if any answer costs more", "torch.where((p @ cost).amax(1) > ask, -1, (p @ cost).argmin(1))"),
    ("asks where asking is dearer", "torch.where((p @ cost).amin(1) < ask, -1, (p @ cost).argmin(1))"),
    ("the dearest answer", "torch.where((p @ cost).amin(1) > ask, -1, (p @ cost).argmax(1))"),
    ("asks by probability", "torch.where(p.amax(1) < ask, -1, (p @ cost).argmin(1))"),
    (
        "the cost of the likeliest truth only",
        "torch.where(cost[p.argmax(1)].amin(1) > ask, -1, cost[p.argmax(1)].argmin(1))",
    ),
    ("floats", "torch.where((p @ cost).amin(1) > ask, -1.0, (p @ cost).argmin(1).float())"),
]:
    sheet.wrong("decide", why, f"\ndef decide(p, cost, ask):\n    return {line}\n")
sheet.right(
    "decide",
    "asking as one more answer",
    """
def decide(p, cost, ask):
    expected = torch.cat([p @ cost, torch.full((len(p), 1), ask)], 1)
    answer = expected.argmin(1)  # of equal ones the first
    answer[answer == cost.shape[1]] = -1
    return answer
""",
)
sheet.right(
    "decide",
    "loops",
    """
def decide(p, cost, ask):
    answers = []
    for row in p:
        expected = [sum(row[t] * cost[t, a] for t in range(len(row))).item() for a in range(cost.shape[1])]
        best = min(range(len(expected)), key=expected.__getitem__)
        answers.append(best if expected[best] <= ask else -1)
    return torch.tensor(answers)
""",
)

# 7 ------------------------------------------------------------------------------------------------- compare


def two_models(n, better, worse, seed):
    """Which pictures two models name rightly: B alone on about a share `better`, A alone on `worse`."""
    u = torch.rand(n, generator=torch.Generator().manual_seed(seed))
    return u >= better, (u < better) | (u >= better + worse)


@sheet.test("compare", points=1, says="The difference is the accuracy of B minus that of A.")
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


@sheet.test("compare", points=1, says="Real means larger than the margin, in either direction.")
def compare_real(call):
    a, b = two_models(2000, 0.06, 0.03, seed=0)
    assert call("compare", a, b)["real"] is True
    assert call("compare", b, a)["real"] is True
    c, d = two_models(2000, 0.05, 0.045, seed=1)
    assert call("compare", c, d)["real"] is False
    assert call("compare", a, a)["real"] is False
    assert call("compare", torch.tensor([True]), torch.tensor([True]))["margin"] == 0


COMPARE = """
def compare(right_a, right_b):
    n = len(right_a)
    d = {d}
    difference = d.mean().item()
    margin = {margin}
    return {{"difference": difference, "margin": margin, "real": {real}}}
"""
PIECES = {
    "d": "right_b.double() - right_a.double()",
    "margin": "1.96 * d.std(correction=0).item() / math.sqrt(n)",
    "real": "abs(difference) > margin",
}
for why, other in [
    ("A minus B", {"d": "right_a.double() - right_b.double()"}),
    ("how often they differ", {"d": "(right_a != right_b).double()"}),
    ("one standard error", {"margin": "d.std(correction=0).item() / math.sqrt(n)"}),
    ("the spread of a picture", {"margin": "1.96 * d.std(correction=0).item()"}),
    ("divides by n, not by its root", {"margin": "1.96 * d.std(correction=0).item() / n"}),
    ("divides by n − 1", {"margin": "1.96 * d.std().item() / math.sqrt(n)"}),
    (
        "as if the pictures were others",
        {
            "margin": "1.96 * math.sqrt((right_a.double().var(correction=0)"
            " + right_b.double().var(correction=0)).item() / n)"
        },
    ),
    ("the margin of A alone", {"margin": "1.96 * right_a.double().std(correction=0).item() / math.sqrt(n)"}),
    ("only if B is better", {"real": "difference > margin"}),
    ("real if it is not", {"real": "abs(difference) < margin"}),
    ("every difference is real", {"real": "difference != 0"}),
]:
    sheet.wrong("compare", why, COMPARE.format(**{**PIECES, **other}))
sheet.right(
    "compare",
    "counts of the pictures that only one has right",
    """
def compare(right_a, right_b):
    n = len(right_a)
    only_b = int((right_b & ~right_a).sum())
    only_a = int((right_a & ~right_b).sum())
    difference = (only_b - only_a) / n
    variance = (only_a + only_b) / n - difference**2
    margin = 1.96 * (variance / n) ** 0.5
    return {"real": abs(difference) > margin, "margin": margin, "difference": difference}
""",
)
sheet.right(
    "compare",
    "plain Python",
    """
def compare(right_a, right_b):
    d = [int(b) - int(a) for a, b in zip(right_a.tolist(), right_b.tolist())]
    mean = sum(d) / len(d)
    s = math.sqrt(sum((x - mean) ** 2 for x in d) / len(d))
    margin = 1.96 * s / math.sqrt(len(d))
    return {"difference": mean, "margin": margin, "real": mean > margin or mean < -margin}
""",
)

# 8 --------------------------------------------------------------------------------------------------- train


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
    """Points (n, 3) around K centres, overlapping, and their labels."""
    y = torch.arange(n) % K
    return 2 * draw(K, 3, seed=99)[y] + draw(n, 3, seed=seed), y


@sheet.test("train", points=1, says="One epoch: each step is that of the batch's mean loss, from 0.")
def train_one_epoch(call):
    for n, K, lr, size in [(12, 3, 0.5, 12), (20, 4, 0.2, 6)]:
        X, y = blobs(n, K, seed=n)
        found = call("train", X, y, K, lr, 1, size, 3)
        Ws, bs = path(X, y, K, lr, 1, size, 3)
        assert near(found[0], Ws.mean(0), 1e-3)
        assert near(found[1], bs.mean(0), 1e-3)


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
        assert near(found[0], Ws.mean(0), 1e-3)
        assert near(found[1], bs.mean(0), 1e-3)


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


TRAIN = """
def train(X, y, K, lr, epochs, batch_size, seed):
    W, b = torch.zeros(X.shape[1], K), torch.zeros(K)
    generator = torch.Generator().manual_seed(seed)
    Ws, bs = [], []
    for epoch in range(epochs):
        {forget}
        {before}
        for i in {order}:
            error = (X[i] @ W + b).softmax({axis})
            error[range(len(i)), y[i]] -= 1
            {step}
            {keep}
        {after}
    return {mean}
"""
LINES = {
    "forget": "Ws, bs = [], []",
    "before": "",
    "order": "torch.randperm(len(X), generator=generator).split(batch_size)",
    "axis": "1",
    "step": "W, b = W - lr * X[i].T @ error / len(i), b - lr * error.mean(0)",
    "keep": "Ws.append(W); bs.append(b)",
    "after": "",
    "mean": "torch.stack(Ws).mean(0), torch.stack(bs).mean(0)",
}
for why, other in [
    ("the last weights", {"mean": "W, b"}),
    ("a mean over all epochs", {"forget": ""}),
    ("one tensor, kept many times", {"step": "W -= lr * X[i].T @ error / len(i); b -= lr * error.mean(0)"}),
    ("the start of the epoch in the mean", {"before": "Ws.append(W); bs.append(b)"}),
    ("the mean of the epochs' ends", {"forget": "", "keep": "", "after": "Ws.append(W); bs.append(b)"}),
    ("only W is averaged", {"mean": "torch.stack(Ws).mean(0), b"}),
    ("sums over the batch", {"step": "W, b = W - lr * X[i].T @ error, b - lr * error.sum(0)"}),
    (
        "divides by the batch size",
        {"step": "W, b = W - lr * X[i].T @ error / batch_size, b - lr * error.sum(0) / batch_size"},
    ),
    ("uphill", {"step": "W, b = W + lr * X[i].T @ error / len(i), b + lr * error.mean(0)"}),
    ("not shuffled", {"order": "torch.arange(len(X)).split(batch_size)"}),
    ("drops the short batch", {"order": "[i for i in " + LINES["order"] + " if len(i) == batch_size]"}),
    ("softmax over the batch", {"axis": "0"}),
    ("the same order in each epoch", {"before": "generator.manual_seed(seed)"}),
    ("b is not trained", {"step": "W = W - lr * X[i].T @ error / len(i)"}),
]:
    sheet.wrong("train", why, TRAIN.format(**{**LINES, **other}))
sheet.right(
    "train",
    "autograd, in place, with running sums",
    """
from torch.nn import functional as F

def train(X, y, K, lr, epochs, batch_size, seed):
    W = torch.zeros(X.shape[1], K, requires_grad=True)
    b = torch.zeros(K, requires_grad=True)
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(epochs):
        sum_W, sum_b, steps = 0, 0, 0
        order = torch.randperm(len(X), generator=generator)
        for start in range(0, len(X), batch_size):
            i = order[start : start + batch_size]
            W.grad = b.grad = None
            F.cross_entropy(X[i] @ W + b, y[i]).backward()
            with torch.no_grad():
                W -= lr * W.grad
                b -= lr * b.grad
            sum_W, sum_b, steps = sum_W + W.detach(), sum_b + b.detach(), steps + 1
    return sum_W / steps, sum_b / steps
""",
)
sheet.right(
    "train",
    "torch's layer and optimizer, a running mean",
    """
def train(X, y, K, lr, epochs, batch_size, seed):
    layer = torch.nn.Linear(X.shape[1], K)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()
    rule, loss = torch.optim.SGD(layer.parameters(), lr), torch.nn.CrossEntropyLoss()
    generator = torch.Generator()
    generator.manual_seed(seed)
    for epoch in range(epochs):
        W, b = torch.zeros(X.shape[1], K), torch.zeros(K)
        for k, i in enumerate(torch.split(torch.randperm(len(X), generator=generator), batch_size)):
            rule.zero_grad()
            loss(layer(X[i]), y[i]).backward()
            rule.step()
            W += (layer.weight.detach().T - W) / (k + 1)
            b += (layer.bias.detach() - b) / (k + 1)
    return W, b
""",
)
