"""best_epoch: (epoch of the best loss, last epoch trained) under early stopping, counted from 1."""

from homework.grader.answers import bug, right


@right("a count of waiting epochs")
def best_epoch(losses, patience, min_delta):
    lowest, best, waited = losses[0], 1, 0
    for epoch, loss in enumerate(losses[1:], 2):
        better = loss < lowest - min_delta
        if bug("ignores min_delta"):
            better = loss < lowest
        if bug("min_delta itself is enough"):
            better = loss <= lowest - min_delta
        if bug("min_delta the wrong way"):
            better = loss < lowest + min_delta
        if bug("compares with the epoch before"):
            better = loss < losses[epoch - 2] - min_delta
        if bug("nan counts as better"):
            better = not loss >= lowest - min_delta
        if better:
            lowest, best = loss, epoch
            if not bug("bad epochs are counted, but not in a row"):
                waited = 0
        else:
            waited += 1
        limit = patience
        if bug("one epoch too patient"):
            limit = patience + 1
        if bug("one epoch too impatient"):
            limit = patience - 1
        if waited >= limit:
            if bug("keeps the last weights"):
                return epoch, epoch
            if bug("the lowest of the whole list"):
                return losses.index(min(losses)) + 1, epoch
            if bug("counts from 0"):
                return best - 1, epoch - 1
            return best, epoch
    if bug("counts from 0"):
        return best - 1, len(losses) - 1
    if bug("no end where nothing stops"):
        return best, best + patience
    if bug("an end of None where nothing stops"):
        return best, None
    if bug("floats, not ints"):
        return float(best), float(len(losses))
    return best, len(losses)


@right("a while loop over positions")
def best_epoch(losses, patience, min_delta):
    best = last = 0
    while last < len(losses) - 1 and last - best < patience:
        last += 1
        if losses[best] - losses[last] > min_delta:
            best = last
    return [best + 1, last + 1]
