"""Time an epoch of softmax regression in the book's way and its peers', and how the book's time grows.

    python -m bench.peers && _build/peers/env/bin/python -m bench.training [--rounds 9] [--json FILE]

All ways take turns, so that a busy machine slows each alike: compare ratios, not seconds.
"""

from __future__ import annotations

import argparse
import logging
import os
import warnings
from types import SimpleNamespace

import torch
from torch import nn
from torch.utils.data import TensorDataset

from bench.measure import machine, ratios, save, spread, take_turns
from bench.ways import BATCH, EPOCHS, FITS, LR, concise, leaner_floor
from utils.data import batches, load_fashion_mnist
from utils.training import fit


def epochs(data, rounds):
    """Each way's seconds an epoch, their ratios to the book's and the floor's, and the last accuracy."""
    made = {name: way(data) for name, way in EPOCHS.items()}
    seconds = take_turns({name: epoch for name, (epoch, _) in made.items()}, rounds)
    to_floor, to_book = ratios(seconds, "floor"), ratios(seconds, "book, concise")
    return {
        name: {
            "seconds": spread(times),
            "times_floor": to_floor[name],
            "times_concise": to_book[name],
            "validation_accuracy": made[name][1](),
        }
        for name, times in seconds.items()
    }


def epochs_on_all_cores(data, rounds):
    """As `epochs`, with as many threads as torch takes if nobody tells it otherwise: one for each core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count())
    try:
        return epochs(data, rounds)
    finally:
        torch.set_num_threads(threads)


def fits(data, rounds, epochs):
    """A whole fit: the book's `epochs` epochs against what fits in one call."""
    made = {name: way(data) for name, way in FITS.items()}
    book = {}

    def train():
        epoch, book["accuracy"] = concise(data)
        for _ in range(epochs):
            epoch()

    name = f"book, concise, {epochs} epochs"
    seconds = take_turns({name: train, **{name: fit for name, (fit, _) in made.items()}}, rounds)
    to_book, accuracy = ratios(seconds, name), {name: a for name, (_, a) in made.items()}
    accuracy[name] = book["accuracy"]
    return {
        name: {
            "seconds": spread(times),
            "times_concise": to_book[name],
            "validation_accuracy": accuracy[name](),
        }
        for name, times in seconds.items()
    }


def growth(data, rounds):
    """Microseconds an image, of `fit` and of the leaner floor, as one of n, batch and classes grows."""
    images, labels = (torch.cat(pair) for pair in zip(data.train.tensors, data.val.tensors, strict=True))

    def ways(n=50_000, batch=BATCH, classes=10):
        part = SimpleNamespace(train=TensorDataset(images[:n], labels[:n]))
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, classes))
        served, sgd = batches(part.train, batch, shuffle=True), torch.optim.SGD(model.parameters(), LR)
        return {
            "fit": lambda: fit(model, served, nn.CrossEntropyLoss(), sgd, 1),
            "leaner floor": leaner_floor(part, batch, classes)[0],
        }

    def row(n=50_000, **changed):
        seconds = take_turns(ways(n, **changed), rounds)
        return {name: spread([1e6 * s / n for s in times]) for name, times in seconds.items()}

    return {
        "images": {n: row(n) for n in (1_000, 4_000, 16_000, 60_000)},
        "batch": {batch: row(batch=batch) for batch in (16, 64, 256, 1024, 4096)},
        "classes": {classes: row(10_000, classes=classes) for classes in (10, 32, 100, 316, 1000)},
    }


def main():
    """Measure, and store what was measured after each part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="epochs of each way that count (default: 9)")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")  # of the peers: more workers than cores, or none; old idioms of torch
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    data, fewer = load_fashion_mnist(), min(options.rounds, 5)
    results = {
        "machine": machine("scikit-learn", "pytorch-lightning", "keras")
        | {"threads": torch.get_num_threads()},
        "images": len(data.train),
        "batch": BATCH,
        "epochs": options.rounds + 1,
    }
    parts = {
        "epoch": lambda: epochs(data, options.rounds),
        "epoch_on_all_cores": lambda: epochs_on_all_cores(data, options.rounds),
        "fit": lambda: fits(data, fewer, options.rounds + 1),
        "growth": lambda: growth(data, fewer),
    }
    for name, measure in parts.items():
        results[name] = measure()
        save("training", results, options.json)


if __name__ == "__main__":
    main()
