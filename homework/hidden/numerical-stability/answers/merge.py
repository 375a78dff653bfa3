"""merge: (n, mean, variance) of the values of two parts together, from theirs."""

from fractions import Fraction

from homework.grader.answers import bug, right, wrong


@right("the variance within the parts, and that between them")
def merge(a, b):
    (n_a, mean_a, variance_a), (n_b, mean_b, variance_b) = a, b
    n, gap = n_a + n_b, mean_b - mean_a
    if n == 0:
        return 0, 0.0, 0.0
    mean = mean_a + gap * n_b / n
    within = (n_a * variance_a + n_b * variance_b) / n
    between = gap**2 * n_a * n_b / n**2
    if bug("a mean of means"):
        mean, between = (mean_a + mean_b) / 2, gap**2 / 4
    if bug("the distance of the means forgotten"):
        between = 0.0
    if bug("the share of one part only"):
        between = gap**2 * n_a / n
    if bug("variances added"):
        within = variance_a + variance_b
    if bug("divides by one less"):
        return n, mean, (within + between) * n / max(n - 1, 1)
    if bug("mean square less squared mean"):
        squares = n_a * (variance_a + mean_a**2) + n_b * (variance_b + mean_b**2)
        return n, mean, squares / n - mean**2
    if bug("the number as a float"):
        n = float(n)
    return n, mean, within + between


@right("each part's squares about the new mean")
def merge(a, b):
    n = a[0] + b[0]
    if not n:
        return a
    mean = a[1] + (b[1] - a[1]) * (b[0] / n)
    squares = 0.0
    for count, m, v in (a, b):
        squares += count * (v + (m - mean) ** 2)
    return (n, mean, squares / n)


@right("exact fractions")
def merge(a, b):
    total = a[0] + b[0]
    if total == 0:
        return (0, 0.0, 0.0)
    parts = [(n, Fraction(m), Fraction(v)) for n, m, v in (a, b)]
    mean = sum(n * m for n, m, _ in parts) / total
    square = sum(n * (v + m * m) for n, m, v in parts) / total
    return (total, float(mean), float(square - mean * mean))


@wrong("divides by 0")
def merge(a, b):
    n = a[0] + b[0]
    mean = a[1] + (b[1] - a[1]) * b[0] / n
    squares = a[0] * (a[2] + (a[1] - mean) ** 2) + b[0] * (b[2] + (b[1] - mean) ** 2)
    return n, mean, squares / n
