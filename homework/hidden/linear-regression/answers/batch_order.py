"""batch_order: the indices of each step's batch, an int64 tensor each, epoch after epoch."""

import random

import torch

from homework.grader.answers import bug, right


@right("one list of slices, with one generator")
def batch_order(n, batch_size, epochs, seed):
    if bug("a batch size of 0 is not refused"):
        batch_size = batch_size or n
    if batch_size < 1:
        raise ValueError("batch_size must be positive")
    generator = torch.Generator().manual_seed(seed)
    if bug("ignores the seed"):
        generator = None
    if bug("batches that span two epochs"):
        return list(
            torch.cat([torch.randperm(n, generator=generator) for _ in range(epochs)]).split(batch_size)
        )
    steps = []
    for _ in range(epochs):
        if bug("the same order in each epoch"):
            generator.manual_seed(seed)
        order = torch.randperm(n, generator=generator)
        if bug("not shuffled"):
            order = torch.arange(n)
        if bug("draws with replacement"):
            order = torch.randint(0, n, (n,), generator=generator)
        if bug("returns int32"):
            order = order.int()
        batches = [order[k : k + batch_size] for k in range(0, n, batch_size)]
        if bug("shuffles the batches, not the points"):
            cut = torch.arange(n).split(batch_size)
            batches = [cut[k] for k in torch.randperm(len(cut), generator=generator)]
        if bug("drops the short last batch"):
            batches = [batch for batch in batches if len(batch) == batch_size]
        steps += batches
    return steps


@right("seeded globally")
def batch_order(n, batch_size, epochs, seed):
    if not batch_size >= 1:
        raise ValueError("batch_size must be positive")
    torch.manual_seed(seed)
    return [batch for _ in range(epochs) for batch in torch.randperm(n).split(batch_size)]


@right("Python's own shuffle")
def batch_order(n, batch_size, epochs, seed):
    if batch_size <= 0:
        raise ValueError("batch_size must be positive")
    source = random.Random(seed)
    result = []
    for _ in range(epochs):
        order = list(range(n))
        source.shuffle(order)
        while order:
            result.append(torch.tensor(order[:batch_size]))
            order = order[batch_size:]
    return result
