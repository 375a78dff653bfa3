"""spread: the largest of some numbers minus the smallest."""

from homework.grader.answers import bug, right, wrong


@right("max and min")
def spread(numbers):
    low, high = min(numbers), max(numbers)
    if bug("the first and the last"):
        low, high = numbers[0], numbers[-1]
    if bug("the wrong way round"):
        return low - high
    return high - low


@right("a loop")
def spread(numbers):
    low = high = numbers[0]
    for one in numbers:
        low, high = min(low, one), max(high, one)
    return high - low


@wrong("the largest")
def spread(numbers):
    return max(numbers)


@wrong("sorts the caller's list")
def spread(numbers):
    numbers.sort()
    return numbers[-1] - numbers[0]
