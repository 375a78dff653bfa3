"""What a GPU makes of the book, unedited: does it wait within an epoch, how fast is it, do the claims hold?

    python -m bench.gpu [--lessons] [--json FILE]

With --lessons every lesson and every solution is executed too, claims and all, as a reader's kernel would.
"""

import argparse
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import TensorDataset

from bench.measure import machine, save, spread, take_turns
from tools.by_hand import SGD
from utils.data import batches, load_fashion_mnist
from utils.training import evaluate, fit, pick_device, set_seed

BOOK = Path(__file__).parents[1] / "book"


def from_scratch(generator, device):
    """Softmax regression as the lesson "Train" builds it."""
    W = torch.normal(0, 0.01, (784, 10), generator=generator).to(device).requires_grad_()
    b = torch.zeros(10, device=device, requires_grad=True)
    return lambda X: X.reshape(-1, 784) @ W + b, SGD([W, b], 0.1)


def concise(generator, device):
    """Softmax regression as the lesson "Is the short version the same model?" builds it."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).to(device)
    return model, torch.optim.SGD(model.parameters(), 0.1)


def waits(build, train, pictures):
    """Count how often one epoch over so many pictures makes the host wait for the GPU."""
    model, optimizer = build(set_seed(0), train.tensors[0].device)
    some = batches(TensorDataset(*(tensor[:pictures] for tensor in train.tensors)), 256, shuffle=True)
    fit(model, some, nn.CrossEntropyLoss(), optimizer, 1)
    torch.cuda.set_sync_debug_mode("warn")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(model, some, nn.CrossEntropyLoss(), optimizer, 1)
    torch.cuda.set_sync_debug_mode("default")
    return sum("synchronizing CUDA operation" in str(warning.message) for warning in caught)


def epoch(build, train):
    """Return a function that trains one epoch; it reads its results, so the GPU is done when it returns."""
    model, optimizer = build(set_seed(0), train.tensors[0].device)
    served = batches(train, 256, shuffle=True)
    return lambda: fit(model, served, nn.CrossEntropyLoss(), optimizer, 1)


def accuracy(build, data, seed):
    """Validation accuracy after ten epochs."""
    generator = set_seed(seed)
    model, optimizer = build(generator, data.train.tensors[0].device)
    fit(model, batches(data.train, 256, True, generator), nn.CrossEntropyLoss(), optimizer, 10)
    return evaluate(model, batches(data.val, 1000), nn.CrossEntropyLoss())[1]


def run(notebook):
    """Execute a notebook as its reader would; return the seconds it took and what failed, or ""."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    start, problem = time.perf_counter(), ""
    try:
        cells = nbformat.read(notebook, as_version=4)
        NotebookClient(cells, timeout=300, resources={"metadata": {"path": notebook.parent}}).execute()
    except CellExecutionError as error:
        problem = str(error)[-1000:]
    return round(time.perf_counter() - start, 1), problem


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lessons", action="store_true", help="also execute every notebook of the book")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every measurement there")
    options = parser.parse_args()
    if pick_device().type != "cuda":
        sys.exit("There is no NVIDIA GPU here, or this torch was built without CUDA.")
    data = {"GPU": load_fashion_mnist(pick_device()), "CPU": load_fashion_mnist()}
    found = {"machine": machine(), "gpu": torch.cuda.get_device_name(), "ways": {}}
    for build in (from_scratch, concise):
        seconds = take_turns({name: epoch(build, d.train) for name, d in data.items()}, rounds=7)
        found["ways"][build.__name__] = measured = {
            "waits": {n: waits(build, data["GPU"].train, 256 * n) for n in (10, 100)},  # by batches an epoch
            "seconds": {name: spread(times) for name, times in seconds.items()},
            "accuracy": {
                name: [accuracy(build, d, seed) for seed in (11, 12, 13)] for name, d in data.items()
            },
        }
        print(f"{build.__name__}: {measured}", flush=True)
    failed = 0
    if options.lessons:
        found["lessons"] = {}
        notebooks = sorted(BOOK.glob("[!hr]*/*.ipynb"))  # neither homework nor reference
        with ThreadPoolExecutor(4) as pool:
            for notebook, (took, problem) in zip(notebooks, pool.map(run, notebooks), strict=True):
                name = f"{notebook.parent.name}/{notebook.stem}"
                found["lessons"][name] = took, problem
                failed += bool(problem)
                print(f"{took:6.1f} s  {name}: {problem or 'every claim holds'}", flush=True)
    if options.json:
        save("gpu", found, options.json)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
