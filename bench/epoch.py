"""Time one epoch of softmax regression on 50 000 images: the book's way, D2L's way, and the floor below both.

    python -m bench.epoch [--rounds 5] [--json FILE]

All ways take turns within one run, so that a busy machine slows each alike; compare the ratios, not the
seconds. Batches have 256 images; the device is the CPU. The floor does only what no way can leave out: gather
each batch by index, and three products of a batch's matrices.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from tests.by_hand import SGD
from utils.data import batches, load_fashion_mnist
from utils.training import fit

BATCH, LR = 256, 0.1


def parameters():
    return torch.normal(0, 0.01, (784, 10)).requires_grad_(), torch.zeros(10, requires_grad=True)


def floor(train):
    """Gather each batch, multiply three times; nothing is learned."""
    images = train.tensors[0].flatten(1)
    W, G = torch.zeros(784, 10), torch.zeros(BATCH, 10)

    def epoch():
        for index in torch.randperm(len(images)).split(BATCH):
            X, g = images[index], G[: len(index)]
            X @ W, X.T @ g, g @ W.T

    return epoch


def book_from_scratch(train):
    W, b = parameters()
    served, sgd = batches(train, BATCH, shuffle=True), SGD([W, b], LR)

    def model(X):
        return X.reshape(-1, 784) @ W + b

    def loss(o, y):
        return -F.log_softmax(o, 1)[range(len(y)), y]

    return lambda: fit(model, served, loss, sgd, 1)


def book_concise(train):
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    served, sgd = batches(train, BATCH, shuffle=True), torch.optim.SGD(model.parameters(), LR)
    return lambda: fit(model, served, nn.CrossEntropyLoss(), sgd, 1)


class ImagesOneByOne(Dataset):
    """As torchvision's data sets serve them: each image through PIL and ToTensor, at each access."""

    def __init__(self, train):
        self.pixels = (train.tensors[0][:, 0] * 255).round().byte()
        self.labels = train.tensors[1]
        self.transform = transforms.ToTensor()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.transform(Image.fromarray(self.pixels[i].numpy())), int(self.labels[i])


def d2l(train, workers):
    """D2L's concise chapter: its loader, and `train_epoch_ch3`'s loop with its two waits a batch.

    Written by us from a description of d2l.torch, with the same work in the same order.
    """
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    loss, sgd = nn.CrossEntropyLoss(reduction="none"), torch.optim.SGD(model.parameters(), LR)
    loader = DataLoader(ImagesOneByOne(train), BATCH, shuffle=True, num_workers=workers)

    def accuracy(o, y):
        matches = o.argmax(axis=1).type(y.dtype) == y
        return float(matches.type(y.dtype).sum())  # waits for the device

    def epoch():
        model.train()
        totals = [0.0] * 3  # loss, correct, samples: D2L's Accumulator
        for X, y in loader:
            o = model(X)
            losses = loss(o, y)
            sgd.zero_grad()
            losses.mean().backward()
            sgd.step()
            new = float(losses.sum().detach()), accuracy(o, y), y.numel()  # the first waits too
            totals = [a + float(b) for a, b in zip(totals, new, strict=True)]
        return totals[0] / totals[2], totals[1] / totals[2]

    return epoch


WAYS = {
    "floor": floor,
    "book, from scratch": book_from_scratch,
    "book, concise": book_concise,
    "D2L, no workers": lambda train: d2l(train, 0),
    "D2L, 4 workers": lambda train: d2l(train, 4),
}


def measure(rounds):
    """Return {way: seconds of each round}, after one round that does not count."""
    train = load_fashion_mnist().train
    ways = {name: way(train) for name, way in WAYS.items()}
    seconds = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, epoch in ways.items():
            start = time.perf_counter()
            epoch()
            seconds[name].append(time.perf_counter() - start)
    return {name: times[1:] for name, times in seconds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each way is timed (default: 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every measurement there")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", "This DataLoader will create")  # more workers than cores, as D2L has
    seconds = measure(options.rounds)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    ours = medians["book, concise"]
    print(f"{'seconds an epoch':20} {'median':>7} {'least':>7} {'most':>7} {'× floor':>8} {'× concise':>9}")
    for name, times in seconds.items():
        ratios = f"{medians[name] / medians['floor']:8.2f} {medians[name] / ours:9.2f}"
        print(f"{name:20} {medians[name]:7.3f} {min(times):7.3f} {max(times):7.3f} {ratios}")
    if options.json:
        facts = {"torch": torch.__version__, "threads": torch.get_num_threads(), "seconds": seconds}
        options.json.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
