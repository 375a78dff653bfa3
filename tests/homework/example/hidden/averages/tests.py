"""Hidden tests of a sheet in plain Python: without torch, fifty hostile submissions take seconds."""

from homework.grader.hidden import Sheet

sheet = Sheet("averages")


@sheet.test("mean", points=2, says="The mean of any numbers.")
def values(call):
    for numbers in [[1, 2, 3, 6], [5], [-1.5, 1.5], [10] * 20]:
        assert abs(call("mean", numbers) - sum(numbers) / len(numbers)) < 1e-9  # SECRET-OF-THE-TEST


@sheet.test("mean", points=1, says="Large numbers that cancel leave the small one.")
def cancels(call):
    assert call("mean", [1e16, 1.0, -1e16]) == 1 / 3


@sheet.test("mean", points=1, says="An empty list is refused with a ValueError.")
def empty(call):
    assert call.raises("ValueError", "mean", [])


@sheet.test("spread", points=2, says="The largest minus the smallest.")
def largest_minus_smallest(call):
    for numbers in [[4, 9, 1], [-3, -8], [2, 2, 2]]:
        assert call("spread", numbers) == max(numbers) - min(numbers)


@sheet.test("spread", points=2, says="The list is left as it was.")
def left_alone(call):
    numbers = [3, 1, 2]
    value, (after,) = call.after("spread", numbers)
    assert value == 2
    assert after == numbers


sheet.forbid("mean", "statistics.mean", "statistics.fmean", "numpy.mean")

RAISES = """
def mean(numbers):
    if len(numbers) == 0:
        raise ValueError("none")
"""
sheet.wrong("mean", "adds with rounding", RAISES + "    return sum(numbers) / len(numbers)")
sheet.wrong("mean", "forgets to divide", RAISES + "    return math.fsum(numbers)")
sheet.wrong(
    "mean", "divides by one less", RAISES + "    return math.fsum(numbers) / max(1, len(numbers) - 1)"
)
sheet.wrong("mean", "does not refuse", "def mean(numbers): return math.fsum(numbers) / (len(numbers) or 1)")
sheet.wrong("mean", "asks the library", RAISES + "    import statistics as s\n    return s.fmean(numbers)")
sheet.right("mean", "refuses at the end", "def mean(n):\n    try: return math.fsum(n) / len(n)\n"
            "    except ZeroDivisionError: raise ValueError from None")  # fmt: skip
sheet.right("mean", "by hand", RAISES + "    from fractions import Fraction\n"
            "    return float(sum(map(Fraction, numbers)) / len(numbers))")  # fmt: skip

sheet.wrong("spread", "the first and the last", "def spread(n): return n[-1] - n[0]")
sheet.wrong("spread", "the largest", "def spread(n): return max(n)")
sheet.wrong("spread", "the wrong way round", "def spread(n): return min(n) - max(n)")
sheet.wrong("spread", "sorts the caller's list", "def spread(n):\n    n.sort()\n    return n[-1] - n[0]")
sheet.right("spread", "max and min", "def spread(numbers): return max(numbers) - min(numbers)")
sheet.right("spread", "a loop", "def spread(n):\n    low = high = n[0]\n    for one in n:\n"
            "        low, high = min(low, one), max(high, one)\n    return high - low")  # fmt: skip
