"""mean: the mean of a list of numbers; of no numbers, a ValueError."""

import math
import statistics
from fractions import Fraction

from homework.grader.answers import bug, right, wrong


@right("by hand, in fractions")
def mean(numbers):
    if len(numbers) == 0:
        raise ValueError("none")
    total = sum(map(Fraction, numbers))
    if bug("adds with rounding"):
        total = sum(numbers)
    if bug("asks the library"):
        return statistics.fmean(numbers)
    if bug("forgets to divide"):
        return float(total)
    if bug("divides by one less"):
        return float(total / max(1, len(numbers) - 1))
    return float(total / len(numbers))


@right("refuses at the end")
def mean(n):
    try:
        return math.fsum(n) / len(n)
    except ZeroDivisionError:
        raise ValueError from None


@wrong("does not refuse")
def mean(numbers):
    return math.fsum(numbers) / (len(numbers) or 1)
