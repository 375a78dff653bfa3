"""Data for the lessons: a synthetic line, penguins, Fashion-MNIST, and mini-batches of any of them.

`python -m utils.data` finds or downloads Fashion-MNIST and checks it, which is all the set-up that the
data needs.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import math
import os
import socket
import sys
import tempfile
import warnings
import zlib
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import torch
from platformdirs import user_cache_path
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    Sampler,
    SequentialSampler,
    TensorDataset,
)

#: Where Debian's package `dataset-fashion-mnist` puts the files.
DEBIAN_PACKAGE = Path("/usr/share/datasets/fashion-mnist")
#: The names of the ten labels, 0 to 9.
CLASSES = (
    *("T-shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)
#: Checksums of the unpacked files; who compressed them, and how, does not matter.
MD5 = {
    "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
    "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
    "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
}
#: The penguins' table, which is installed with this package.
PENGUINS = Path(__file__).with_name("penguins.csv")
#: Those of its columns that are texts.
TEXTS = ("species", "island", "sex")

#: Seconds without a byte after which a server counts as dead.
PATIENCE = 30


class DataError(RuntimeError):
    """Raised when a data set cannot be had: the message names the file and the remedy."""

    missing = False  # a file that is not there is no reason to warn in the cache


def synthetic_regression(w, b, n, noise=0.01, generator=None):
    """Draw `n` points near the plane y = Xw + b (lesson "From scratch").

    Args:
        w: true weights, a sequence of d numbers.
        b: true bias, a number.
        n: how many points, at least 1.
        noise: standard deviation of the Gaussian noise added to y, in units of y.
        generator: a CPU `torch.Generator`, to draw the same points again.
    Returns:
        X of shape (n, d), standard normal, and y of shape (n, 1), both float32.
    Raises:
        ValueError: if `n` < 1 or `noise` < 0.
    """
    if n < 1 or noise < 0:
        raise ValueError(f"n must be at least 1 and noise at least 0, not n={n} and noise={noise}.")
    w = torch.as_tensor(w, dtype=torch.float32).reshape(-1, 1)
    X, error = (torch.randn(n, k, generator=generator, dtype=torch.float32) for k in (len(w), 1))
    return X, X @ w + b + noise * error


def load_penguins():
    """Load the 344 penguins of Palmer Station, a small table with missing values (lesson "Penguins").

    Source: Horst, Hill, Gorman (2020), https://allisonhorst.github.io/palmerpenguins/, in the public domain
    (CC0). The birds were measured by Gorman, Williams, Fraser (2014).

    Returns:
        A dict of columns with 344 entries each. `species`, `island` and `sex` are lists of texts, with ""
        where a value is missing. `bill_length_mm`, `bill_depth_mm`, `flipper_length_mm`, `body_mass_g` and
        `year` are float32 tensors, with nan where one is missing.
    Raises:
        DataError: if the table, which comes with the book's helpers, is missing or damaged.
    """
    try:
        with PENGUINS.open(encoding="utf-8", newline="") as table:
            rows = list(csv.DictReader(table, strict=True))
        columns = {name: [{"NA": ""}.get(row[name], row[name]) for row in rows] for name in rows[0]}
        columns |= {name: _numbers(values) for name, values in columns.items() if name not in TEXTS}
        if len(rows) != 344 or any(
            None in row or None in row.values() for row in rows
        ):  # fields too many or few
            raise ValueError(f"{len(rows)} rows")
    except (OSError, IndexError, TypeError, ValueError, csv.Error) as error:
        raise DataError(f"{PENGUINS} is missing or damaged: install the book's helpers again.") from error
    return columns


def _numbers(texts):
    """Return a column of the table as a tensor, nan where it has no number."""
    return torch.tensor([float(text or "nan") for text in texts])


@dataclass
class FashionMNIST:
    """Fashion-MNIST on one device, split 50 000 / 10 000 / 10 000 (lesson "Fashion-MNIST").

    `train` and `val` are each a `TensorDataset` of float32 images (n, 1, 28, 28) in [0, 1] and int64 labels
    (n,); `classes` names the ten labels; `test_openings` counts how often the test set was taken out.
    Source: Xiao, Rasul, Vollgraf (2017), https://arxiv.org/abs/1708.07747.
    """

    train: TensorDataset
    val: TensorDataset
    classes: tuple[str, ...]
    _test: TensorDataset = field(repr=False)
    test_openings: int = 0

    def open_test(self):
        """Return the 10 000 test images and count the opening: once, after the last choice is made."""
        self.test_openings += 1
        return self._test


def load_fashion_mnist(device=None, root=None):
    """Load Fashion-MNIST from the first place that has it, verified (lesson "Fashion-MNIST").

    The places: the folder `root` if given, else the one that the environment variable FASHION_MNIST_DIR
    names; if neither is, the user's cache folder, Debian's package `dataset-fashion-mnist`, and the
    internet (30 MB, kept in the cache). Files may be plain or end in `.gz`.

    Args:
        device: where the tensors shall live (default: CPU).
        root: a folder with the four files of the data set.
    Returns:
        A `FashionMNIST`. The validation set is the last 10 000 of the 60 000 training images, which come
        in random order.
    Raises:
        DataError: if a file is missing, unreadable, truncated or not genuine, or cannot be downloaded.
    """
    files = _find_files(root or os.environ.get("FASHION_MNIST_DIR"))

    def dataset(prefix, start, stop):
        images = torch.frombuffer(files[f"{prefix}-images-idx3-ubyte"], dtype=torch.uint8, offset=16)
        labels = torch.frombuffer(files[f"{prefix}-labels-idx1-ubyte"], dtype=torch.uint8, offset=8)
        images = images.reshape(-1, 1, 28, 28)[start:stop].to(device, torch.float32).div_(255)
        return TensorDataset(images, labels[start:stop].to(device, torch.int64))

    return FashionMNIST(
        train=dataset("train", 0, 50_000),
        val=dataset("train", 50_000, 60_000),
        classes=CLASSES,
        _test=dataset("t10k", 0, 10_000),
    )


def batches(dataset, batch_size, shuffle=False, generator=None):
    """Serve a dataset in mini-batches, gathered by index from tensors that stay where they are.

    A `DataLoader` whose sampler yields the indices of a whole batch: no workers, no copy of one sample
    at a time. The last batch may be short. The lesson "Fashion-MNIST" writes it out.

    Args:
        dataset: a `TensorDataset`, or any dataset that takes a list of indices.
        batch_size: samples in a batch, at least 1.
        shuffle: draw a new order for each pass.
        generator: a CPU `torch.Generator`, to draw the same orders again.
    Returns:
        A `DataLoader` of pairs (X, y), the first axis of both being the batch.
    Raises:
        ValueError: if the dataset is empty or `batch_size` is below 1.
    """
    if len(dataset) == 0:
        raise ValueError("The dataset is empty: there is nothing to make batches of.")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}.")
    if type(dataset) is TensorDataset:
        sampler = _RowSampler(dataset.tensors, batch_size, shuffle, generator)
        dataset = _Rows(*dataset.tensors)
    else:
        order = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        sampler = BatchSampler(order, batch_size, drop_last=False)
    # A generator of its own where none is given, or each pass would draw from torch's global one.
    return DataLoader(dataset, batch_size=None, sampler=sampler, generator=generator or torch.Generator())


class _RowSampler(Sampler):
    """The indices of each batch, as tensors that live where the data do: a GPU need not wait for them.

    They are those of a `RandomSampler`, without its list of 50 000 Python integers, a fifteenth of an epoch.
    All rows of its `tensors` are served: `training.fit` looks at their labels at once.
    """

    def __init__(self, tensors, batch_size, shuffle, generator):
        self.tensors, self.rows, self.device = tensors, len(tensors[0]), tensors[0].device
        self.batch_size, self.shuffle, self.generator = batch_size, shuffle, generator

    def __iter__(self):
        order = torch.arange(self.rows)
        if self.shuffle:
            generator = self.generator or _seeded_by_torch()
            # A RandomSampler, too, draws twice a pass, and uses the first.
            order, _ = (torch.randperm(self.rows, generator=generator) for _ in range(2))
        yield from order.to(self.device).split(self.batch_size)

    def __len__(self):
        return math.ceil(self.rows / self.batch_size)


def _seeded_by_torch():
    """Return a generator that `torch.manual_seed` decides, as a `RandomSampler` without one makes it."""
    return torch.Generator().manual_seed(torch.empty((), dtype=torch.int64).random_().item())


class _Rows(TensorDataset):
    """A `TensorDataset` whose batches are gathered by `index_select`, in half the time of `tensor[index]`."""

    def __getitem__(self, index):
        return tuple(tensor.index_select(0, index) for tensor in self.tensors)


def _find_files(named):
    """Return the four files as {name: unpacked bytes}, from the folder `named` or the usual places."""
    if named:
        unset = "or unset FASHION_MNIST_DIR and call without `root`, and the book finds its own copy"
        try:
            folder = Path(named).expanduser().resolve()
            is_folder = folder.is_dir()
        except (OSError, RuntimeError, ValueError) as error:  # of one's home, a loop of links, a null byte
            raise DataError(f"{named!r} cannot be read ({error}): name another folder, {unset}.") from error
        if not is_folder:
            raise DataError(f"{folder} is no folder: name the one that holds {', '.join(MD5)}, {unset}.")
        return _read_all(folder, remedy=f"put the genuine file there, {unset}")
    cache = user_cache_path("from-lines-to-labels")
    try:
        return _read_all(cache, remedy="looking elsewhere")
    except DataError as error:
        if not error.missing:
            warnings.warn(f"{error} {_empty(cache)}", stacklevel=3)
    if _is_folder(DEBIAN_PACKAGE):
        return _read_all(DEBIAN_PACKAGE, remedy="run: apt-get install --reinstall dataset-fashion-mnist")
    _download(cache)
    return _read_all(cache, remedy="run again")


def _is_folder(path):
    """Whether a folder is there and within reach."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _empty(cache):
    """Remove the four files from the cache, and say in a sentence whether that went well."""
    try:
        for name in MD5:
            for path in (cache / name, cache / f"{name}.gz"):
                path.unlink(missing_ok=True)
    except OSError as error:
        return f"It cannot be removed from the cache ({error})."
    return "The files were removed from the cache."


def _read_all(folder, remedy):
    """Read and verify the four files of `folder`, plain or .gz."""
    return {name: _read(folder, name, remedy) for name in MD5}


def _read(folder, name, remedy):
    for path in (folder / name, folder / f"{name}.gz"):
        try:
            content = path.read_bytes()
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            if hashlib.md5(content, usedforsecurity=False).hexdigest() != MD5[name]:
                raise ValueError("wrong checksum")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (EOFError, ValueError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"{path} is truncated or not a file of Fashion-MNIST: {remedy}.") from error
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error.strerror}): {remedy}.") from error
        return bytearray(content)  # writable, as torch.frombuffer wants it
    error = DataError(f"{folder / name} is missing (so is {name}.gz): {remedy}.")
    error.missing = True
    raise error


def _download(cache):
    """Fetch the files with torchvision; each appears in `cache` whole and verified, or not at all."""
    from torchvision import datasets  # slow to import, and seldom needed

    own_copy = f"set FASHION_MNIST_DIR to a folder that has {', '.join(f'{name}.gz' for name in MD5)}"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        workplace = tempfile.TemporaryDirectory(dir=cache, ignore_cleanup_errors=True)
    except OSError as error:
        raise DataError(f"{cache} cannot be written: make it writable, or {own_copy}. ({error})") from error
    with workplace as folder:
        try:
            with _patience():
                datasets.FashionMNIST(folder, download=True)
        except (OSError, RuntimeError, HTTPException) as error:
            raise DataError(
                "Fashion-MNIST is not on this machine and could not be downloaded: connect to the internet,"
                f" or on Debian run `apt-get install dataset-fashion-mnist`, or {own_copy}."
                f" ({' '.join(str(error).split())})"
            ) from error
        raw = Path(folder, "FashionMNIST", "raw")
        _read_all(raw, remedy="the server sent something else; try again later, or set FASHION_MNIST_DIR")
        try:
            for name in MD5:
                (raw / name).replace(cache / name)
        except OSError as error:
            raise DataError(
                f"{cache / name} cannot be written ({error.strerror}): remove it, or {own_copy}."
            ) from error


@contextlib.contextmanager
def _patience():
    """Wait for a server at most `PATIENCE` seconds a byte; torchvision waits for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


if __name__ == "__main__":
    try:
        load_fashion_mnist()
    except DataError as problem:
        sys.exit(str(problem))
    print("Fashion-MNIST is here: 70 000 images, every file verified.")
