"""Hidden tests of the sheet "Numerical stability", with known wrong and right answers."""

import itertools
import math

import torch

from homework.grader.hidden import Sheet

sheet = Sheet("numerical-stability")

FORMATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def draw(*shape, seed=0, dtype=torch.float32):
    """Standard normal numbers, the same in each run."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def near(value, expected, rtol=1e-5, atol=1e-8):
    """Is this a tensor of the expected shape and dtype, near the expected numbers?"""
    same = value.shape == expected.shape and value.dtype == expected.dtype
    return same and torch.allclose(value.double(), expected.double(), rtol=rtol, atol=atol)


# 1 ----------------------------------------------------------------------------------------------- lost_share


@sheet.test(
    "lost_share", points=1, says="Steps are lost that are rounded away, in each of the four float formats."
)
def lost_in_each_format(call):
    for dtype in FORMATS:
        eps = torch.finfo(dtype).eps
        weights = torch.tensor([[1.0, 1.0, 1.0], [1.75, 1.75, 1.75]], dtype=dtype)
        steps = torch.tensor([[0.3, 0.3, -0.7], [0.4, 0.6, -0.4]], dtype=torch.float64) * eps
        share = call("lost_share", weights, (4 * steps).to(dtype), 0.25)  # below 1 the gap is half as wide
        assert isinstance(share, float)
        assert math.isclose(share, 2 / 6, abs_tol=1e-5)
    smallest = torch.tensor([6e-8, 6e-8, 1.0], dtype=torch.float16)
    share = call("lost_share", torch.zeros(3, dtype=torch.float16), smallest, 0.25)
    assert math.isclose(share, 2 / 3, abs_tol=1e-5)


@sheet.test("lost_share", points=1, says="Gradients of 0 do not count, also if there are no others.")
def lost_without_gradient(call):
    weights = torch.full((2, 4), 2048.0, dtype=torch.float16)  # the gap is 2 above and 1 below
    gradients = torch.zeros(2, 4, dtype=torch.float16)
    assert call("lost_share", weights, gradients, 0.5) == 0
    gradients[1, 2] = -1
    assert call("lost_share", weights, gradients, 0.5) == 1
    gradients[0, 0] = 100
    assert call("lost_share", weights, gradients, 0.5) == 0.5


LOST = """
def lost_share(weights, gradients, lr):
    {}
"""
for why, lines in [
    (
        "in float64",
        "weights, gradients = weights.double(), gradients.double()\n"
        "    asked = gradients != 0\n"
        "    return (weights[asked] - lr * gradients[asked] == weights[asked]).double().mean().item()"
        " if asked.any() else 0.0",
    ),
    ("a gradient of 0 counts as lost", "return (weights - lr * gradients == weights).double().mean().item()"),
    (
        "divides by all entries",
        "lost = (gradients != 0) & (weights - lr * gradients == weights)\n"
        "    return lost.double().mean().item()",
    ),
    (
        "the share that arrives",
        "asked = gradients != 0\n"
        "    moved = weights - lr * gradients != weights\n"
        "    return moved.sum().item() / max(1, asked.sum().item())",
    ),
    (
        "takes ε for the gap",
        "asked = gradients != 0\n"
        "    small = lr * gradients.abs() < torch.finfo(weights.dtype).eps / 2 * weights.abs()\n"
        "    return (asked & small).sum().item() / max(1, asked.sum().item())",
    ),
    (
        "looks at the step alone",
        "asked = gradients != 0\n"
        "    return (asked & (lr * gradients == 0)).sum().item() / max(1, asked.sum().item())",
    ),
    (
        "divides by 0",
        "asked = gradients != 0\n"
        "    lost = asked & (weights - lr * gradients == weights)\n"
        "    return lost.sum().item() / asked.sum().item()",
    ),
    (
        "forgets the rate",
        "asked = gradients != 0\n"
        "    lost = asked & (weights - gradients == weights)\n"
        "    return lost.sum().item() / max(1, asked.sum().item())",
    ),
]:
    sheet.wrong("lost_share", why, LOST.format(lines))
sheet.right(
    "lost_share",
    "one entry at a time",
    """
def lost_share(weights, gradients, lr):
    asked = lost = 0
    for w, g in zip(weights.flatten(), gradients.flatten()):
        if g == 0:
            continue
        asked += 1
        lost += int((w - lr * g == w).item())
    return lost / asked if asked else 0.0
""",
)
sheet.right(
    "lost_share",
    "the entries with a gradient first, and how far they moved",
    """
def lost_share(weights, gradients, lr):
    chosen = gradients.nonzero(as_tuple=True)
    before, pull = weights[chosen], gradients[chosen]
    if not len(before):
        return 0.0
    after = torch.sub(before, pull.mul(lr))
    return 1 - torch.count_nonzero(after - before).item() / len(before)
""",
)

# 2 ---------------------------------------------------------------------------------------------------- merge


def of_values(values):
    """(n, mean, variance), computed in float64 from a list of small numbers."""
    mean = math.fsum(values) / len(values)
    return len(values), mean, math.fsum((v - mean) ** 2 for v in values) / len(values)


def agree(found, expected):
    n, mean, variance = found
    return (
        n == expected[0]
        and math.isclose(mean, expected[1], rel_tol=1e-12, abs_tol=1e-9)
        and math.isclose(variance, expected[2], rel_tol=1e-6, abs_tol=1e-12)
    )


@sheet.test("merge", points=1, says="The numbers of two parts become those of all values together.")
def merge_values(call):
    values = draw(40, dtype=torch.float64).tolist()
    for cut in (1, 7, 20, 39):
        parts = of_values(values[:cut]), of_values([v + 3 for v in values[cut:]])
        expected = of_values(values[:cut] + [v + 3 for v in values[cut:]])
        assert agree(call("merge", *parts), expected)
        assert agree(call("merge", *parts[::-1]), expected)


@sheet.test("merge", points=1, says="Means near a billion do not spoil the variance, however parts differ.")
def merge_large(call):
    for centre, gap in [(1e9, 4.0), (-1e9, 0.5), (1e9, 0.0), (3e8, 100.0)]:
        for n_a, n_b in [(1000, 3000), (1, 1), (10, 10**6)]:
            expected = n_a + n_b, centre + gap * n_b / (n_a + n_b), 0.0
            within = (2.0 * n_a + 1.0 * n_b) / (n_a + n_b)
            expected = *expected[:2], within + gap**2 * n_a * n_b / (n_a + n_b) ** 2
            assert agree(call("merge", (n_a, centre, 2.0), (n_b, centre + gap, 1.0)), expected)
    total = (0, 0.0, 0.0)
    for k in range(50):  # one after the other
        total = call("merge", total, (2, 1e9 + k, 1.0))
    assert agree(total, (100, 1e9 + 24.5, 1 + (50**2 - 1) / 12))


@sheet.test("merge", points=1, says="A part without values changes nothing, and two of them are one.")
def merge_empty(call):
    empty, some = (0, 0.0, 0.0), (3, -7.5, 2.25)
    assert agree(call("merge", empty, some), some)
    assert agree(call("merge", some, empty), some)
    assert tuple(call("merge", empty, empty)) == empty


MERGE = """
def merge(a, b):
    (n_a, mean_a, variance_a), (n_b, mean_b, variance_b) = a, b
    n = n_a + n_b
    if n == 0:
        return 0, 0.0, 0.0
    mean = (n_a * mean_a + n_b * mean_b) / n
    {}
"""
WITHIN = "within = (n_a * variance_a + n_b * variance_b) / n\n    "
for why, lines in [
    ("a mean of means", WITHIN + "return n, (mean_a + mean_b) / 2, within + (mean_a - mean_b) ** 2 / 4"),
    ("the means' distance forgotten", WITHIN + "return n, mean, within"),
    (
        "mean square less squared mean",
        "square = (n_a * (variance_a + mean_a**2) + n_b * (variance_b + mean_b**2)) / n\n"
        "    return n, mean, square - mean**2",
    ),
    (
        "divides by one less",
        WITHIN + "between = n_a * n_b * (mean_a - mean_b) ** 2 / n\n"
        "    return n, mean, (n * within + between) / max(n - 1, 1)",
    ),
    ("the shares not squared away", WITHIN + "return n, mean, within + (mean_a - mean_b) ** 2 * n_a / n"),
    (
        "variances added",
        "return n, mean, variance_a + variance_b + n_a * n_b * (mean_a - mean_b) ** 2 / n**2",
    ),
]:
    sheet.wrong("merge", why, MERGE.format(lines))
sheet.wrong(
    "merge",
    "divides by 0",
    """
def merge(a, b):
    n = a[0] + b[0]
    mean = a[1] + (b[1] - a[1]) * b[0] / n
    squares = a[0] * (a[2] + (a[1] - mean) ** 2) + b[0] * (b[2] + (b[1] - mean) ** 2)
    return n, mean, squares / n
""",
)
sheet.right(
    "merge",
    "each part's squares about the new mean",
    """
def merge(a, b):
    n = a[0] + b[0]
    if not n:
        return a
    mean = a[1] + (b[1] - a[1]) * (b[0] / n)
    squares = 0.0
    for count, m, v in (a, b):
        squares += count * (v + (m - mean) ** 2)
    return (n, mean, squares / n)
""",
)
sheet.right(
    "merge",
    "exact fractions",
    """
from fractions import Fraction

def merge(a, b):
    total = a[0] + b[0]
    if total == 0:
        return (0, 0.0, 0.0)
    parts = [(n, Fraction(m), Fraction(v)) for n, m, v in (a, b)]
    mean = sum(n * m for n, m, _ in parts) / total
    square = sum(n * (v + m * m) for n, m, v in parts) / total
    return (total, float(mean), float(square - mean * mean))
""",
)

# 3 -------------------------------------------------------------------------------------------------- log_not


def by_math(x):
    """log(1 − eˣ) in float64."""
    if x == 0:
        return -math.inf
    return math.log(-math.expm1(x)) if x > -0.7 else math.log1p(-math.exp(x))


def log_not_is_right(call, points, dtype=torch.float32):
    log_p = torch.tensor(points, dtype=dtype)
    expected = torch.tensor([by_math(x) for x in log_p.flatten().tolist()], dtype=dtype)
    return near(call("log_not", log_p), expected.reshape(log_p.shape), atol=0)


@sheet.test("log_not", points=1, says="Right for small p, where 1 − p is rounded to 1.")
def log_not_small(call):
    assert log_not_is_right(call, [[-2.0, -5.0, -9.5], [-15.0, -17.5, -80.0]])
    assert log_not_is_right(call, [-33.0, -40.0, -100.0, -700.0], torch.float64)


@sheet.test("log_not", points=1, says="Right for p near 1, where p is rounded to 1.")
def log_not_sure(call):
    assert log_not_is_right(call, [[[-0.5]], [[-1e-4]], [[-3e-8]], [[-1e-30]]])
    assert log_not_is_right(call, [-1e-10, -1e-17, -1e-300], torch.float64)


@sheet.test("log_not", points=1, says="Right in the middle and at the very ends, −∞ and 0, in any shape.")
def log_not_ends(call):
    assert log_not_is_right(call, (-torch.linspace(0.05, 3.0, 60)).reshape(3, 4, 5).tolist())
    for dtype in (torch.float32, torch.float64):
        assert log_not_is_right(call, [0.0, -math.inf, -0.7], dtype)
    assert log_not_is_right(call, -1.25)


sheet.equivalent(
    "log_not",
    "1 -> 2",
    because="between −1 and −2 both forms are right to a few roundings, far below 10⁻⁵",
)
sheet.equivalent("log_not", "log_p > -1 -> log_p >= -1", because="at −1 both forms are right")
for why, line in [
    ("the formula", "return torch.log(1 - torch.exp(log_p))"),
    ("log1p at both ends", "return torch.log1p(-torch.exp(log_p))"),
    ("expm1 at both ends", "return torch.log(-torch.expm1(log_p))"),
    (
        "the two exchanged",
        "return torch.where(log_p < -1, torch.log(-torch.expm1(log_p)), torch.log1p(-torch.exp(log_p)))",
    ),
    ("a small number added", "return torch.log(1 - torch.exp(log_p) + 1e-12)"),
    ("in float64, and no more", "return torch.log(1 - torch.exp(log_p.double())).to(log_p.dtype)"),
    ("no exponential", "return torch.log1p(-log_p)"),
    (
        "p kept from 1",
        "return torch.where(log_p > -1, torch.log(-torch.expm1(log_p.clamp(max=-1e-7))),"
        " torch.log1p(-torch.exp(log_p)))",
    ),
    ("the sign of expm1", "return torch.where(log_p > -1, torch.log(torch.expm1(log_p)), -torch.exp(log_p))"),
]:
    sheet.wrong("log_not", why, f"\ndef log_not(log_p):\n    {line}\n")
sheet.right(
    "log_not",
    "entry by entry, with Python's math",
    """
import math

def log_not(log_p):
    found = []
    for x in log_p.flatten().tolist():
        if x == 0:
            found.append(-math.inf)
        elif x < -math.log(2):
            found.append(math.log1p(-math.exp(x)))
        else:
            found.append(math.log(-math.expm1(x)))
    return torch.tensor(found, dtype=log_p.dtype).reshape(log_p.shape)
""",
)
sheet.right(
    "log_not",
    "two masks, and half a sinh",
    """
def log_not(log_p):
    result = torch.empty_like(log_p)
    near_one = log_p >= -0.5
    x = log_p[near_one]
    result[near_one] = x / 2 + torch.log(2 * torch.sinh(-x / 2))  # 1 − eˣ = 2 e^(x/2) sinh(−x/2)
    result[~near_one] = (-log_p[~near_one].exp()).log1p()
    return result
""",
)

# 4 -------------------------------------------------------------------------------------------------- autopsy


def healthy(seed=0):
    """One step's tensors, all finite."""
    return {
        "weights": draw(4, 3, seed=seed),
        "loss": torch.tensor(0.7),
        "gradient": draw(4, 3, seed=seed + 1).half(),
        "logits": 1e30 * draw(5, 3, seed=seed + 2),
    }


def spoilt(step, name, *places):
    """That step with these (place, number) put into one tensor."""
    tensor = step[name].clone()
    for place, number in places:
        tensor[place] = number
    return step | {name: tensor}


def told(found):
    """The four parts, with the place as a tuple."""
    step, name, kind, place = found
    return step, name, kind, tuple(place)


@sheet.test("autopsy", points=1, says="Step, name and place of a single bad number, inf or nan.")
def autopsy_single(call):
    for name, place in [("logits", (3, 2)), ("loss", ()), ("gradient", (0, 0)), ("weights", (1, 2))]:
        for number in (math.inf, -math.inf, math.nan):
            for step in (0, 2):
                record = [healthy(k) for k in range(4)]
                record[step] = spoilt(record[step], name, (place, number))
                kind = "nan" if math.isnan(number) else "inf"
                assert told(call("autopsy", record)) == (step, name, kind, place)


@sheet.test("autopsy", points=1, says="Of several bad numbers, the first that was made.")
def autopsy_first(call):
    bad = healthy()
    for name, place in [("weights", (0, 0)), ("gradient", (0, 1)), ("loss", ()), ("logits", (4, 2))]:
        bad = spoilt(bad, name, (place, math.nan))
        assert told(call("autopsy", [healthy(), bad, bad])) == (1, name, "nan", place)
    later = spoilt(healthy(), "logits", ((0, 0), math.nan))
    earlier = spoilt(healthy(), "weights", ((3, 1), math.inf))
    assert told(call("autopsy", [earlier, later])) == (0, "weights", "inf", (3, 1))
    two = spoilt(healthy(), "logits", ((2, 1), -math.inf), ((4, 0), math.nan), ((3, 0), math.inf))
    assert told(call("autopsy", [two])) == (0, "logits", "inf", (2, 1))
    two = spoilt(healthy(), "gradient", ((1, 0), math.nan), ((1, 2), math.inf))
    assert told(call("autopsy", [two])) == (0, "gradient", "nan", (1, 0))


@sheet.test("autopsy", points=1, says="None for a healthy run, with missing tensors and with large numbers.")
def autopsy_healthy(call):
    assert call("autopsy", []) is None
    assert call("autopsy", [healthy(k) for k in range(3)]) is None
    large = {"logits": torch.full((2, 3), 6e4).half(), "loss": torch.tensor(3e38)}
    assert call("autopsy", [{}, large, {"weights": torch.tensor([3e38, 3e38])}]) is None
    last = {"gradient": torch.tensor([[[1.0, 2.0]], [[3.0, math.nan]]], dtype=torch.bfloat16)}
    assert told(call("autopsy", [{}, large, last])) == (2, "gradient", "nan", (1, 0, 1))


sheet.equivalent("autopsy", "return None -> return None", because="nothing is changed")
AUTOPSY = """
def autopsy(record):
    for step, made in enumerate(record{start}):
        for name in {names}:
            if name in made:
                t = made[name]
                bad = {bad}
                if bad.any():
                    place = tuple(bad.nonzero()[{which}].tolist())
                    return step, name, {kind}, place
    return None
"""
PIECES = {
    "start": "",
    "names": '("logits", "loss", "gradient", "weights")',
    "bad": "t.isnan() | t.isinf()",
    "which": "0",
    "kind": '"nan" if t[place].isnan() else "inf"',
}
for why, other in [
    ("looks for nan only", {"bad": "t.isnan()"}),
    ("looks for inf only", {"bad": "t.isinf()"}),
    ("counts steps from 1", {"start": ", 1"}),
    ("in the dictionary's order", {"names": "made"}),
    ("in the alphabet's order", {"names": "sorted(made)"}),
    ("the last place", {"which": "-1"}),
    ("nan if there is one anywhere", {"kind": '"nan" if t.isnan().any() else "inf"'}),
    ("−∞ is not noticed", {"bad": 't.isnan() | (t == float("inf"))'}),
    ("large is taken for infinite", {"bad": "~(t.abs() < 1e20)"}),
]:
    sheet.wrong("autopsy", why, AUTOPSY.format(**{**PIECES, **other}))
sheet.wrong(
    "autopsy",
    "name by name, through all steps",
    """
def autopsy(record):
    for name in ("logits", "loss", "gradient", "weights"):
        for step, made in enumerate(record):
            if name in made and not made[name].isfinite().all():
                t = made[name]
                place = tuple((~t.isfinite()).nonzero()[0].tolist())
                return step, name, "nan" if t[place].isnan() else "inf", place
""",
)
sheet.wrong(
    "autopsy",
    "looks at the sum",
    """
def autopsy(record):
    for step, made in enumerate(record):
        for name in ("logits", "loss", "gradient", "weights"):
            if name in made and not made[name].sum().isfinite():
                t = made[name]
                place = (~t.isfinite()).nonzero().tolist()
                place = tuple(place[0]) if place else (0,) * t.dim()
                return step, name, "nan" if t[place].isnan() else "inf", place
""",
)
sheet.right(
    "autopsy",
    "number by number",
    """
import itertools
import math

def autopsy(record):
    order = ["logits", "loss", "gradient", "weights"]
    for step in range(len(record)):
        for name in sorted(record[step], key=order.index):
            tensor = record[step][name]
            for place in itertools.product(*(range(n) for n in tensor.shape)):
                number = tensor[place].item()
                if math.isnan(number):
                    return (step, name, "nan", place)
                if math.isinf(number):
                    return (step, name, "inf", place)
    return None
""",
)
sheet.right(
    "autopsy",
    "argmax of a flat mask",
    """
def autopsy(record):
    for step, made in enumerate(record):
        for name in "logits loss gradient weights".split():
            tensor = made.get(name)
            if tensor is None or not len(tensor.flatten()):
                continue
            flat = (tensor - tensor).flatten() != 0  # x − x is 0, or nan
            k = int(flat.int().argmax())
            if flat[k]:
                value, place = tensor.flatten()[k], []
                for size in reversed(tensor.shape):
                    k, i = divmod(k, size)
                    place.insert(0, i)
                return step, name, "inf" if value.isinf() else "nan", tuple(place)
    return None
""",
)

# 5 --------------------------------------------------------------------------------------------- carried_step


@sheet.test("carried_step", points=1, says="Weights and rest together take each update, in every format.")
def carried_total(call):
    for dtype in FORMATS[1:]:  # float64 is the judge
        eps = torch.finfo(dtype).eps
        for seed, size in [(0, 1.0), (10, 0.01), (20, 100.0)]:
            weights = (size * draw(6, 5, seed=seed, dtype=torch.float64)).to(dtype)
            rest = (0.4 * eps * weights.double() * draw(6, 5, seed=seed + 1).double().tanh()).to(dtype)
            update = (3 * eps * size * draw(6, 5, seed=seed + 2, dtype=torch.float64)).to(dtype)
            (new, new_rest), (given, *_) = call.after("carried_step", weights, rest, update)
            assert new.dtype == new_rest.dtype == dtype
            assert new.shape == new_rest.shape == (6, 5)
            assert torch.equal(given, weights)
            exact = weights.double() + rest.double() - update.double()
            allowed = eps * (rest.double().abs() + update.double().abs())
            assert ((new.double() + new_rest.double() - exact).abs() <= allowed).all()


@sheet.test("carried_step", points=1, says="The weights take what they can hold, and the rest stays small.")
def carried_rest(call):
    for dtype, value in [(torch.bfloat16, 300.0), (torch.float16, 3000.0), (torch.float32, 1e8)]:
        gap = torch.finfo(dtype).eps * 2 ** math.floor(math.log2(value))
        weights = torch.full((7,), value, dtype=dtype)
        rest = torch.tensor([0.3, 0.25, 0.0, -0.4, -0.25, 0.5, 0.0], dtype=dtype) * gap
        update = torch.tensor([-0.5, -0.5, -3.0, 0.5, 10.0, 0.25, 0.375], dtype=dtype) * gap
        new, new_rest = call("carried_step", weights, rest, update)
        assert (new_rest.double().abs() <= gap).all()
        exact = weights.double() + rest.double() - update.double()
        assert torch.allclose(new.double() + new_rest.double(), exact, rtol=0, atol=gap / 64)


@sheet.test("carried_step", points=1, says="After hundreds of small steps nothing has got lost.")
def carried_long(call):
    for dtype, value, step, times in [
        (torch.bfloat16, 300.0, 0.25, 200),
        (torch.bfloat16, 128.0, -0.125, 100),
        (torch.float32, 1e8, 0.5, 100),
    ]:
        weights, rest = torch.full((2,), value, dtype=dtype), torch.zeros(2, dtype=dtype)
        update = torch.full((2,), step, dtype=dtype)
        for _ in range(times):
            weights, rest = call("carried_step", weights, rest, update)
        total = weights.double() + rest.double()
        assert torch.equal(total, torch.full_like(total, value - step * times))
        assert (weights != value).all()


CARRIED = "\ndef carried_step(weights, rest, update):\n    {}\n"
for why, lines in [
    ("no rest at all", "return weights - update, torch.zeros_like(rest)"),
    (
        "forgets the last rest",
        "new = weights - update\n    return new, -update - (new - weights)",
    ),
    ("the rest is never emptied", "step = rest - update\n    return weights + step, step"),
    (
        "the rest has the wrong sign",
        "step = rest - update\n    new = weights + step\n    return new, (new - weights) - step",
    ),
    (
        "the rest is subtracted",
        "step = -rest - update\n    new = weights + step\n    return new, step - (new - weights)",
    ),
    (
        "adds the update",
        "step = rest + update\n    new = weights + step\n    return new, step - (new - weights)",
    ),
    ("all is kept in the rest", "return weights.clone(), rest - update"),
    ("returns float32", "return weights.float() + rest.float() - update.float(), torch.zeros_like(rest)"),
    (
        "adds the rest a second time",
        "step = rest - update\n    new = weights + step\n    return new, rest + step - (new - weights)",
    ),
    (
        "in place",
        "step = rest - update\n    old = weights.clone()\n    weights += step\n"
        "    return weights, step - (weights - old)",
    ),
    (
        "the weight first, then the rest",
        "new = (weights - update) + rest\n    return new, weights + rest - update - new",
    ),
]:
    sheet.wrong("carried_step", why, CARRIED.format(lines))
sheet.right(
    "carried_step",
    "in float64, and rounded twice",
    """
def carried_step(weights, rest, update):
    exact = weights.double() + rest.double() - update.double()
    new = exact.to(weights.dtype)
    return new, (exact - new.double()).to(weights.dtype)
""",
)
sheet.right(
    "carried_step",
    "a sum with its error, in six operations",
    """
def carried_step(weights, rest, update):
    step = torch.sub(rest, update)
    new = torch.add(weights, step)
    taken = new - weights
    kept = new - taken
    return new, (weights - kept) + (step - taken)
""",
)

# 6 ---------------------------------------------------------------------------------------------- log_average


def average_of(logits):
    """The same in float64, by torch."""
    log_p = torch.log_softmax(logits.double(), 2)
    return (torch.logsumexp(log_p, 0) - math.log(len(logits))).float()


def average_is_right(call, logits):
    return near(call("log_average", logits), average_of(logits), atol=1e-4)


@sheet.test("log_average", points=1, says="The logarithm of the mean probability, for ordinary logits.")
def average_values(call):
    for shape, seed in [((3, 2, 5), 0), ((2, 4, 3), 1), ((5, 1, 2), 2)]:
        assert average_is_right(call, 3 * draw(*shape, seed=seed))


@sheet.test("log_average", points=1, says="For one model, one picture, one class; and for many.")
def average_shapes(call):
    for shape, seed in [((1, 3, 4), 3), ((2, 1, 1), 4), ((4, 3, 3), 5), ((7, 2, 30), 6)]:
        assert average_is_right(call, draw(*shape, seed=seed))


@sheet.test("log_average", points=1, says="For logits of ±10 000, and models that disagree.")
def average_extreme(call):
    assert average_is_right(call, 3000 * draw(3, 4, 5, seed=7).clamp(-3, 3))
    assert average_is_right(call, torch.tensor([[[1e4, 0.0, -1e4]], [[-1e4, 0.0, 1e4]]]))
    assert average_is_right(call, torch.tensor([[[0.0, -5000.0]], [[0.0, -5000.0]]]))
    assert average_is_right(call, torch.tensor([[[0.0, -200.0]], [[-9e3, -9e3 - 105.0]]]))
    assert average_is_right(call, 80 * draw(2, 6, 4, seed=8) - 500)


@sheet.test("log_average", points=1, says="A class that is ruled out by one model, or by all, makes no nan.")
def average_ruled_out(call):
    out = -math.inf
    logits = torch.tensor(
        [
            [[0.0, out, out], [out, out, 2.0], [1.0, 2.0, 3.0]],
            [[0.0, 0.0, out], [out, -300.0, 800.0], [out, 2.0, 3.0]],
        ]
    )
    assert average_is_right(call, logits)
    assert average_is_right(call, logits[:1])


sheet.forbid(
    "log_average",
    *("torch.softmax", "torch.log_softmax", "torch.logsumexp", "torch.logaddexp", "torch.logaddexp2"),
    *("torch.logcumsumexp", "torch.special.softmax", "torch.special.log_softmax", "torch.special.logsumexp"),
    *("torch.nn.functional.softmax", "torch.nn.functional.log_softmax", "torch.nn.functional.cross_entropy"),
    *("torch.nn.functional.softmin", "torch.nn.Softmax", "torch.nn.LogSoftmax", "torch.nn.Softmin"),
    *("torch.nn.CrossEntropyLoss", "torch.nn.functional.softplus", "torch.nn.functional.logsigmoid"),
)
sheet.equivalent(
    "log_average",
    "0.0 -> 1.0",
    because="whatever finite number stands for a class that all rule out, the logarithm there is −∞",
)
AVERAGE = """
def log_average(logits):
    m = {inner}
    e = (logits - m).exp()
    {lines}
"""
LOG_P = "log_p = logits - m - e.sum(2, keepdim=True).log()\n    "
SHIFT = "logits.amax(2, keepdim=True)"
for why, inner, lines in [
    ("the mean of the logits", "logits.mean(0)", "e = m.exp()\n    return m - e.sum(1, keepdim=True).log()"),
    ("the mean of the logarithms", SHIFT, LOG_P + "return log_p.mean(0)"),
    ("no shift", "0", "return (e / e.sum(2, keepdim=True)).mean(0).log()"),
    ("makes the probabilities", SHIFT, "return (e / e.sum(2, keepdim=True)).mean(0).log()"),
    (
        "the sum over the models",
        SHIFT,
        LOG_P + "top = log_p.amax(0).clamp(min=-1e30)\n    return top + (log_p - top).exp().sum(0).log()",
    ),
    (
        "nan for what all rule out",
        SHIFT,
        LOG_P + "top = log_p.amax(0)\n    return top + (log_p - top).exp().mean(0).log()",
    ),
    (
        "one shift for all models",
        "logits.amax((0, 2), keepdim=True)",
        LOG_P + "top = log_p.amax(0).clamp(min=-1e30)\n    return top + (log_p - top).exp().mean(0).log()",
    ),
    (
        "a small number added",
        SHIFT,
        "return ((e / e.sum(2, keepdim=True)).mean(0) + 1e-30).log()",
    ),
    (
        "over the pictures",
        "logits.amax(1, keepdim=True)",
        "log_p = logits - m - e.sum(1, keepdim=True).log()\n"
        "    top = log_p.amax(0).clamp(min=-1e30)\n    return top + (log_p - top).exp().mean(0).log()",
    ),
    (
        "log-probabilities held at −1000",
        SHIFT,
        LOG_P + "log_p = log_p.clamp(min=-1000)\n    top = log_p.amax(0)\n"
        "    return top + (log_p - top).exp().mean(0).log()",
    ),
]:
    sheet.wrong("log_average", why, AVERAGE.format(inner=inner, lines=lines))
sheet.wrong(
    "log_average",
    "by torch's own",
    """
def log_average(logits):
    return torch.logsumexp(logits.log_softmax(2), 0) - torch.tensor(float(len(logits))).log()
""",
)
sheet.right(
    "log_average",
    "model after model, with a logarithm of a sum of two",
    """
def log_average(logits):
    total = None
    for o in logits:
        m = o.max(1, keepdim=True).values
        log_p = o - m - torch.log(torch.exp(o - m).sum(1, keepdim=True))
        if total is None:
            total = log_p
            continue
        high, low = torch.maximum(total, log_p), torch.minimum(total, log_p)
        total = torch.where(low == -torch.inf, high, high + torch.log1p(torch.exp(low - high)))
    return total - math.log(logits.shape[0])
""",
)
sheet.right(
    "log_average",
    "in float64, every model's normaliser taken off at once",
    """
def log_average(logits):
    o = logits.double()
    biggest = o.max(dim=-1, keepdim=True).values
    normaliser = biggest + torch.log(torch.sum(torch.exp(o - biggest), dim=-1, keepdim=True))
    o = o - normaliser
    best = torch.clamp(o.max(dim=0).values, min=-1e9)
    summed = torch.exp(o - best).sum(dim=0)
    return (best + torch.log(summed / len(o))).float()
""",
)

# 7 ------------------------------------------------------------------------------------------------ level_out


def network(widths, seed, size=1.0):
    """Matrices for these widths, whose entries have mean size / 3."""
    shapes = enumerate(itertools.pairwise(widths))
    return [size * (draw(*shape, seed=seed + k) + 1 / 3) for k, shape in shapes]


def scaled_from(new, old):
    """The one positive number by which a matrix was multiplied, or nan."""
    ratio = (new * old).sum() / old.square().sum()
    return ratio.item() if ratio > 0 and near(new, ratio * old, 1e-4, 0) else math.nan


def sizes(weights, X):
    """The root mean square of each layer's outputs."""
    found = []
    for W in weights:
        out = X @ W
        found.append(out.double().square().mean().sqrt().item())
        X = out.clamp(min=0)
    return found


@sheet.test("level_out", points=1, says="Each matrix is multiplied by a positive number; none is changed.")
def level_scales(call):
    for widths, seed in [([3, 4, 2], 0), ([5, 1], 10), ([2, 6, 6, 6, 1], 20)]:
        weights, X = network(widths, seed), draw(30, widths[0], seed=seed + 9).abs()
        found, (given, data) = call.after("level_out", weights, X)
        assert len(found) == len(weights)
        assert not any(math.isnan(scaled_from(new, old)) for new, old in zip(found, weights, strict=True))
        assert all(torch.equal(a, b) for a, b in zip(given, weights, strict=True))
        assert torch.equal(data, X)


@sheet.test("level_out", points=1, says="In the new network each layer's outputs have size 1.")
def level_sizes(call):
    for widths, seed in [([3, 4, 2], 30), ([4, 1], 40), ([2, 6, 6, 6, 3], 50)]:
        X = 2 * draw(25, widths[0], seed=seed + 9) + 1
        found = call("level_out", network(widths, seed), X)
        assert all(math.isclose(size, 1, rel_tol=1e-4) for size in sizes(found, X))
        assert len(found) == len(widths) - 1
    (only,) = call("level_out", [torch.tensor([[-3.0]])], torch.tensor([[2.0], [2.0]]))
    assert near(only, torch.tensor([[-0.5]]))


@sheet.test("level_out", points=1, says="Also for old networks in which numbers would explode or vanish.")
def level_deep(call):
    for size in (1e4, 1e-4):
        weights, X = network([6] * 25, seed=60, size=size), draw(40, 6, seed=99).abs()
        found = call("level_out", weights, X)
        assert len(found) == 24
        assert all(math.isclose(size, 1, rel_tol=1e-3) for size in sizes(found, X))
        assert not any(math.isnan(scaled_from(new, old)) for new, old in zip(found, weights, strict=True))


LEVEL = """
def level_out(weights, X):
    levelled = []
    for W in weights:
        out = X @ W
        size = {size}
        levelled.append(W {by} size)
        X = {passed}
    return levelled
"""
BITS = {"size": "out.square().mean().sqrt()", "by": "/", "passed": "torch.relu(out / size)"}
for why, other in [
    ("passes on what the old layer makes", {"passed": "torch.relu(out)"}),
    ("no relu", {"passed": "out / size"}),
    ("the mean square, not its root", {"size": "out.square().mean()"}),
    ("the standard deviation", {"size": "out.std()"}),
    ("the standard deviation of all", {"size": "out.std(correction=0)"}),
    ("measured after the relu", {"size": "torch.relu(out).square().mean().sqrt()"}),
    ("the length, not the mean", {"size": "out.norm()"}),
    ("one number for each unit", {"size": "out.square().mean(0).sqrt()"}),
    ("the mean size", {"size": "out.abs().mean()"}),
    ("multiplies", {"by": "*"}),
    ("He's rule", {"size": "W.std() / (2 / len(W)) ** 0.5"}),
]:
    sheet.wrong("level_out", why, LEVEL.format(**{**BITS, **other}))
sheet.wrong(
    "level_out",
    "in place",
    """
def level_out(weights, X):
    for W in weights:
        W /= (X @ W).square().mean().sqrt()
        X = torch.relu(X @ W)
    return weights
""",
)
sheet.right(
    "level_out",
    "the new weights first, and then their outputs",
    """
def level_out(weights, X):
    levelled, h = [], X
    for W in weights:
        out = h @ W
        new = W * (out.numel() ** 0.5 / torch.linalg.norm(out))
        levelled.append(new)
        h = torch.nn.functional.relu(h @ new)
    return levelled
""",
)
sheet.right(
    "level_out",
    "the rest of the network by itself",
    """
def level_out(weights, X):
    if not weights:
        return []
    first, *others = weights
    first = first / torch.sqrt(torch.mean(torch.pow(X @ first, 2)))
    return [first] + level_out(others, torch.maximum(X @ first, torch.tensor(0.0)))
""",
)

# 8 ----------------------------------------------------------------------------------------------- find_fault


def problem(n, d, K, seed, size=1.0):
    """X, y, W and the right gradient, by p − y."""
    X, W = draw(n, d, seed=seed, dtype=torch.float64), size * draw(d, K, seed=seed + 1, dtype=torch.float64)
    y = torch.randint(K, (n,), generator=torch.Generator().manual_seed(seed))
    p = torch.softmax(X @ W, 1)
    return X, y, W, X.T @ (p - torch.nn.functional.one_hot(y, K)) / n


PROBLEMS = [(7, 3, 4, 0), (1, 2, 2, 10), (12, 2, 3, 20)]


@sheet.test("find_fault", points=1, says="A right gradient is found to be right, up to a millionth.")
def fault_right(call):
    for shape in PROBLEMS:
        X, y, W, truth = problem(*shape)
        assert tuple(call("find_fault", X, y, W, truth)) == ("right", None)
        assert tuple(call("find_fault", X, y, W, truth + 5e-7)) == ("right", None)
        assert call("find_fault", X, y, W, truth + 1e-5)[0] == "entries"


@sheet.test("find_fault", points=1, says="A common factor is told, whatever its size and sign.")
def fault_factor(call):
    for shape in PROBLEMS:
        X, y, W, truth = problem(*shape)
        for c in (2.0, -1.0, 0.25, 7.0, 0.0, 1.01):
            kind, found = call("find_fault", X, y, W, c * truth)
            assert kind == "factor"
            assert isinstance(found, float)
            assert abs(found - c) <= 1e-3 * max(abs(c), 1e-3)


@sheet.test("find_fault", points=1, says="Otherwise exactly the entries that are off are told, in order.")
def fault_entries(call):
    for shape in PROBLEMS[::2]:
        X, y, W, truth = problem(*shape)
        for places in ([(0, 0)], [(1, 2)], [(0, 1), (1, 0)], [(0, 0), (0, 1), (0, 2)]):
            claimed = truth.clone()
            for place in places:
                claimed[place] -= 0.125
            kind, found = call("find_fault", X, y, W, claimed)
            assert kind == "entries"
            assert [tuple(place) for place in found] == places
        claimed = 2 * truth
        claimed[1, 1] = truth[1, 1]  # nearly a factor
        kind, found = call("find_fault", X, y, W, claimed)
        assert kind == "entries"
        d, K = truth.shape
        every = [(i, j) for i in range(d) for j in range(K)]
        assert [tuple(place) for place in found] == [place for place in every if place != (1, 1)]


@sheet.test("find_fault", points=1, says="The verdict is the same with logits in the thousands.")
def fault_large(call):
    X, y, W, truth = problem(8, 3, 3, 30, size=1500.0)
    assert tuple(call("find_fault", X, y, W, truth)) == ("right", None)
    kind, found = call("find_fault", X, y, W, -8 * truth)
    assert kind == "factor"
    assert abs(found + 8) < 1e-3
    truth[2, 1] += 0.01
    kind, found = call("find_fault", X, y, W, truth)
    assert kind == "entries"
    assert [tuple(place) for place in found] == [(2, 1)]


sheet.equivalent(
    "find_fault",
    "(claimed - slopes).abs() > 1e-06 -> (claimed - slopes).abs() >= 1e-06",
    because="no gradient is off by exactly the limit",
)
sheet.equivalent(
    "find_fault",
    "(claimed - factor * slopes).abs().max() < 1e-06 -> (claimed - factor * slopes).abs().max() <= 1e-06",
    because="no gradient is off by exactly the limit",
)
FAULT = """
def find_fault(X, y, W, claimed):
    leaf = W.clone().requires_grad_()
    loss = {loss}
    (truth,) = torch.autograd.grad(loss, leaf)
    off = (claimed - truth).abs() > 1e-6
    if not off.any():
        return "right", None
    factor = {factor}
    if {common}:
        return "factor", factor.item()
    return "entries", {places}
"""
PARTS = {
    "loss": "F.cross_entropy(X @ leaf, y)",
    "factor": "(claimed * truth).sum() / (truth * truth).sum()",
    "common": "(claimed - factor * truth).abs().max() < 1e-6",
    "places": "[(int(i), int(j)) for i, j in off.nonzero()]",
}
for why, other in [
    ("takes the loss for a sum", {"loss": 'F.cross_entropy(X @ leaf, y, reduction="sum")'}),
    ("the factor upside down", {"factor": "truth.norm() ** 2 / (claimed * truth).sum()", "common": "True"}),
    (
        "a naive loss",
        {"loss": "((X @ leaf).exp().sum(1).log() - (X @ leaf)[range(len(y)), y]).mean()"},
    ),
    ("the factor of one entry", {"factor": "claimed[0, 0] / truth[0, 0]", "common": "True"}),
    ("the mean factor", {"factor": "(claimed / truth).mean()", "common": "True"}),
    ("never a factor", {"common": "False"}),
    (
        "the ratio of the lengths",
        {"factor": "claimed.norm() / truth.norm()"},
    ),
    ("column, row", {"places": "[(int(j), int(i)) for i, j in off.nonzero()]"}),
    ("the first place only", {"places": "[tuple(off.nonzero()[0].tolist())]"}),
    ("column after column", {"places": "[(int(i), int(j)) for j, i in off.T.nonzero()]"}),
    ("a factor if all entries are off", {"common": "off.all()"}),
]:
    sheet.wrong("find_fault", why, FAULT.format(**{**PARTS, **other}))
sheet.wrong(
    "find_fault",
    "differences with a step that is too small",
    """
def find_fault(X, y, W, claimed):
    slopes, h = torch.zeros_like(W), 1e-12
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            move = torch.zeros_like(W)
            move[i, j] = h
            rise = F.cross_entropy(X @ (W + move), y) - F.cross_entropy(X @ (W - move), y)
            slopes[i, j] = rise / (2 * h)
    off = (claimed - slopes).abs() > 1e-6
    if not off.any():
        return "right", None
    factor = (claimed * slopes).sum() / slopes.square().sum()
    if (claimed - factor * slopes).abs().max() < 1e-6:
        return "factor", factor.item()
    return "entries", [tuple(place) for place in off.nonzero().tolist()]
""",
)
sheet.right("find_fault", "autograd", FAULT.format(**PARTS))
sheet.right(
    "find_fault",
    "by p − y, and a factor from the largest entry",
    """
def find_fault(X, y, W, claimed):
    error = torch.softmax(X @ W, dim=1)
    error[torch.arange(len(y)), y] -= 1
    truth = torch.einsum("nd,nk->dk", X, error) / len(y)
    places = []
    for i in range(truth.shape[0]):
        for j in range(truth.shape[1]):
            if abs(claimed[i, j] - truth[i, j]) > 1e-6:
                places.append([i, j])
    if not places:
        return ("right", None)
    k = truth.abs().argmax()
    c = (claimed.reshape(-1)[k] / truth.reshape(-1)[k]).item()
    if ((claimed - c * truth).abs() <= 1e-6).all():
        return ("factor", c)
    return ("entries", places)
""",
)
