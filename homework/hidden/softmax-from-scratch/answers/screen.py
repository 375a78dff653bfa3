"""screen: the highest threshold that finds enough, both rates at it, and the precision in the town."""

import math

import torch

from homework.grader.answers import bug, right, wrong


@right("from the highest score down, until enough are found")
def screen(score, y, least, prevalence):
    ill, healthy = score[y == 1].tolist(), score[y == 0].tolist()
    if bug("the labels exchanged"):
        ill, healthy = healthy, ill
    thresholds = sorted(set(score.tolist()), reverse=True)
    if bug("from the lowest score up"):
        thresholds.reverse()
    if bug("a grid between 0 and 1"):
        thresholds = [k / 100 for k in range(100, -1, -1)]
    for threshold in thresholds:
        recall = sum(one >= threshold for one in ill) / len(ill)
        if bug("above the threshold, not at it"):
            recall = sum(one > threshold for one in ill) / len(ill)
        alarms = sum(one >= threshold for one in healthy) / len(healthy)
        if bug("healthy people at the threshold are not called"):
            alarms = sum(one > threshold for one in healthy) / len(healthy)
        if bug("a share of everybody"):
            alarms = sum(one >= threshold for one in healthy) / len(score)
        if bug("recall as a share of everybody"):
            recall = sum(one >= threshold for one in ill) / len(score)
        enough = recall >= least
        if bug("more than enough"):
            enough = recall > least
        if bug("stops at enough false alarms"):
            enough = alarms >= least
        if bug("stops at enough true negatives"):
            enough = 1 - alarms <= least
        if enough:
            break
    if bug("false alarms among those who are called"):
        called = sum(one >= threshold for one in score.tolist())
        alarms = sum(one >= threshold for one in healthy) / called
    if bug("the true negative rate"):
        alarms = 1 - alarms
    hits, misses = prevalence * recall, (1 - prevalence) * alarms
    if bug("ill and healthy exchanged in the town"):
        hits, misses = (1 - prevalence) * recall, prevalence * alarms
    if bug("only the ill are fewer"):
        misses = alarms
    if bug("the healthy as many as in the data"):
        misses = alarms * len(healthy) / len(score)
    if bug("odds for a probability"):
        hits = prevalence / (1 - prevalence) * recall
    precision = hits / (hits + misses)
    if bug("the precision in the data"):
        hits, misses = len(ill) * recall, len(healthy) * alarms
        precision = hits / (hits + misses)
    if bug("the prevalence for the precision"):
        precision = prevalence
    if bug("the share that is ill and called"):
        precision = hits
    if bug("the share that is called"):
        precision = hits + misses
    if bug("divides the recall by both rates"):
        precision = recall / (recall + alarms)
    return {
        "threshold": threshold,
        "recall": recall,
        "false_positive_rate": alarms,
        "precision": precision,
    }


@right("the ill in order, and Bayes' rule in odds")
def screen(score, y, least, prevalence):
    ill = score[y == 1].sort(descending=True).values
    k = math.ceil(least * len(ill) - 1e-9)
    if bug("rounds down"):
        k = max(1, int(least * len(ill)))
    if bug("rounds to the nearest"):
        k = max(1, round(least * len(ill)))
    if bug("counts from 0"):
        k = min(k + 1, len(ill))
    threshold = ill[k - 1].item()
    if bug("between two scores"):
        threshold = ill.quantile(1 - least).item()
    if bug("a quantile of all scores"):
        threshold = score.quantile(1 - least, interpolation="lower").item()
    recall = (ill >= threshold).double().mean().item()
    if bug("the recall that was asked for"):
        recall = least
    if bug("the recall without the ties"):
        recall = k / len(ill)
    alarms = (score[y == 0] >= threshold).double().mean().item()
    odds = math.inf if alarms == 0 else prevalence / (1 - prevalence) * recall / alarms
    precision = 1.0 if alarms == 0 else odds / (1 + odds)
    if bug("a precision of 0 without false alarms"):
        precision = 0.0 if alarms == 0 else precision
    if bug("the odds themselves"):
        precision = odds
    found = {"recall": recall, "false_positive_rate": alarms, "precision": precision}
    if bug("tensors"):
        found = {name: torch.tensor(value) for name, value in found.items()}
    return found | {"threshold": threshold}


@right("counts at every threshold, in a town of a million")
def screen(score, y, least, prevalence):
    thresholds = score.unique()  # from the lowest up
    called = score >= thresholds[:, None]  # a row for each threshold
    sick = (called & (y == 1)).sum(1)
    well = (called & (y == 0)).sum(1)
    best = int((sick >= least * (y == 1).sum() - 1e-6).nonzero().max())
    recall, alarms = sick[best].item() / (y == 1).sum().item(), well[best].item() / (y == 0).sum().item()
    found, false = 1e6 * prevalence * recall, 1e6 * (1 - prevalence) * alarms
    return {
        "precision": found / (found + false),
        "false_positive_rate": alarms,
        "recall": recall,
        "threshold": thresholds[best].item(),
    }


@wrong("cuts through equal scores")
def screen(score, y, least, prevalence):
    order = score.argsort(descending=True, stable=True)
    sick, well = (y[order] == 1).cumsum(0), (y[order] == 0).cumsum(0)
    last = int((sick >= least * sick[-1]).nonzero().min())
    recall, alarms = sick[last].item() / sick[-1].item(), well[last].item() / well[-1].item()
    hits = prevalence * recall
    return {
        "threshold": score[order[last]].item(),
        "recall": recall,
        "false_positive_rate": alarms,
        "precision": hits / (hits + (1 - prevalence) * alarms),
    }


@wrong("a threshold of one half")
def screen(score, y, least, prevalence):
    recall, alarms = ((score[y == k] >= 0.5).double().mean().item() for k in (1, 0))
    hits = prevalence * recall
    return {
        "threshold": 0.5,
        "recall": recall,
        "false_positive_rate": alarms,
        "precision": hits / (hits + (1 - prevalence) * alarms + 1e-12),
    }
