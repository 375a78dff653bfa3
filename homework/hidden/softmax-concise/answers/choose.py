"""choose: the index of the largest batch that is as good as the best, within a standard error."""

import math
import statistics

import torch

from homework.grader.answers import bug, right


@right("by position, with keys")
def choose(results):
    fine = [k for k, r in enumerate(results) if not any(math.isnan(value) for value in r["accuracy"])]
    if bug("nan is let in"):
        fine = list(range(len(results)))
    if bug("out only if all runs diverged"):
        fine = [k for k, r in enumerate(results) if not all(math.isnan(value) for value in r["accuracy"])]
    if not fine:
        if bug("returns None if all diverged"):
            return None
        raise ValueError("all have diverged")
    mean = [sum(r["accuracy"]) / len(r["accuracy"]) for r in results]
    if bug("the best single run"):
        mean = [max(r["accuracy"]) for r in results]
    best = max(fine, key=lambda k: mean[k])
    runs = results[best]["accuracy"]
    error = statistics.stdev(runs) / math.sqrt(len(runs))
    if bug("the deviation, not the error"):
        error = statistics.stdev(runs)
    if bug("r below the line"):
        error = statistics.pstdev(runs) / math.sqrt(len(runs))
    if bug("divided by r"):
        error = statistics.stdev(runs) / len(runs)
    near = [k for k in fine if mean[k] >= mean[best] - error]
    if bug("the largest batch of all"):
        near = fine
    if bug("the best mean"):
        return best
    if bug("the first of that batch"):
        return max(near, key=lambda k: results[k]["batch_size"])
    if bug("the setting itself"):
        return results[max(near, key=lambda k: results[k]["batch_size"])]
    if bug("the smallest batch"):
        return min(near, key=lambda k: (results[k]["batch_size"], -mean[k]))
    if bug("a float"):
        return float(max(near, key=lambda k: (results[k]["batch_size"], mean[k])))
    return max(near, key=lambda k: (results[k]["batch_size"], mean[k]))


@right("with tensors, and sorted")
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


@right("in one walk after the best is known")
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
