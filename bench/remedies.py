"""Train one small network under each remedy for overfitting, with clean and with noisy labels.

    python -m bench.remedies            computes book/overfitting/remedies.csv (about 25 minutes of one core)
    python -m bench.remedies --table    prints the lines of it that the lesson "Which remedy" carries with it

Every run takes the same 1,600 steps, with a learning rate that falls to 0 epoch by epoch. Each row is trained
with the rates 0.03, 0.1 and 0.3 on one seed, and also with 0.01 or 1 if the best of these is the lowest or
the highest. The rate of the highest accuracy on the selection set is used on two more seeds, and with noisy
labels on eight more for the baseline and for those remedies whose gain three seeds leave open. The first
5,000 validation images select, the other 5,000 evaluate; the test images stay closed.
Noisy means that 30% of the training labels are redrawn at random, and none of the validation images'.
"""

from __future__ import annotations

import argparse
import copy
import csv
import math
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import product
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from utils.data import TensorDataset, batches, load_fashion_mnist
from utils.training import evaluate, set_seed

FILE = Path(__file__).parents[1] / "book" / "overfitting" / "remedies.csv"
N, HIDDEN, BATCH, EPOCHS = 1000, 128, 50, 80
NOISE = {"clean": 0.0, "noisy": 0.3}
RATES = (0.03, 0.1, 0.3)
WIDER = {0.03: 0.01, 0.3: 1}  # tried, too, where the best of the three is the first or the last of them
SEEDS = (0, 1, 2)
# Which rows get which seeds, too.
MORE = (("baseline", 0), ("dropout", 0.5), ("shift", 1), ("smoothing", 0.4)), range(3, 11)
REMEDIES = {
    "baseline": (0,),
    "early stopping": (0,),
    "weight decay": (0.01, 0.03, 0.1),
    "L1": (0.0001, 0.0003, 0.001),
    "dropout": (0.2, 0.5, 0.8),
    "shift": (1, 2, 3),
    "flip": (0.5,),
    "rotation": (5, 10, 20),
    "scaling": (0.05, 0.1, 0.2),
    "smoothing": (0.1, 0.2, 0.4),
    "hidden units": (512, 32, 8),
    "hidden layers": (3, 2, 0),
    "more data": (2, 5, 10),
    "all at once": (0,),
}
COMBINED = {"weight decay": 0.01, "dropout": 0.5, "shift": 1, "flip": 0.5}
SETTINGS = ("remedy", "strength", "labels", "rate", "seed")
MEASURED = ("train_accuracy", "select_loss", "select_accuracy", "evaluation_loss", "evaluation_accuracy")


def sample(train, seed, noise, n=N):
    """Draw n training images; a share `noise` of their labels is redrawn among all ten."""
    images, labels = train.tensors
    generator = torch.Generator().manual_seed(seed)
    kept = torch.randperm(len(images), generator=generator)[:n]
    redrawn = torch.rand(n, generator=generator) < noise
    at_random = torch.randint(10, (n,), generator=generator)
    return TensorDataset(images[kept], torch.where(redrawn, at_random, labels[kept]))


def network(hidden=HIDDEN, dropout=0, depth=1):
    layers, width = [nn.Flatten()], 784
    for _ in range(depth):
        layers += nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout)
        width = hidden
    return nn.Sequential(*layers, nn.Linear(width, 10))


def shifted(X, k, generator):
    """Move each image by up to k pixels, each by its own; black enters."""
    start = torch.randint(2 * k + 1, (2, len(X), 1), generator=generator)
    rows, columns = start + torch.arange(28)  # (n, 28) each
    padded, each = F.pad(X, (k, k, k, k)), torch.arange(len(X))[:, None, None]
    return padded[each, 0, rows[:, :, None], columns[:, None]][:, None]


def flipped(X, p, generator):
    """Mirror each image with probability p."""
    mirrored = torch.rand(len(X), 1, 1, 1, generator=generator) < p
    return torch.where(mirrored, X.flip(3), X)


def turned(X, degrees, scale, generator):
    """Rotate each image by up to so many degrees and scale it by up to so much, each by its own."""
    angle, factor = (2 * torch.rand(len(X), generator=generator) - 1 for _ in range(2))
    angle, factor = angle * math.radians(degrees), 1 + factor * scale
    cos, sin, zero = angle.cos() / factor, angle.sin() / factor, torch.zeros(len(X))
    matrices = torch.stack([cos, -sin, zero, sin, cos, zero], 1).reshape(-1, 2, 3)
    places = F.affine_grid(matrices, X.shape, align_corners=False)
    return F.grid_sample(X, places, align_corners=False)


@cache
def splits():
    """The training set and the two halves of the validation set, read once in each process."""
    torch.set_num_threads(1)
    data = load_fashion_mnist()
    return data.train, *(TensorDataset(*data.val[half]) for half in (slice(5000), slice(5000, None)))


def run(setting):
    """One training; returns the row's measurements."""
    remedy, strength, labels, rate, seed = setting
    options = COMBINED if remedy == "all at once" else {remedy: strength}
    train, *halves = splits()
    select, evaluation = (batches(half, 5000) for half in halves)
    times = options.get("more data", 1)
    train = sample(train, seed, NOISE[labels], N * times)
    generator = set_seed(seed)
    depth = options.get("hidden layers", 1)
    net = network(options.get("hidden units", HIDDEN), options.get("dropout", 0), depth)
    weights = [p for p in net.parameters() if p.dim() > 1]
    biases = [p for p in net.parameters() if p.dim() == 1]
    decayed = {"params": weights, "weight_decay": options.get("weight decay", 0)}
    optimizer = torch.optim.SGD([decayed, {"params": biases}], lr=rate)
    epochs = EPOCHS // times
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, total_iters=epochs)
    lowest, best = math.inf, net
    for _ in range(epochs):
        net.train()
        for X, y in batches(train, BATCH, shuffle=True, generator=generator):
            X = shifted(X, options["shift"], generator) if "shift" in options else X
            X = flipped(X, options["flip"], generator) if "flip" in options else X
            if "rotation" in options or "scaling" in options:
                X = turned(X, options.get("rotation", 0), options.get("scaling", 0), generator)
            loss = F.cross_entropy(net(X), y, label_smoothing=options.get("smoothing", 0))
            if "L1" in options:
                loss = loss + options["L1"] * sum(w.abs().sum() for w in weights)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        if "early stopping" in options and (loss := evaluate(net, select, F.cross_entropy)[0]) < lowest:
            lowest, best = loss, copy.deepcopy(net)
    _, train_accuracy = evaluate(best, batches(train, 5000), F.cross_entropy)
    held = [measure for half in (select, evaluation) for measure in evaluate(best, half, F.cross_entropy)]
    return train_accuracy, *held  # losses without penalty and without smoothing


def best_rates(rows):
    """Return the rate of the highest accuracy on the selection set for each (remedy, strength, labels)."""
    best = {}
    for setting, (_, _, select_accuracy, *_) in rows:
        key = setting[:3]
        best[key] = max(best.get(key, (0, 0)), (select_accuracy, setting[3]))
    return {key: rate for key, (_, rate) in best.items()}


def compute():
    keys = [
        (remedy, strength, labels)
        for remedy, strengths in REMEDIES.items()
        for strength, labels in product(strengths, NOISE)
    ]
    with ProcessPoolExecutor() as pool:

        def runs(settings):
            return list(zip(settings, pool.map(run, settings), strict=True))

        rows = runs([(*key, rate, SEEDS[0]) for key in keys for rate in RATES])
        wider = [(key, WIDER[rate]) for key, rate in best_rates(rows).items() if rate in WIDER]
        rows += runs([(*key, rate, SEEDS[0]) for key, rate in wider])
        rates = best_rates(rows)
        rows += runs([(*key, rate, seed) for key, rate in rates.items() for seed in SEEDS[1:]])
        more = [(*row, "noisy") for row in MORE[0]]
        rows += runs([(*key, rates[key], seed) for key, seed in product(more, MORE[1])])
    with FILE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SETTINGS + MEASURED)
        writer.writerows((*setting, *(round(value, 4) for value in measured)) for setting, measured in rows)


def table():
    """Print a line for each remedy and strength, clean | noisy, accuracies times 1000 and losses times 100.

    The tuned rate; the training accuracy (mean of the seeds); the evaluation accuracy of each seed; the
    selection accuracy and the evaluation loss (means). Then the evaluation accuracies of more seeds.
    """
    with FILE.open() as file:
        every = list(csv.DictReader(file))
    rows = [row for row in every if int(row["seed"]) in SEEDS]

    def key(row):
        return tuple(row[name] for name in ("remedy", "strength", "labels", "rate"))

    tuned = dict.fromkeys(key(row) for row in rows if int(row["seed"]) == SEEDS[-1])
    lines = {}
    for remedy, strength, labels, rate in tuned:
        mine = [row for row in rows if key(row) == (remedy, strength, labels, rate)]

        def mean(name, scale, mine=mine):
            return round(scale * sum(float(row[name]) for row in mine) / len(mine))

        ends = [round(1000 * float(row["evaluation_accuracy"])) for row in mine]
        others = mean("select_accuracy", 1000), mean("evaluation_loss", 100)
        numbers = (rate, mean("train_accuracy", 1000), *ends, *others)
        lines.setdefault(f"{remedy} {strength}", []).append(" ".join(map(str, numbers)))
    print("\n".join(" | ".join((name, *groups)) for name, groups in lines.items()))
    for remedy, strength in MORE[0]:
        mine = [row for row in every if int(row["seed"]) not in SEEDS and row["remedy"] == remedy]
        ends = [f"{1000 * float(row['evaluation_accuracy']):.0f}" for row in mine]
        print(f"noisy, {remedy} {strength}, {len(ends)} more seeds:", *ends)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true", help="print what the lesson carries, compute nothing")
    table() if parser.parse_args().table else compute()
