"""encode: features (m, d), float32, of the rows of new, scaled and encoded by what is known from train."""

import numpy as np
import torch
from torch.nn import functional as F

from homework.grader.answers import bug, right, wrong


@right("plain Python, one feature after the other")
def encode(train, new):
    features = []
    for name in new if bug("the order of the new table, and its other columns") else train:
        old, fresh = train.get(name, new[name]), new[name]
        if isinstance(old, list):
            names = sorted({text for text in old if text})
            if bug("the empty text is a category"):
                names = sorted(set(old))
            if bug("in the order of first appearance"):
                names = list(dict.fromkeys(text for text in old if text))
            if bug("the categories of the new rows"):
                names = sorted({text for text in fresh if text})
            if bug("the categories of both tables"):
                names = sorted({text for text in [*old, *fresh] if text})
            if bug("numbers instead of columns"):
                features.append([float(names.index(t)) if t in names else -1.0 for t in fresh])
                continue
            others = names[1:]
            if bug("no reference"):
                others = names
            if bug("the last category is the reference"):
                others = names[:-1]
            for one in others:
                features.append([float(text == one) for text in fresh])
            unknown = [float(text not in names) for text in fresh]
            if bug("only what is missing is unknown"):
                unknown = [float(text == "") for text in fresh]
            if bug("only what is new is unknown"):
                unknown = [float(text not in ["", *names]) for text in fresh]
            if bug("unknown by the reference's name"):
                unknown = [float(text not in others) for text in fresh]
            if bug("unknown like the reference"):
                continue
            if bug("unknown only where train has gaps") and "" not in old:
                continue
            if bug("unknown comes first"):
                features.insert(len(features) - len(others), unknown)
                continue
            features.append(unknown)
        else:
            known = [value for value in old.tolist() if value == value]
            if bug("the figures of the new rows"):
                known = [value for value in fresh.tolist() if value == value]
            if bug("the figures of both tables"):
                known = [value for value in [*old.tolist(), *fresh.tolist()] if value == value]
            if bug("gaps count as 0 in the mean"):
                known = [value if value == value else 0.0 for value in old.tolist()]
            mean = sum(known) / len(known)
            if bug("the median"):
                mean = sorted(known)[len(known) // 2]
            if bug("the deviation with filled gaps"):
                known = [value if value == value else mean for value in old.tolist()]
            squares = sum((value - mean) ** 2 for value in known)
            std = (squares / (len(known) - 1)) ** 0.5
            if bug("divides by n"):
                std = (squares / len(known)) ** 0.5
            if bug("divides by the variance"):
                std = std**2
            if bug("centered only"):
                std = 1
            if bug("not centered"):
                features.append([value / std if value == value else 0.0 for value in fresh.tolist()])
                continue
            gap = mean
            if bug("a gap is 0 before scaling"):
                gap = 0.0
            scaled = [((value if value == value else gap) - mean) / std for value in fresh.tolist()]
            if bug("gaps stay nan"):
                scaled = [(value - mean) / std for value in fresh.tolist()]
            features.append(scaled)
    if bug("a column of ones"):
        features.append([1.0] * len(features[0]))
    if bug("a row for each feature"):
        return torch.tensor(features)
    if bug("float64"):
        return torch.tensor(features).T.double()
    return torch.tensor(features).T.contiguous()


@right("one-hot by number, unknown as the last one")
def encode(train, new):
    blocks = []
    for name, column in train.items():
        if torch.is_tensor(column):
            mean, std = column.nanmean(), column[~column.isnan()].std()
            if bug("fills the gaps of the table itself"):
                new[name][new[name].isnan()] = mean
            if bug("fills the gaps of the training table itself"):
                column[column.isnan()] = mean
            filled = torch.where(new[name].isnan(), mean, new[name])
            blocks.append(((filled - mean) / std).reshape(-1, 1))
        else:
            number = {text: k for k, text in enumerate(sorted(filter(None, set(column))))}
            codes = torch.tensor([number.get(text, len(number)) for text in new[name]])
            if bug("unknown is the reference"):
                codes = torch.tensor([number.get(text, 0) for text in new[name]])
            if bug("stops at a new text"):
                codes = torch.tensor([number[text] if text else len(number) for text in new[name]])
            blocks.append(F.one_hot(codes, len(number) + 1)[:, 1:].float())
    return torch.cat(blocks, 1)


@right("in NumPy")
def encode(train, new):
    table = []
    for name, column in train.items():
        if isinstance(column, list):
            known, texts = np.unique([text for text in column if text != ""]), np.array(new[name])
            hot = texts[:, None] == known  # (m, categories)
            table += [hot[:, 1:], ~hot.any(axis=1, keepdims=True)]
        else:
            old, fresh = column.numpy().astype(float), new[name].numpy().astype(float)
            scaled = (fresh - np.nanmean(old)) / np.nanstd(old, ddof=1)
            table.append(np.where(np.isnan(fresh), 0, scaled)[:, None])
    return torch.tensor(np.hstack(table).astype(np.float32))


@wrong("leaves out the rows with gaps")
def encode(train, new):
    features = []
    for name, column in train.items():
        if isinstance(column, list):
            categories = sorted(set(column) - {""})
            features += [torch.tensor([t == c for t in new[name]]).float() for c in categories[1:]]
            features.append(torch.tensor([t not in categories for t in new[name]]).float())
        else:
            known = column[~column.isnan()]
            features.append((new[name] - known.mean()) / known.std())
    A = torch.stack(features, 1)
    return A[~A.isnan().any(1)]
