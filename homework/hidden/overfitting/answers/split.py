"""split: positions for training and for validation, int64: by class, with copies on one side."""

import torch

from homework.grader.answers import bug, right


@right("lists")
def split(y, keys, share):
    labels = sorted(set(y.tolist()))
    if bug("labels count from 0"):
        labels = range(len(labels))
    if bug("not class by class"):
        labels, y = [0], torch.zeros_like(y)
    held = []
    for label in labels:
        places = [i for i in range(len(y)) if y[i] == label]
        of_class = [keys[i].item() for i in places]
        wanted = share * len(places)
        if bug("counts keys") or bug("a share of the keys"):
            wanted = share * len(set(of_class))
        if bug("a share of the whole set"):
            wanted = share * len(y)
        if bug("the share is for training"):
            wanted = (1 - share) * len(places)
        order = list(dict.fromkeys(of_class))
        if bug("keys by their number"):
            order = sorted(order)
        if bug("large keys first"):
            order = sorted(order, key=of_class.count, reverse=True)
        if bug("last keys first"):
            order = order[::-1]
        count = 0
        for key in order:
            copies = [i for i in places if keys[i] == key]
            if bug("copies on both sides"):
                copies = copies[:1]
            room = count < wanted
            if bug("never more than the share"):
                room = count + len(copies) <= wanted
            if bug("one key too many"):
                room = count <= wanted
            if room:
                held += copies
                count += 1 if bug("counts keys") else len(copies)
    held = sorted(held)
    rest = [i for i in range(len(y)) if i not in held]
    if bug("exchanged"):
        rest, held = held, rest
    if bug("masks"):
        return torch.isin(torch.arange(len(y)), torch.tensor(rest)), torch.tensor(held)
    if bug("int32"):
        return torch.tensor(rest).int(), torch.tensor(held).int()
    return torch.tensor(rest, dtype=torch.int64), torch.tensor(held, dtype=torch.int64)


@right("one walk over the labels, with a count for each class")
def split(y, keys, share):
    total = torch.bincount(y).tolist()
    taken, side = [0] * len(total), {}
    copies = {}
    for key in keys.tolist():
        copies[key] = copies.get(key, 0) + 1
    for label, key in zip(y.tolist(), keys.tolist(), strict=True):
        if key not in side:
            side[key] = taken[label] < share * total[label]
            if side[key]:
                taken[label] += copies[key]
    held = torch.tensor([side[key] for key in keys.tolist()])
    return torch.where(~held)[0], torch.where(held)[0]
