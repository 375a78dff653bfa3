"""Hidden tests of the sheet "The concise implementation", with known wrong and right answers."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from homework.grader.hidden import Sheet

sheet = Sheet("softmax-concise")


def draw(*shape, seed=0, dtype=torch.float32):
    """Standard normal numbers, the same in each run."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def some_labels(n, K, seed=0):
    return torch.randint(K, (n,), generator=torch.Generator().manual_seed(seed))


def near(value, expected, rtol=1e-4, atol=1e-5):
    """Is this a tensor of the expected shape, near the expected numbers?"""
    return value.shape == expected.shape and torch.allclose(
        value.double(), expected.double(), rtol=rtol, atol=atol, equal_nan=True
    )


# 1 ----------------------------------------------------------------------------------------------------- fold


def trained(d, K, seed):
    W, b, mean = draw(d, K, seed=seed), draw(K, seed=seed + 1), draw(d, seed=seed + 2)
    return W, b, mean, draw(d, seed=seed + 3).abs() + 0.2


@sheet.test("fold", points=1, says="The result has torch's names and shapes, and its model loads it.")
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


@sheet.test("fold", points=1, says="Raw pictures get the logits that prepared ones had.")
def fold_logits(call):
    for d, K, seed in [(4, 3, 10), (9, 2, 20), (3, 3, 30)]:
        W, b, mean, std = trained(d, K, seed)
        net = nn.Sequential(nn.Flatten(), nn.Linear(d, K))
        net.load_state_dict(call("fold", W, b, mean, std))
        X = 5 * draw(7, 1, 1, d, seed=seed + 5)
        assert near(net(X), (X.flatten(1) - mean) / std @ W + b, atol=1e-3)


FOLD = """
def fold(W, b, mean, std):
    return {{"{where}weight": {weight}, "{where}bias": {bias}}}
"""
PARTS = {"where": "1.", "weight": "(W.T / std)", "bias": "b - (mean / std) @ W"}
for why, other in [
    ("not transposed", {"weight": "W / std[:, None]"}),
    ("the mean forgotten", {"bias": "b"}),
    ("the mean added", {"bias": "b + (mean / std) @ W"}),
    ("the mean not divided by std", {"bias": "b - mean @ W"}),
    ("multiplies by std", {"weight": "W.T * std"}),
    ("std forgotten", {"weight": "W.T"}),
    ("names without a place", {"where": ""}),
]:
    sheet.wrong("fold", why, FOLD.format(**{**PARTS, **other}))
sheet.right(
    "fold",
    "by asking the old model",
    """
def fold(W, b, mean, std):
    def old(x):
        return (x - mean) / std @ W + b

    bias = old(torch.zeros(len(W)))
    return {"1.bias": bias, "1.weight": (old(torch.eye(len(W))) - bias).T}
""",
)
sheet.right(
    "fold",
    "through a layer, number by number",
    """
def fold(W, b, mean, std):
    d, K = W.shape
    net = nn.Sequential(nn.Flatten(), nn.Linear(d, K))
    with torch.no_grad():
        for k in range(K):
            net[1].bias[k] = b[k]
            for i in range(d):
                net[1].weight[k, i] = W[i, k] / std[i]
                net[1].bias[k] -= W[i, k] * mean[i] / std[i]
    return dict(net.state_dict())
""",
)

# 2 ---------------------------------------------------------------------------------------------------- rates


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


RATES = """
def rates(steps, warmup, peak):
    if {refuse}:
        raise ValueError("warmup")
    up = [peak * {rise} for k in range(warmup)]
    m = {m}
    down = [{scale} * (1 + math.cos(math.pi * {j} / m)) for k in range(warmup, steps)]
    return up + down
"""
PIECES = {
    "refuse": "not 0 <= warmup < steps",
    "rise": "(k + 1) / warmup",
    "m": "steps - warmup",
    "scale": "peak / 2",
    "j": "(k - warmup)",
}
for why, other in [
    ("rises from 0", {"rise": "k / warmup"}),
    ("never reaches the peak", {"rise": "(k + 1) / (warmup + 1)"}),
    ("a cosine over all steps", {"m": "steps", "j": "k"}),
    ("the cosine's steps counted from the start", {"j": "k"}),
    ("the cosine ends at 0", {"m": "max(steps - warmup - 1, 1)"}),
    ("without the half", {"scale": "peak"}),
    ("refuses nothing", {"refuse": "False"}),
    ("a warm-up as long as the whole", {"refuse": "not 0 <= warmup <= steps"}),
    ("a warm-up below 0", {"refuse": "warmup >= steps"}),
    ("no warm-up refused", {"refuse": "not 0 < warmup < steps"}),
]:
    sheet.wrong("rates", why, RATES.format(**{**PIECES, **other}))
sheet.right(
    "rates",
    "a squared cosine, in a loop",
    """
def rates(steps, warmup, peak):
    if warmup < 0 or not warmup < steps:
        raise ValueError("the warm-up must be shorter than the training")
    plan = []
    for k in range(steps):
        if k < warmup:
            plan.append(peak / warmup * (k + 1))
        else:
            plan.append(peak * math.cos((k - warmup) / (steps - warmup) * math.pi / 2) ** 2)
    return plan
""",
)
sheet.right(
    "rates",
    "with tensors in float64",
    """
def rates(steps, warmup, peak):
    if warmup not in range(steps):
        raise ValueError(warmup)
    up = torch.arange(1, warmup + 1).double() / max(warmup, 1)
    down = (torch.arange(steps - warmup).double() * torch.pi / (steps - warmup)).cos() / 2 + 0.5
    return (peak * torch.cat([up, down])).tolist()
""",
)

# 3 ----------------------------------------------------------------------------------------------------- join


def cut_batch(sizes, K, skipped, seed):
    """A batch in parts of these sizes; its parts, the classes' weights, and the truth of the whole."""
    n = sum(sizes)
    o, y = draw(n, K, seed=seed).requires_grad_(), some_labels(n, K, seed)
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


@sheet.test("join", points=1, says="Skipped labels do not count, and classes count by their weights.")
def join_skipped(call):
    assert joined_right(call, [4, 4, 1], 3, [0, 1, 5], 10)
    assert joined_right(call, [2, 8], 4, [2, 3, 4, 5, 6, 7, 8], 11)
    assert joined_right(call, [1, 1, 1], 101, [1], 12)


@sheet.test("join", points=1, says="Parts in which all is skipped change nothing, wherever they stand.")
def join_empty(call):
    assert joined_right(call, [2, 3, 1], 3, [0, 1], 20)
    assert joined_right(call, [2, 3, 1], 3, [5], 21)
    assert joined_right(call, [2, 1, 1, 2], 2, [0, 2, 3], 22)


JOIN = """
def join(parts, weight):
    total = loss = 0.0
    gradient = 0
    for part in parts:
        y = part["y"]
        known = y[y != -100]
        {skip}
        share = {share}
        total += {total}
        loss += share * part["loss"]
        gradient = gradient + share * part["gradient"]
    return loss / total, gradient / total
"""
JOINTS = {
    "skip": "if not len(known): continue",
    "share": "weight[known].sum().item()",
    "total": "share",
}
for why, other in [
    ("a mean of means", {"share": "1"}),
    ("by the number of labels", {"share": "len(y)"}),
    ("by the number of labels that count", {"share": "len(known)"}),
    ("nan spreads", {"skip": "pass"}),
    ("a sum", {"total": "1 / len(parts)"}),
    ("a sum of what is weighed", {"total": "0 if total else 1"}),
    ("divided by the number of labels", {"total": "len(known)"}),
    ("the mean weight", {"share": "weight[known].mean().item()"}),
    ("the loss as a tensor", {"share": "weight[known].sum()"}),
]:
    sheet.wrong("join", why, JOIN.format(**{**JOINTS, **other}))
sheet.right(
    "join",
    "all parts at once, their nan put to 0",
    """
def join(parts, weight):
    padded = torch.cat([weight, torch.zeros(1)])  # the last for labels of −100
    share = torch.stack([padded[part["y"].clamp(min=-1)].sum() for part in parts])
    share = share / share.sum()
    loss = torch.tensor([part["loss"] for part in parts]).nan_to_num(0.0)
    gradient = torch.stack([part["gradient"] for part in parts]).nan_to_num(0.0)
    return (share @ loss).item(), torch.tensordot(share, gradient, 1)
""",
)
sheet.right(
    "join",
    "label by label",
    """
def join(parts, weight):
    weighed = []
    for part in parts:
        w = sum(weight[k].item() for k in part["y"].tolist() if k >= 0)
        if w:
            weighed.append((w, part))
    whole = sum(w for w, _ in weighed)
    loss = sum(w * part["loss"] for w, part in weighed) / whole
    return loss, sum(part["gradient"] * (w / whole) for w, part in weighed)
""",
)

# 4 --------------------------------------------------------------------------------------------- partial_loss


def by_probabilities(logits, allowed):
    """The n losses in float64; 0 for a row without an allowed class."""
    p = torch.log_softmax(logits.double(), 1).masked_fill(~allowed, -math.inf)
    return torch.where(allowed.any(1), -p.logsumexp(1), 0.0)


def some_sets(n, K, seed):
    allowed = draw(n, K, seed=seed) > 0.2
    allowed[0], allowed[-1] = False, True
    allowed[1], allowed[1, 2] = False, True
    return 2 * draw(n, K, seed=seed + 1), allowed


@sheet.test("partial_loss", points=1, says="Each picture's loss, from the probability of its whole set.")
def partial_each(call):
    for n, K, seed in [(6, 4, 0), (3, 10, 2), (8, 3, 4)]:
        logits, allowed = some_sets(n, K, seed)
        assert near(call("partial_loss", logits, allowed, "none"), by_probabilities(logits, allowed))
    y = some_labels(8, 3)
    one = F.one_hot(y, 3).bool()
    assert near(call("partial_loss", logits, one, "mean"), F.cross_entropy(logits, y))


@sheet.test(
    "partial_loss", points=1, says="Sum and mean leave skipped pictures out; another name is refused."
)
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


PARTIAL = """
def partial_loss(logits, allowed, reduction):
    if reduction not in {names}:
        raise ValueError(reduction)
    log_p = logits.log_softmax(1)
    each = {each}
    seen = allowed.any(1)
    {skip}
    if reduction == "none":
        return each
    return each.sum() / {count} if reduction == "mean" else each.sum()
"""
OF_SET = "-log_p.masked_fill(~allowed, -torch.inf).logsumexp(1)"
LINES = {
    "names": '("none", "mean", "sum")',
    "each": OF_SET,
    "skip": "each = torch.where(seen, each, torch.zeros_like(each))",
    "count": "seen.sum()",
}
for why, other in [
    ("the mean of the allowed losses", {"each": "-(log_p * allowed).sum(1) / allowed.sum(1).clamp(min=1)"}),
    ("the sum of the allowed losses", {"each": "-(log_p * allowed).sum(1)"}),
    ("the best allowed class", {"each": "-log_p.masked_fill(~allowed, -torch.inf).amax(1)"}),
    ("shared among the set", {"each": OF_SET + " + allowed.sum(1).log()"}),
    ("makes the probabilities", {"each": "-(log_p.exp() * allowed).sum(1).log()"}),
    ("the skipped pictures are infinite", {"skip": "pass"}),
    ("the skipped pictures are dropped", {"skip": "each = each[seen]"}),
    ("a mean over all pictures", {"count": "len(each)"}),
    ("no nan where all are skipped", {"count": "seen.sum().clamp(min=1)"}),
    ("takes any name", {"names": '("none", "mean", "sum", reduction)'}),
    ("the forbidden classes", {"each": "-log_p.masked_fill(allowed, -torch.inf).logsumexp(1)"}),
]:
    sheet.wrong("partial_loss", why, PARTIAL.format(**{**LINES, **other}))
sheet.right(
    "partial_loss",
    "picture by picture",
    """
def partial_loss(logits, allowed, reduction):
    losses, seen = [], 0
    for o, mask in zip(logits, allowed):
        if mask.any():
            seen += 1
            losses.append(torch.logsumexp(o, 0) - torch.logsumexp(o[mask], 0))
        else:
            losses.append(torch.tensor(0.0))
    each = torch.stack(losses)
    if reduction == "none":
        return each
    if reduction == "sum":
        return torch.sum(each)
    if reduction == "mean":
        return torch.sum(each) / seen
    raise ValueError("reduction")
""",
)
sheet.right(
    "partial_loss",
    "log_softmax, and shares that add up",
    """
def partial_loss(logits, allowed, reduction):
    log_p = F.log_softmax(logits, dim=1)
    top = log_p.masked_fill(~allowed, -1e9).amax(1, keepdim=True)
    inside = torch.where(allowed, (log_p - top).exp(), 0.0).sum(1)
    seen = inside > 0
    each = torch.zeros(len(logits))
    each[seen] = -(top[seen, 0] + inside[seen].log())
    results = {"none": each, "sum": each.sum(), "mean": each[seen].mean()}
    if reduction not in results:
        raise ValueError(reduction)
    return results[reduction]
""",
)

# 5 -------------------------------------------------------------------------------------------------- descend


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
    kept = near(given[0], arguments[0]) and all(map(near, given[1], arguments[1]))
    return kept and len(found) == len(wanted) and all(map(near, found, wanted))


@sheet.test("descend", points=1, says="With momentum, at one rate and at changing rates.")
def descend_momentum(call):
    for momentum in (0.9, 0.0, 0.5):
        w, gradients, lrs = some_path((3, 2), seed=0)
        assert same_path(call, w, gradients, [0.3] * 5, momentum, 0.0)
        assert same_path(call, w, gradients, lrs, momentum, 0.0)


@sheet.test("descend", points=1, says="With decay, with and without momentum.")
def descend_decay(call):
    for momentum, decay in [(0.0, 0.3), (0.9, 0.1), (0.5, 1.0)]:
        assert same_path(call, *some_path((4,), seed=10), momentum, decay)


@sheet.test("descend", points=1, says="A list of separate tensors, one for each step, of any shape.")
def descend_list(call):
    for shape, steps in [((), 3), ((2, 3, 1), 1), ((5,), 4)]:
        w, gradients, lrs = some_path(shape, seed=20, steps=steps)
        assert same_path(call, w, gradients, lrs, 0.8, 0.01)
    assert len(call("descend", torch.ones(2), [], [], 0.9, 0.1)) == 0


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
DESCEND = """
def descend(w, gradients, lrs, momentum, weight_decay):
    v, path = torch.zeros_like(w), []
    for g, lr in zip(gradients, lrs):
        {}
        path.append(w)
    return path
"""
for why, lines in [
    ("no memory", "w = w - lr * (g + weight_decay * w)"),
    (
        "the rate inside the memory",
        "v = momentum * v + lr * (g + weight_decay * w); w = w - v",
    ),
    (
        "a mean of the gradients",
        "v = momentum * v + (1 - momentum) * (g + weight_decay * w); w = w - lr * v",
    ),
    ("looks ahead", "g = g + weight_decay * w; v = momentum * v + g; w = w - lr * (g + momentum * v)"),
    ("decay outside the memory", "v = momentum * v + g; w = w - lr * v - lr * weight_decay * w"),
    ("decay without the rate", "v = momentum * v + g; w = w - lr * v - weight_decay * w"),
    ("decay grows the weights", "v = momentum * v + g - weight_decay * w; w = w - lr * v"),
    ("no decay", "v = momentum * v + g; w = w - lr * v"),
    ("steps along the old memory", "w = w - lr * v; v = momentum * v + g + weight_decay * w"),
    ("one tensor, changed in place", "v = momentum * v + g + weight_decay * w; w -= lr * v"),
    ("only the last memory", "v = g + weight_decay * w + momentum * (v != 0) * g; w = w - lr * v"),
]:
    sheet.wrong("descend", why, DESCEND.format(lines))
sheet.wrong(
    "descend",
    "torch's optimizer",
    """
def descend(w, gradients, lrs, momentum, weight_decay):
    p = w.clone().requires_grad_()
    optimizer, path = torch.optim.SGD([p], 1.0, momentum, weight_decay=weight_decay), []
    for g, lr in zip(gradients, lrs):
        p.grad, optimizer.param_groups[0]["lr"] = g, lr
        optimizer.step()
        path.append(p.detach().clone())
    return path
""",
)
sheet.right(
    "descend",
    "in place, with copies",
    """
def descend(w, gradients, lrs, momentum, weight_decay):
    weights, memory, path = w.clone(), None, []
    for step in range(len(gradients)):
        pull = gradients[step] + weight_decay * weights
        memory = pull if memory is None else memory.mul(momentum).add(pull)
        weights.sub_(lrs[step] * memory)
        path.append(weights.clone())
    return path
""",
)
sheet.right(
    "descend",
    "the whole memory summed anew in each step",
    """
def descend(w, gradients, lrs, momentum, weight_decay):
    pulls, path = [], []
    now = w
    for g, lr in zip(gradients, lrs):
        pulls = [momentum * old for old in pulls] + [g + weight_decay * now]
        now = now - lr * torch.stack(pulls).sum(0)
        path += [now]
    return path
""",
)

# 6 --------------------------------------------------------------------------------------------------- choose


def settings(*pairs):
    """Results from (batch_size, accuracies)."""
    return [{"lr": 0.1, "batch_size": size, "accuracy": list(runs)} for size, runs in pairs]


@sheet.test("choose", points=1, says="The largest batch among those as good as the best, within its error.")
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


@sheet.test("choose", points=1, says="Among equally large batches the best mean; runs without spread, too.")
def choose_ties(call):
    runs = [0.80, 0.84, 0.82, 0.86]
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
CHOOSE = """
def choose(results):
    fine = [k for k, r in enumerate(results) if {fine}]
    if not fine:
        raise ValueError("all have diverged")
    mean = [{mean} for r in results]
    best = max(fine, key=lambda k: mean[k])
    runs = results[best]["accuracy"]
    error = {error}
    near = [k for k in fine if mean[k] >= mean[best] - error]
    return {pick}
"""
RULE = {
    "fine": 'not any(value != value for value in r["accuracy"])',
    "mean": 'sum(r["accuracy"]) / len(r["accuracy"])',
    "error": "statistics.stdev(runs) / math.sqrt(len(runs))",
    "pick": 'max(near, key=lambda k: (results[k]["batch_size"], mean[k]))',
}
for why, other in [
    ("the best mean", {"pick": "best"}),
    ("the best single run", {"mean": 'max(r["accuracy"])'}),
    ("the deviation, not the error", {"error": "statistics.stdev(runs)"}),
    ("r below the line", {"error": "statistics.pstdev(runs) / math.sqrt(len(runs))"}),
    ("divided by r", {"error": "statistics.stdev(runs) / len(runs)"}),
    ("nan is let in", {"fine": "True"}),
    ("out only if all runs diverged", {"fine": 'not all(value != value for value in r["accuracy"])'}),
    ("the smallest batch", {"pick": 'min(near, key=lambda k: (results[k]["batch_size"], -mean[k]))'}),
    ("the first of that batch", {"pick": 'max(near, key=lambda k: results[k]["batch_size"])'}),
    ("the setting itself", {"pick": 'results[max(near, key=lambda k: results[k]["batch_size"])]'}),
    ("the largest batch of all", {"pick": 'max(fine, key=lambda k: (results[k]["batch_size"], mean[k]))'}),
]:
    sheet.wrong("choose", why, CHOOSE.format(**{**RULE, **other}))
sheet.wrong(
    "choose",
    "returns None if all diverged",
    CHOOSE.format(**RULE).replace('raise ValueError("all have diverged")', "return None"),
)
sheet.right(
    "choose",
    "with tensors, and sorted",
    """
def choose(results):
    table = []
    for k, result in enumerate(results):
        runs = torch.tensor(result["accuracy"], dtype=torch.float64)
        if runs.isnan().any():
            continue
        table.append((runs.mean().item(), (runs.std() / len(runs) ** 0.5).item(), result["batch_size"], k))
    if len(table) == 0:
        raise ValueError("no setting is left")
    table.sort()
    limit = table[-1][0] - table[-1][1]
    as_good = [(batch, mean, k) for mean, _, batch, k in table if not mean < limit - 1e-12]
    return sorted(as_good)[-1][2]
""",
)
sheet.right(
    "choose",
    "in one walk after the best is known",
    """
def choose(results):
    def mean(r):
        return math.fsum(r["accuracy"]) / len(r["accuracy"])

    sane = [k for k in range(len(results)) if not math.isnan(sum(results[k]["accuracy"]))]
    if sane == []:
        raise ValueError
    top = sane[0]
    for k in sane:
        if mean(results[k]) > mean(results[top]):
            top = k
    runs = results[top]["accuracy"]
    variance = sum((v - mean(results[top])) ** 2 for v in runs) / (len(runs) - 1)
    floor = mean(results[top]) - (variance / len(runs)) ** 0.5
    chosen = top
    for k in sane:
        a, b = results[k], results[chosen]
        if mean(a) < floor:
            continue
        if a["batch_size"] > b["batch_size"] or (a["batch_size"] == b["batch_size"] and mean(a) > mean(b)):
            chosen = k
    return chosen
""",
)

# 7 ------------------------------------------------------------------------------------------ fit_temperature


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


def pictures(n, K, seed, size=1.0):
    """Logits of which about two in three have the true class on top."""
    y = some_labels(n, K, seed)
    return size * (2 * F.one_hot(y, K) + draw(n, K, seed=seed)), y


@sheet.test(
    "fit_temperature", points=1, says="The temperature of lowest loss, for models too sure or too shy."
)
def temperature_values(call):
    for n, K, size, seed in [(200, 3, 1.0, 0), (100, 10, 4.0, 1), (300, 2, 0.3, 2)]:
        assert temperature_is_right(call, *pictures(n, K, seed, size))


@sheet.test("fit_temperature", points=1, says="Right to a thousandth of itself, from .05 to 20.")
def temperature_range(call):
    logits, y = pictures(60, 4, seed=5)
    natural = best_temperature(logits, y)
    for wanted in (0.06, 0.31, 2.9, 19.0):
        assert temperature_is_right(call, logits * wanted / natural, y)


@sheet.test("fit_temperature", points=1, says="If all is right there is no best temperature: a ValueError.")
def temperature_refused(call):
    logits, y = pictures(20, 3, seed=6)
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
TEMPERATURE = """
def fit_temperature(logits, y):
    truth = logits[torch.arange(len(y)), y]
    if {refuse}:
        raise ValueError("all right")
    candidates = {candidates}
    values = [{value} for T in candidates]
    return {result}
"""
TERMS = {
    "refuse": "(truth >= logits.amax(1)).all()",
    "candidates": "[0.04 * 600 ** (k / 4000) for k in range(4001)]",
    "value": "F.cross_entropy(logits.double() / T, y).item()",
    "result": "candidates[values.index(min(values))]",
}
for why, other in [
    ("returns β", {"result": "1 / candidates[values.index(min(values))]"}),
    ("201 temperatures from ¼ to 4", {"candidates": "[4 ** (k / 100 - 1) for k in range(201)]"}),
    ("steps of a hundredth", {"candidates": "[k / 100 for k in range(5, 2001)]"}),
    (
        "confidence equal to accuracy",
        {
            "value": "((logits / T).softmax(1).amax(1).mean()"
            " - (logits.argmax(1) == y).float().mean()).abs().item()",
            "candidates": "[0.04 * 600 ** (k / 4000) for k in range(4001)]",
        },
    ),
    (
        "takes any answer",
        {"refuse": "False", "candidates": "[0.04 * 600 ** (k / 4000) for k in range(4001)]"},
    ),
    ("refuses only what is right without a tie", {"refuse": "(logits.argmax(1) == y).all()"}),
    ("multiplies", {"value": "F.cross_entropy(logits.double() * T, y).item()"}),
    ("a softmax before the loss", {"value": "F.cross_entropy((logits / T).softmax(1), y).item()"}),
]:
    sheet.wrong("fit_temperature", why, TEMPERATURE.format(**{**TERMS, **other}))
sheet.right(
    "fit_temperature",
    "golden section on log T",
    """
def fit_temperature(logits, y):
    if (logits.gather(1, y[:, None]) == logits.max(1, keepdim=True).values).all():
        raise ValueError("no temperature is best")

    def loss(t):
        return F.cross_entropy(logits.double() / math.exp(t), y).item()

    left, right, g = math.log(0.02), math.log(50), (math.sqrt(5) - 1) / 2
    for _ in range(60):
        a, b = right - g * (right - left), left + g * (right - left)
        if loss(a) < loss(b):
            right = b
        else:
            left = a
    return math.exp((left + right) / 2)
""",
)
sheet.right(
    "fit_temperature",
    "Newton's steps in β, within bounds",
    """
def fit_temperature(logits, y):
    o = logits.double()
    own = o[range(len(o)), y]
    if bool((own >= o.max(1).values).all()):
        raise ValueError("no mistake")
    low, high, beta = 0.0, 1000.0, 1.0
    for _ in range(100):
        p = torch.softmax(beta * o, 1)
        mean = (p * o).sum(1)
        slope = (mean - own).mean().item()
        curvature = ((p * o**2).sum(1) - mean**2).mean().item()
        low, high = (low, beta) if slope > 0 else (beta, high)
        step = beta - slope / curvature if curvature > 0 else low
        beta = step if low < step < high else (low + high) / 2
    return 1 / beta
""",
)

# 8 ---------------------------------------------------------------------------------------------------- train


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
    return theta[:-1], theta[-1], losses


def clouds(n, d, K, seed):
    """Points round K centres, and which centre it was."""
    y = some_labels(n, K, seed)
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


@sheet.test("train", points=1, says="The losses are exact means over the pictures, one for each epoch.")
def train_losses(call):
    X, y = clouds(23, 2, 3, seed=30)
    for settings_ in [(3, 0.4, 0.0, 3, 10, 5), (3, 0.2, 0.8, 2, 23, 6), (3, 0.5, 0.5, 4, 11, 7)]:
        found, expected = call("train", X, y, *settings_)["losses"], by_hand(X, y, *settings_)[2]
        assert len(found) == len(expected)
        assert all(isinstance(loss, float) for loss in found)
        assert all(math.isclose(a, b, rel_tol=1e-3) for a, b in zip(found, expected, strict=True))


TRAIN = """
def train(X, y, K, lr, momentum, epochs, batch_size, seed):
    net = nn.Linear(X.shape[1], K)
    nn.init.zeros_(net.weight)
    {bias}
    optimizer = {optimizer}
    N = epochs * -(-len(X) // batch_size)
    generator = torch.Generator().manual_seed(seed)
    losses, k = [], 0
    for epoch in range(epochs):
        each = []
        for i in {order}.split(batch_size):
            optimizer.param_groups[0]["lr"] = lr * {fall}
            {zero}
            loss = F.cross_entropy({logits}, y[i])
            loss.backward()
            optimizer.step()
            k += 1
            {after}
            each += [loss.item()] * {weight}
        losses.append(sum(each) / len(each))
    return {{"W": {W}, "b": net.bias.detach(), "losses": losses}}
"""
STEPS = {
    "bias": "nn.init.zeros_(net.bias)",
    "optimizer": "torch.optim.SGD(net.parameters(), lr, momentum)",
    "order": "torch.randperm(len(X), generator=generator)",
    "fall": "(1 - k / N)",
    "zero": "optimizer.zero_grad()",
    "logits": "net(X[i])",
    "after": "pass",
    "weight": "len(i)",
    "W": "net.weight.detach().T",
}
for why, other in [
    ("torch's own bias", {"bias": "pass"}),
    ("no momentum", {"optimizer": "torch.optim.SGD(net.parameters(), lr)"}),
    ("looks ahead", {"optimizer": "torch.optim.SGD(net.parameters(), lr, momentum, nesterov=momentum > 0)"}),
    ("not shuffled", {"order": "torch.arange(len(X))"}),
    ("a constant rate", {"fall": "1"}),
    ("the rate falls by epochs", {"fall": "(1 - epoch / epochs)"}),
    ("the rate is 0 in the last step", {"fall": "(1 - k / max(N - 1, 1))"}),
    ("zero_grad forgotten", {"zero": "pass"}),
    ("a softmax before the loss", {"logits": "net(X[i]).softmax(1)"}),
    ("the loss after the step", {"after": "loss = F.cross_entropy(net(X[i]), y[i])"}),
    ("a mean of batch means", {"weight": "1"}),
    ("torch's shape", {"W": "net.weight.detach()"}),
]:
    sheet.wrong("train", why, TRAIN.format(**{**STEPS, **other}))
sheet.right(
    "train",
    "Sequential, LinearLR, and a list of losses",
    """
def train(X, y, K, lr, momentum, epochs, batch_size, seed):
    net = nn.Sequential(nn.Flatten(), nn.Linear(X[0].numel(), K))
    net.load_state_dict({name: torch.zeros_like(p) for name, p in net.state_dict().items()})
    N = epochs * ((len(X) + batch_size - 1) // batch_size)
    optimizer = torch.optim.SGD(net.parameters(), lr, momentum)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, total_iters=N)
    each = nn.CrossEntropyLoss(reduction="none")
    generator, losses = torch.Generator(), []
    generator.manual_seed(seed)
    for _ in range(epochs):
        order, seen = torch.randperm(len(X), generator=generator), []
        for start in range(0, len(X), batch_size):
            i = order[start : start + batch_size]
            values = each(net(X[i]), y[i])
            seen.append(values.detach())
            optimizer.zero_grad()
            values.mean().backward()
            optimizer.step()
            schedule.step()
        losses.append(torch.cat(seen).mean().item())
    weight, bias = (p.detach().clone() for p in net.parameters())
    return {"losses": losses, "W": weight.t(), "b": bias}
""",
)
sheet.right(
    "train",
    "by hand",
    """
def train(X, y, K, lr, momentum, epochs, batch_size, seed):
    W, b, vW, vb = torch.zeros(X.shape[1], K), torch.zeros(K), 0, 0
    generator = torch.Generator().manual_seed(seed)
    N, k, losses = epochs * math.ceil(len(X) / batch_size), 0, []
    for _ in range(epochs):
        total = 0
        for i in torch.randperm(len(X), generator=generator).split(batch_size):
            logits = X[i] @ W + b
            total += F.cross_entropy(logits, y[i], reduction="sum").item()
            error = (torch.softmax(logits, 1) - F.one_hot(y[i], K)) / len(i)
            vW, vb = momentum * vW + X[i].T @ error, momentum * vb + error.sum(0)
            rate = lr * (N - k) / N
            W, b, k = W - rate * vW, b - rate * vb, k + 1
        losses.append(total / len(X))
    return {"W": W, "b": b, "losses": losses}
""",
)
