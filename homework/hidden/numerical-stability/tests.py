"""Hidden tests of the sheet "Numerical stability"."""

import itertools
import math

import torch

from homework.grader.helpers import SOFTMAX, all_near, draw, near, same
from homework.grader.hidden import Sheet

sheet = Sheet("numerical-stability")

FORMATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


# 1. lost_share


@sheet.test(
    "lost_share", points=1, says="Steps that are rounded away are lost, in each of the four float formats."
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


@sheet.test("lost_share", points=1, says="Gradients of 0 do not count, even if there are no others.")
def lost_without_gradient(call):
    weights = torch.full((2, 4), 2048.0, dtype=torch.float16)  # the gap is 2 above and 1 below
    gradients = torch.zeros(2, 4, dtype=torch.float16)
    assert call("lost_share", weights, gradients, 0.5) == 0
    gradients[1, 2] = -1
    assert call("lost_share", weights, gradients, 0.5) == 1
    gradients[0, 0] = 100
    assert call("lost_share", weights, gradients, 0.5) == 0.5


# 2. merge


def of_values(values):
    """(n, mean, variance), computed in float64 from a list of small numbers."""
    mean = math.fsum(values) / len(values)
    return len(values), mean, math.fsum((v - mean) ** 2 for v in values) / len(values)


def agree(found, expected):
    n, mean, variance = found
    return (
        same(n, expected[0])
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


@sheet.test(
    "merge", points=1, says="Means near a billion do not ruin the variance, however the parts differ."
)
def merge_large(call):
    for center, gap in [(1e9, 4.0), (-1e9, 0.5), (1e9, 0.0), (3e8, 100.0)]:
        for n_a, n_b in [(1000, 3000), (1, 1), (10, 10**6)]:
            expected = n_a + n_b, center + gap * n_b / (n_a + n_b), 0.0
            within = (2.0 * n_a + 1.0 * n_b) / (n_a + n_b)
            expected = *expected[:2], within + gap**2 * n_a * n_b / (n_a + n_b) ** 2
            assert agree(call("merge", (n_a, center, 2.0), (n_b, center + gap, 1.0)), expected)
    total = (0, 0.0, 0.0)
    for k in range(50):  # one after the other
        total = call("merge", total, (2, 1e9 + k, 1.0))
    assert agree(total, (100, 1e9 + 24.5, 1 + (50**2 - 1) / 12))


@sheet.test("merge", points=1, says="A part without values changes nothing, and two such parts give one.")
def merge_empty(call):
    empty, some = (0, 0.0, 0.0), (3, -7.5, 2.25)
    assert agree(call("merge", empty, some), some)
    assert agree(call("merge", some, empty), some)
    assert tuple(call("merge", empty, empty)) == empty


# 3. log_not


def by_math(x):
    """log(1 − eˣ) in float64."""
    if x == 0:
        return -math.inf
    return math.log(-math.expm1(x)) if x > -0.7 else math.log1p(-math.exp(x))


def log_not_is_right(call, points, dtype=torch.float32):
    log_p = torch.tensor(points, dtype=dtype)
    expected = torch.tensor([by_math(x) for x in log_p.flatten().tolist()], dtype=dtype)
    return near(call("log_not", log_p), expected.reshape(log_p.shape), rtol=1e-5, atol=0)


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

# 4. autopsy


def healthy(seed=0):
    """One step's tensors, all finite."""
    return {
        "weights": draw(4, 3, seed=seed),
        "loss": torch.tensor(0.7),
        "gradient": draw(4, 3, seed=seed + 1).half(),
        "logits": 1e30 * draw(5, 3, seed=seed + 2),
    }


def spoiled(step, name, *places):
    """That step with these (place, number) put into one tensor."""
    tensor = step[name].clone()
    for place, number in places:
        tensor[place] = number
    return step | {name: tensor}


@sheet.test("autopsy", points=1, says="A single bad number, inf or nan; None for a healthy run.")
def autopsy_single(call):
    for name, place in [("logits", (3, 2)), ("loss", ()), ("gradient", (0, 0)), ("weights", (1, 2))]:
        for number in (math.inf, -math.inf, math.nan):
            for step in (0, 2):
                record = [healthy(k) for k in range(4)]
                record[step] = spoiled(record[step], name, (place, number))
                kind = "nan" if math.isnan(number) else "inf"
                assert same(call("autopsy", record), (step, name, kind, place))
    assert call("autopsy", []) is None
    assert call("autopsy", [healthy(k) for k in range(3)]) is None
    large = {"logits": torch.full((2, 3), 6e4).half(), "loss": torch.tensor(3e38)}
    assert call("autopsy", [{}, large, {"weights": torch.tensor([3e38, 3e38])}]) is None
    last = {"gradient": torch.tensor([[[1.0, 2.0]], [[3.0, math.nan]]], dtype=torch.bfloat16)}
    assert same(call("autopsy", [{}, large, last]), (2, "gradient", "nan", (1, 0, 1)))


@sheet.test("autopsy", points=1, says="Of several bad numbers, the first that was made.")
def autopsy_first(call):
    bad = healthy()
    for name, place in [("weights", (0, 0)), ("gradient", (0, 1)), ("loss", ()), ("logits", (4, 2))]:
        bad = spoiled(bad, name, (place, math.nan))
        assert same(call("autopsy", [healthy(), bad, bad]), (1, name, "nan", place))
    later = spoiled(healthy(), "logits", ((0, 0), math.nan))
    earlier = spoiled(healthy(), "weights", ((3, 1), math.inf))
    assert same(call("autopsy", [earlier, later]), (0, "weights", "inf", (3, 1)))
    two = spoiled(healthy(), "logits", ((2, 1), -math.inf), ((4, 0), math.nan), ((3, 0), math.inf))
    assert same(call("autopsy", [two]), (0, "logits", "inf", (2, 1)))
    two = spoiled(healthy(), "gradient", ((1, 0), math.nan), ((1, 2), math.inf))
    assert same(call("autopsy", [two]), (0, "gradient", "nan", (1, 0)))


sheet.equivalent("autopsy", "return None -> return None", because="nothing is changed")

# 5. carried_step


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


@sheet.test("carried_step", points=1, says="After hundreds of small steps nothing is lost.")
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


# 6. scaled_step


def drawn_for(shapes, size, seed):
    """Weights, and gradients of about this size."""
    weights = [draw(*shape, seed=seed + k) for k, shape in enumerate(shapes)]
    return weights, [(size * draw(*w.shape, seed=seed + 10 + k)).half() for k, w in enumerate(weights)]


def norm_of(gradients):
    return math.sqrt(math.fsum(g.double().square().sum().item() for g in gradients))


def step_is_right(call, weights, gradients, lr, max_norm, scale):
    """Is a step that is taken the one computed in float64, and are the arguments as they were?"""
    (found, *others), given = call.after("scaled_step", weights, gradients, lr, max_norm, scale, 5)
    factor = lr / scale * min(1, max_norm * scale / max(norm_of(gradients), 1e-9))
    expected = [(w - factor * g.double()).float() for w, g in zip(weights, gradients, strict=True)]
    kept = all_near(given[0], weights, atol=0) and all_near(given[1], gradients, atol=0)
    return kept and all_near(found, expected) and same(others, [scale, 6])


@sheet.test("scaled_step", points=1, says="The gradient of the loss, clipped by the norm of all its entries.")
def scaled_taken(call):
    for shapes, size, scale, seed in [
        ([(3, 2), (2,)], 50.0, 64.0, 0),
        ([(4,)], 2.0, 0.5, 20),
        ([(2, 1, 2), (), (5,)], 3e3, 1024.0, 40),
    ]:
        weights, gradients = drawn_for(shapes, size, seed)
        norm = norm_of(gradients) / scale
        for limit in (0.2 * norm, 0.9 * norm, 1.1 * norm, 20 * norm):
            assert step_is_right(call, weights, gradients, 0.7, limit, scale)


@sheet.test("scaled_step", points=1, says="Right for what float16 cannot hold, and for a gradient of 0.")
def scaled_in_float32(call):
    weights, _ = drawn_for([(3,), (2, 2)], 1.0, seed=60)
    for entry, lr, max_norm, scale in [
        (6e4, 0.5, 0.5, 2.0**16),  # in float16 the norm overflows before the division
        (-6e4, 1e-5, 1e6, 2.0**-3),  # the entries, after it
        (2.0**-24, 2.0**40, 1.0, 2.0**16),  # there they are rounded to 0
        (3e-6, 2.0**30, 1.0, 2.0**12),
        (0.0, 1.0, 1.0, 2.0**16),
    ]:
        gradients = [torch.full_like(w, entry).half() for w in weights]
        gradients[0][1] = 0
        assert step_is_right(call, weights, gradients, lr, max_norm, scale)


@sheet.test("scaled_step", points=1, says="Skipped or taken: none or all move, and scale and count follow.")
def scaled_counts(call):
    weights, gradients = drawn_for([(2, 2), (3,), (1,)], 100.0, seed=80)
    for k, place in [(0, (1, 0)), (1, (2,)), (2, (0,))]:
        for bad, good in [(math.inf, 0), (-math.inf, 1999), (math.nan, 700)]:
            broken = [g.clone() for g in gradients]
            broken[k][place] = bad
            found, *others = call("scaled_step", weights, broken, 0.1, 1.0, 256.0, good)
            assert all(torch.equal(a, b) for a, b in zip(found, weights, strict=True))
            assert same(others, [128.0, 0])
    once, *_ = call("scaled_step", weights, gradients, 0.1, 1.0, 256.0, 0)
    for good, due in [(0, [256.0, 1]), (1000, [256.0, 1001]), (1998, [256.0, 1999]), (1999, [512.0, 0])]:
        found, *others = call("scaled_step", weights, gradients, 0.1, 1.0, 256.0, good)
        assert same(others, due)
        assert all_near(found, once)
        assert not near(found[0], weights[0])


for mutant in ("True -> False", "zip(weights, unscaled, strict=True) -> zip(weights, unscaled)"):
    sheet.equivalent("scaled_step", mutant, because="there are as many gradients as weights")

# 7. log_average


def average_of(logits):
    """The same in float64, by torch."""
    log_p = torch.log_softmax(logits.double(), 2)
    return (torch.logsumexp(log_p, 0) - math.log(len(logits))).float()


def average_is_right(call, logits):
    return near(call("log_average", logits), average_of(logits), rtol=1e-5, atol=1e-4)


@sheet.test("log_average", points=1, says="The logarithm of the mean probability, for logits of any shape.")
def average_values(call):
    for shape, seed in [((3, 2, 5), 0), ((2, 4, 3), 1), ((5, 1, 2), 2)]:
        assert average_is_right(call, 3 * draw(*shape, seed=seed))
    for shape, seed in [((1, 3, 4), 3), ((2, 1, 1), 4), ((4, 3, 3), 5), ((7, 2, 30), 6)]:
        assert average_is_right(call, draw(*shape, seed=seed))


@sheet.test("log_average", points=1, says="For logits of ±10,000, and models that disagree.")
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


sheet.forbid("log_average", *SOFTMAX)
sheet.equivalent(
    "log_average",
    "0.0 -> 1.0",
    because="whatever finite number stands for a class that all rule out, the logarithm there is −∞",
)

# 8. level_out


def network(widths, seed, size=1.0):
    """Matrices for these widths, whose entries have mean size / 3."""
    shapes = enumerate(itertools.pairwise(widths))
    return [size * (draw(*shape, seed=seed + k) + 1 / 3) for k, shape in shapes]


def scaled_from(new, old):
    """The one positive number by which a matrix was multiplied, or nan."""
    ratio = (new * old).sum() / old.square().sum()
    return ratio.item() if ratio > 0 and near(new, ratio * old, atol=0) else math.nan


def sizes(weights, X):
    """The root mean square of each layer's outputs."""
    found = []
    for W in weights:
        out = X @ W
        found.append(out.double().square().mean().sqrt().item())
        X = out.clamp(min=0)
    return found


@sheet.test("level_out", points=1, says="Each matrix, times a positive number, gives its outputs size 1.")
def level_sizes(call):
    for widths, seed in [([3, 4, 2], 0), ([5, 1], 10), ([2, 6, 6, 6, 1], 20)]:
        weights, X = network(widths, seed), draw(30, widths[0], seed=seed + 9).abs()
        found, (given, data) = call.after("level_out", weights, X)
        assert len(found) == len(weights)
        assert not any(math.isnan(scaled_from(new, old)) for new, old in zip(found, weights, strict=True))
        assert all(torch.equal(a, b) for a, b in zip(given, weights, strict=True))
        assert torch.equal(data, X)
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


# 9. find_fault


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


@sheet.test("find_fault", points=1, says="A common factor is named, whatever its size and sign.")
def fault_factor(call):
    for shape in PROBLEMS:
        X, y, W, truth = problem(*shape)
        for c in (2.0, -1.0, 0.25, 7.0, 0.0, 1.01):
            kind, found = call("find_fault", X, y, W, c * truth)
            assert kind == "factor"
            assert isinstance(found, float)
            assert abs(found - c) <= 1e-3 * max(abs(c), 1e-3)


@sheet.test("find_fault", points=1, says="Otherwise exactly the entries that are off are named, in order.")
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
