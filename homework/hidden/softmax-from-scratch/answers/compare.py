"""compare: {"difference": …, "margin": …, "real": …} of model B against model A on the same images."""

import math

from homework.grader.answers import bug, right


@right("one difference for each image")
def compare(right_a, right_b):
    n, d = len(right_a), right_b.double() - right_a.double()
    if bug("A minus B"):
        d = -d
    if bug("how often they differ"):
        d = (right_a != right_b).double()
    difference = d.mean().item()
    deviation = d.std(correction=0).item()
    if bug("divides by n − 1"):
        deviation = d.std().item()
    if bug("as if the images were others"):
        variances = right_a.double().var(correction=0) + right_b.double().var(correction=0)
        deviation = variances.sqrt().item()
    if bug("the margin of A alone"):
        deviation = right_a.double().std(correction=0).item()
    margin = 1.96 * deviation / math.sqrt(n)
    if bug("one standard error"):
        margin = deviation / math.sqrt(n)
    if bug("the spread of one image"):
        margin = 1.96 * deviation
    if bug("divides by n, not by its root"):
        margin = 1.96 * deviation / n
    real = abs(difference) > margin
    if bug("only if B is better"):
        real = difference > margin
    if bug("real if it is not"):
        real = abs(difference) < margin
    if bug("every difference is real"):
        real = difference != 0
    return {"difference": difference, "margin": margin, "real": real}


@right("counts of the images that only one has right")
def compare(right_a, right_b):
    n = len(right_a)
    only_b = int((right_b & ~right_a).sum())
    only_a = int((right_a & ~right_b).sum())
    difference = (only_b - only_a) / n
    variance = (only_a + only_b) / n - difference**2
    margin = 1.96 * (variance / n) ** 0.5
    return {"real": abs(difference) > margin, "margin": margin, "difference": difference}


@right("plain Python")
def compare(right_a, right_b):
    d = [int(b) - int(a) for a, b in zip(right_a.tolist(), right_b.tolist(), strict=True)]
    mean = sum(d) / len(d)
    s = math.sqrt(sum((x - mean) ** 2 for x in d) / len(d))
    margin = 1.96 * s / math.sqrt(len(d))
    return {"difference": mean, "margin": margin, "real": mean > margin or mean < -margin}
