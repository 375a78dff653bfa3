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
