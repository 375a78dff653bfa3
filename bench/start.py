"""Time the way from a cold process to a first result (import, data, one epoch), and weigh its memory.

    python -m bench.peers && _build/peers/env/bin/python -m bench.start [--runs 5] [--json FILE]

Each way is a process of its own; they take turns.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

from bench.measure import machine, save, spread
from bench.peers import RAW

MARK = """
import json, re, time
def mark(name, start=[time.perf_counter()]):
    peak = 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
    print(json.dumps({name: {"seconds": time.perf_counter() - start[0], "peak_bytes": peak}}))
    start[0] = time.perf_counter()
"""
BOOK = """
from torch import nn, optim
from utils.data import batches, load_fashion_mnist
from utils.plotting import plot_history
from utils.training import fit
mark("import")
train = load_fashion_mnist().train
mark("data")
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
fit(model, batches(train, 256, shuffle=True), nn.CrossEntropyLoss(), optim.SGD(model.parameters(), .1), 1)
mark("epoch")
"""
D2L = """
import warnings
warnings.filterwarnings("ignore")
from bench.peers import import_d2l
d2l = import_d2l("1.0.3")
mark("import")
data = d2l.FashionMNIST(256)
mark("data")
model, trainer = d2l.SoftmaxRegression(10, .1), d2l.Trainer(1)
model.board.display = False
data.val_dataloader = lambda: None
trainer.fit(model, data)
mark("epoch")
"""
SKLEARN = f"""
import numpy as np
from sklearn.linear_model import SGDClassifier
mark("import")
images = np.fromfile("{RAW}/train-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 784)
y = np.fromfile("{RAW}/train-labels-idx1-ubyte", np.uint8)[8:][:50_000]
X = images[:50_000].astype(np.float32) / 255
mark("data")
SGDClassifier(loss="log_loss").partial_fit(X, y, classes=range(10))
mark("epoch")
"""
WAYS = {"book": BOOK, "D2L 1.0.3": D2L, "scikit-learn": SKLEARN}
IMPORTS = """
import torch, matplotlib.pyplot
mark("torch and matplotlib")
import utils.data, utils.training, utils.plotting
mark("utils")
import IPython, ipywidgets
mark("IPython and ipywidgets")
import utils.explore
mark("utils.explore")
"""
BYTES = 70_000 * (28 * 28 * 4 + 8)  # float32 images and int64 labels


def run(source):
    """Run a program in a process of its own; return what it marked, and its seconds from start to end."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", MARK + source], capture_output=True, text=True, check=True)
    marks = {"whole": {"seconds": time.perf_counter() - begun}}
    for line in done.stdout.splitlines():
        marks |= json.loads(line) if line.startswith("{") else {}
    return marks


def summary(found, measure):
    """Return {mark: spread of one measure} over some runs."""
    return {mark: spread([f[mark][measure] for f in found]) for mark in found[0] if measure in found[0][mark]}


def main():
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    programs = WAYS | {"imports": IMPORTS}
    found = {name: [] for name in programs}
    for _ in range(options.runs + 1):  # the first fills the page cache and does not count
        for name, source in programs.items():
            found[name].append(run(source))
    seconds = {name: summary(marks[1:], "seconds") for name, marks in found.items()}
    peaks = {name: summary(marks[1:], "peak_bytes") for name, marks in found.items()}
    imports = seconds.pop("imports")
    del peaks["imports"], imports["whole"]
    results = {
        "machine": machine("scikit-learn", "ipywidgets"),
        "seconds": seconds,
        "imports": imports,
        "data_bytes": BYTES,
        "peak_bytes": peaks,
    }
    save("start", results, options.json)
    for name, marks in {**seconds, "imports": imports}.items():
        print(name, {mark: round(values["median"], 3) for mark, values in marks.items()})


if __name__ == "__main__":
    main()
