"""decide: the answer of lowest expected cost for each row of p, or −1 where asking is cheaper; int64."""

import torch

from homework.grader.answers import bug, right


@right("the lowest cost, compared with the cost of asking")
def decide(p, cost, ask):
    expected = p @ cost
    if bug("rows and columns exchanged"):
        expected = p @ cost.T
    if bug("the cost of the most likely truth only"):
        expected = cost[p.argmax(1)]
    lowest, answer = expected.amin(1), expected.argmin(1)
    if bug("the most likely class"):
        answer = p.argmax(1)
    if bug("the most expensive answer"):
        answer = expected.argmax(1)
    asks = lowest > ask
    if bug("never asks"):
        asks = torch.zeros_like(asks)
    if bug("asks at equal cost"):
        asks = lowest >= ask
    if bug("asks if any answer costs more"):
        asks = expected.amax(1) > ask
    if bug("asks where asking costs more"):
        asks = lowest < ask
    if bug("asks by probability"):
        asks = p.amax(1) < ask
    if bug("floats"):
        answer = answer.float()
    return torch.where(asks, -1, answer)


@right("asking as one more answer")
def decide(p, cost, ask):
    expected = torch.cat([p @ cost, torch.full((len(p), 1), ask)], 1)
    answer = expected.argmin(1)  # of equal ones the first
    answer[answer == cost.shape[1]] = -1
    return answer


@right("loops")
def decide(p, cost, ask):
    answers = []
    for row in p:
        expected = [sum(row[t] * cost[t, a] for t in range(len(row))).item() for a in range(cost.shape[1])]
        best = min(range(len(expected)), key=expected.__getitem__)
        answers.append(best if expected[best] <= ask else -1)
    return torch.tensor(answers)
