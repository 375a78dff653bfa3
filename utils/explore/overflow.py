"""The cross-entropy of two logits in four forms and four dtypes: which overflow."""

import math

from utils.explore.element import element, table


def overflow(gap=95.0, dtype="float32"):
    """Show the cross-entropy of the logits [0, gap] for class 0, and its gradient, in four forms.

    Sliders choose gap and dtype (lesson "Log-sum-exp"). All is computed as torch does it on the CPU, forward
    and backward, and each loss and each gradient by the logits is marked, in this order:

    - NaN (a loss of infinity: inf): an entry is not finite;
    - dead: of every entry less than a hundredth is left;
    - wrong: an entry is off by over 1 %; in bfloat16, whose numbers lie up to 0.8 % apart, by over 2 %;
    - right: none of these.

    Args:
        gap: from 0 to 120, in steps of 0.5.
        dtype: "float64", "float32", "bfloat16" or "float16".
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if gap or dtype is none of these.
    """
    import torch  # here, so that the other figures need not wait for it

    tolerances = {"float64": 0.01, "float32": 0.01, "bfloat16": 0.02, "float16": 0.01}
    if dtype not in tolerances or not 0 <= gap <= 120 or gap % 0.5:
        raise ValueError(f"gap needs 0 to 120 by 0.5, dtype one of {list(tolerances)}, not {gap}, {dtype!r}.")

    def softmax(o):
        e = o.exp()
        return e / e.sum()

    forms = {
        "naive": ("−log(naive softmax)", lambda o: -softmax(o)[0].log()),
        "shift": ("−log(max-shift softmax)", lambda o: -softmax(o - o.max())[0].log()),
        "clamp": ("−log(max-shift softmax + 1e-8)", lambda o: -(softmax(o - o.max())[0] + 1e-8).log()),
        "lse": ("log-sum-exp (F.cross_entropy)", lambda o: -o.log_softmax(0)[0]),
    }

    def mark(values, truths):
        shares = [value / truth for value, truth in zip(values, truths, strict=True)]
        if not all(map(math.isfinite, values)):
            return "inf" if values[0] == math.inf else "NaN"
        if all(abs(share) < 0.01 for share in shares):
            return "dead"
        return "wrong" if any(abs(share - 1) > tolerances[dtype] for share in shares) else "right"

    def entry(form, gap):
        o = torch.tensor([0, gap], dtype=getattr(torch, dtype), requires_grad=True)
        (loss := form(o)).backward()
        p = 1 / (1 + math.exp(-gap))
        a, b = o.grad.tolist()
        one, two = mark([loss.item()], [gap - math.log(p)]), mark([a, b], [-p, p])
        return f"loss {loss.item():.4g} ({one}), gradient [{a:.4g}, {b:.4g}] ({two})".replace("-", "−")

    gaps = sorted({5, 9, 12, 18, 50, 88, 89, 100, 104, gap})
    rows = [(f"{gap:g}", *(entry(form, gap) for _, form in forms.values())) for gap in gaps]
    return element(
        "overflow",
        title="Try it: the logits are [0, M], the true class is 0. Widen the gap M and see which form fails "
        "first, and where. Then change the dtype.",
        notice="A loss can be right while its gradient is NaN, and a gradient can be wrong before "
        "anything is NaN. Adding 1e-8 hides the failure: the gradient is dead, and nothing is learned. (In "
        "float16, 1e-8 is itself 0.) Log-sum-exp is right throughout.",
        fallback=table((f"gap in {dtype}", *(name for name, _ in forms.values())), rows),
        forms={form: name for form, (name, _) in forms.items()},
        tolerances=tolerances,
        gap=gap,
        dtype=dtype,
    )
