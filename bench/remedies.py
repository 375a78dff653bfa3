"""Train one small network under each remedy for overfitting, with clean and with noisy labels.

    python -m bench.remedies            computes book/overfitting/remedies.csv (150 trainings on one core)
    python -m bench.remedies --table    prints the lines of it that the lesson "Remedies" carries with it

Every run takes the same 1 600 steps, with a learning rate that falls to 0 epoch by epoch. The first 5 000
validation images choose the epoch, the other 5 000 report; the test images stay closed. Noisy means that 30 %
of the training labels are redrawn at random, and none of the validation images'.
"""

from __future__ import annotations

import argparse
import copy
import csv
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from utils.data import TensorDataset, batches, load_fashion_mnist
from utils.training import evaluate, set_seed

FILE = Path(__file__).parents[1] / "book" / "overfitting" / "remedies.csv"
N, HIDDEN, LR, BATCH, EPOCHS = 1000, 128, 0.3, 50, 80
NOISE = {"clean": 0.0, "noisy": 0.3}
SEEDS = (0, 1, 2)
REMEDIES = {
    "baseline": (0,),
    "weight decay": (0.01, 0.03, 0.1),
    "L1": (0.0001, 0.0003, 0.001),
    "dropout": (0.2, 0.5, 0.8),
    "shift": (1, 2, 3),
    "flip": (0.5,),
    "smoothing": (0.1, 0.2, 0.4),
    "hidden units": (512, 32, 8),
    "linear": (0,),
    "more data": (2, 5, 10),
    "all at once": (0,),
}
COMBINED = {"weight decay": 0.01, "dropout": 0.5, "shift": 1, "flip": 0.5}
COLUMNS = ["remedy", "strength", "labels", "seed", "best_epoch", "train_accuracy"]
COLUMNS += [f"{part}_{measure}_{moment}" for moment in ("best", "end") for part in ("choose", "report")
            for measure in ("loss", "accuracy")]  # fmt: skip


def sample(train, seed, noise, n=N):
    """Draw n training images; a share `noise` of their labels is redrawn among all ten."""
    images, labels = train.tensors
    generator = torch.Generator().manual_seed(seed)
    kept = torch.randperm(len(images), generator=generator)[:n]
    redrawn = torch.rand(n, generator=generator) < noise
    at_random = torch.randint(10, (n,), generator=generator)
    return TensorDataset(images[kept], torch.where(redrawn, at_random, labels[kept]))


def network(hidden=HIDDEN, dropout=0):
    if hidden == 0:
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    layers = nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 10)
    return nn.Sequential(*layers)


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


def run(data, options, noise, seed):
    """One training; returns the row's measurements."""
    choose, report = (batches(half, 5000) for half in halves(data.val))
    times = options.get("more data", 1)
    train = sample(data.train, seed, noise, N * times)
    generator = set_seed(seed)
    net = network(options.get("hidden units", HIDDEN), options.get("dropout", 0))
    weights = [p for p in net.parameters() if p.dim() > 1]
    biases = [p for p in net.parameters() if p.dim() == 1]
    decayed = {"params": weights, "weight_decay": options.get("weight decay", 0)}
    optimizer = torch.optim.SGD([decayed, {"params": biases}], lr=LR)
    epochs = EPOCHS // times
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, total_iters=epochs)
    best, best_net = {"choose_loss_best": float("inf")}, None
    for epoch in range(1, epochs + 1):
        net.train()
        for X, y in batches(train, BATCH, shuffle=True, generator=generator):
            X = shifted(X, options["shift"], generator) if "shift" in options else X
            X = flipped(X, options["flip"], generator) if "flip" in options else X
            loss = F.cross_entropy(net(X), y, label_smoothing=options.get("smoothing", 0))
            if "L1" in options:
                loss = loss + options["L1"] * sum(w.abs().sum() for w in weights)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        loss, accuracy = evaluate(net, choose, F.cross_entropy)  # the loss alone, no penalty
        if loss < best["choose_loss_best"]:
            best = {"best_epoch": epoch, "choose_loss_best": loss, "choose_accuracy_best": accuracy}
            best_net = copy.deepcopy(net)
    end = {"choose_loss_end": loss, "choose_accuracy_end": accuracy}
    end["report_loss_end"], end["report_accuracy_end"] = evaluate(net, report, F.cross_entropy)
    best["report_loss_best"], best["report_accuracy_best"] = evaluate(best_net, report, F.cross_entropy)
    train_accuracy = evaluate(net, batches(train, 5000), F.cross_entropy)[1]
    return {"train_accuracy": train_accuracy, **best, **end}


def halves(val):
    return [TensorDataset(*(t[part] for t in val.tensors)) for part in (slice(5000), slice(5000, None))]


def compute():
    torch.set_num_threads(1)
    data = load_fashion_mnist()
    with FILE.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for remedy, strengths in REMEDIES.items():
            for strength in strengths:
                options = {"linear": {"hidden units": 0}, "all at once": COMBINED, "baseline": {}}.get(
                    remedy, {remedy: strength}
                )
                for labels, noise in NOISE.items():
                    for seed in SEEDS:
                        row = run(data, options, noise, seed)
                        row = {k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}
                        writer.writerow(
                            {"remedy": remedy, "strength": strength, "labels": labels, "seed": seed, **row}
                        )
                file.flush()
                print(remedy, strength, labels, row, file=sys.stderr, flush=True)


def table():
    """Print a line for each remedy and strength, clean | noisy, accuracies times 1000 and losses times 100.

    Training accuracy at the end (mean of the seeds), report accuracy at the end for each seed and at the best
    epoch (mean), choose accuracy at the end (mean), report loss at the end and at the best epoch (means).
    """
    with FILE.open() as file:
        rows = list(csv.DictReader(file))
    for remedy, strength in dict.fromkeys((row["remedy"], row["strength"]) for row in rows):
        line = [f"{remedy} {strength}"]
        for labels in NOISE:
            key = remedy, strength, labels
            mine = [row for row in rows if (row["remedy"], row["strength"], row["labels"]) == key]

            def mean(name, scale, mine=mine):
                return round(scale * sum(float(row[name]) for row in mine) / len(mine))

            seeds = [round(1000 * float(row["report_accuracy_end"])) for row in mine]
            best = mean("report_accuracy_best", 1000), mean("choose_accuracy_end", 1000)
            losses = mean("report_loss_end", 100), mean("report_loss_best", 100)
            line.append(" ".join(map(str, (mean("train_accuracy", 1000), *seeds, *best, *losses))))
        print(" | ".join(line))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true", help="print what the lesson carries, compute nothing")
    table() if parser.parse_args().table else compute()
