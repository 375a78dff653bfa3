"""Tests of utils.data. The faults are tried on a tiny stand-in for Fashion-MNIST: two images a file.

The stand-in differs from the genuine data in its contents, its checksums and the server's address only.
"""

from __future__ import annotations

import ctypes
import gc
import gzip
import hashlib
import http.server
import json
import re
import runpy
import socket
import struct
import subprocess
import sys
import threading
import time
import tomllib
import warnings
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import Subset, TensorDataset
from torchvision import datasets

from utils import data

# torchvision leaves the socket of a failed download to the garbage collector, which then complains.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
ROOT = Path(__file__).parents[1]
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = data.MD5

# ── a synthetic line ──


def test_synthetic_regression_lies_near_its_plane():
    X, y = data.synthetic_regression([2, -3.4], 4.2, 1000, noise=0.01)
    assert (X.shape, y.shape) == ((1000, 2), (1000, 1))
    assert X.dtype == y.dtype == torch.float32
    found = torch.linalg.lstsq(torch.cat([X, torch.ones(1000, 1)], dim=1), y).solution.ravel()
    assert torch.allclose(found, torch.tensor([2, -3.4, 4.2]), atol=0.005)
    assert (y - X @ torch.tensor([[2], [-3.4]]) - 4.2).std() == pytest.approx(0.01, rel=0.15)


def test_synthetic_regression_without_noise_is_exact_and_repeatable():
    def draw():
        return data.synthetic_regression(
            torch.tensor([1.0]), 0, 3, noise=0, generator=torch.Generator().manual_seed(1)
        )

    (X, y), (again, _) = draw(), draw()
    assert torch.equal(X, y)
    assert torch.equal(X, again)


@pytest.mark.parametrize("default", [torch.float16, torch.float32, torch.float64])
def test_synthetic_regression_is_float32_under_any_default(default):
    def draw():
        return data.synthetic_regression(np.ones(2), 1, 5, generator=torch.Generator().manual_seed(0))

    expected = draw()
    torch.set_default_dtype(default)
    try:
        found = draw()
    finally:
        torch.set_default_dtype(torch.float32)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == torch.float32
        assert torch.equal(one, other)


@pytest.mark.parametrize(("n", "noise"), [(0, 0.01), (1, -1)])
def test_synthetic_regression_refuses(n, noise):
    with pytest.raises(ValueError, match=f"n={n} and noise={noise}"):
        data.synthetic_regression([1], 0, n, noise)


# ── penguins ──


def test_penguins_are_all_there():
    penguins = data.load_penguins()
    assert {len(column) for column in penguins.values()} == {344}
    species = penguins["species"]
    assert {name: species.count(name) for name in set(species)} == {
        "Adelie": 152,
        "Chinstrap": 68,
        "Gentoo": 124,
    }
    assert set(penguins["island"]) == {"Biscoe", "Dream", "Torgersen"}
    assert [penguins["sex"].count(name) for name in ("male", "female", "")] == [168, 165, 11]
    assert penguins["year"].unique().tolist() == [2007, 2008, 2009]


def test_penguins_are_the_published_ones():
    penguins = data.load_penguins()
    measured = {name: column for name, column in penguins.items() if name.endswith(("_mm", "_g"))}
    assert len(measured) == 4
    for column in [*measured.values(), penguins["year"]]:
        assert column.dtype == torch.float32
    means = {name: column.double().nanmean().item() for name, column in measured.items()}
    assert means == pytest.approx(  # as R's summary(penguins) says
        {
            "bill_length_mm": 43.92193,
            "bill_depth_mm": 17.15117,
            "flipper_length_mm": 200.9152,
            "body_mass_g": 4201.754,
        }
    )
    gone = torch.stack([column.isnan() for column in measured.values()])
    assert gone.sum(1).tolist() == [2, 2, 2, 2]
    assert gone.any(0).sum() == 2, "the same two penguins"
    assert all(penguins["sex"][k] == "" for k in gone[0].nonzero()[:, 0].tolist())


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text("", "utf-8"),
        lambda path: path.write_text(path.read_text("utf-8")[:-2000], "utf-8"),
        lambda path: path.write_text(path.read_text("utf-8").replace("39.1", "39,1", 1), "utf-8"),
        lambda path: path.write_text(path.read_text("utf-8").replace("39.1", "long", 1), "utf-8"),
        lambda path: path.write_bytes(b"\xff" + path.read_bytes()),
    ],
    ids=["missing", "empty", "cut short", "a comma too many", "no number", "not utf-8"],
)
def test_a_damaged_table_is_named_with_the_remedy(monkeypatch, tmp_path, damage):
    copy = tmp_path / "penguins.csv"
    copy.write_bytes(data.PENGUINS.read_bytes())
    damage(copy)
    monkeypatch.setattr(data, "PENGUINS", copy)
    with pytest.raises(data.DataError, match=re.escape(f"{copy} is missing or damaged: install")):
        data.load_penguins()


def test_what_is_installed_has_the_table():
    """Colab has no other file of the book than those of the package."""
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    assert any(data.PENGUINS.match(pattern) for pattern in setup["package-data"]["utils"])


# ── mini-batches ──


class Counting(TensorDataset):
    """A dataset that counts how often it is asked."""

    asked = 0

    def __getitem__(self, index):
        self.asked += 1
        return super().__getitem__(index)


def numbered(n):
    return Counting(torch.arange(float(n)).reshape(n, 1), torch.arange(n))


@given(n=st.integers(1, 50), batch_size=st.integers(1, 60), shuffle=st.booleans())
def test_batches_cover_each_sample_once(n, batch_size, shuffle):
    dataset = numbered(n)
    served = data.batches(dataset, batch_size, shuffle)
    found = list(served)
    assert dataset.asked == len(found) == len(served), "each batch is gathered at once"
    assert [len(y) for _, y in found[:-1]] == [batch_size] * (len(found) - 1)
    assert 1 <= len(found[-1][1]) <= batch_size
    labels = torch.cat([y for _, y in found])
    assert torch.equal(torch.cat([X for X, _ in found]).ravel(), labels.float()), "X and y stay together"
    assert sorted(labels.tolist()) == list(range(n))
    assert shuffle or labels.tolist() == list(range(n))


@given(n=st.integers(1, 50), batch_size=st.integers(1, 60), shuffle=st.booleans())
def test_torchs_own_dataset_is_served_as_any_other(n, batch_size, shuffle):
    served = [
        data.batches(dataset, batch_size, shuffle, torch.Generator().manual_seed(0))
        for dataset in (TensorDataset(*numbered(n).tensors), numbered(n), Subset(numbered(n), range(n)))
    ]
    assert len({len(loader) for loader in served}) == 1
    for _ in range(2):  # passes
        for first, *others in zip(*served, strict=True):
            for other in others:
                assert all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_without_a_generator_torchs_seed_decides_the_order():
    def labels(dataset):
        torch.manual_seed(0)
        return [y.tolist() for _, y in data.batches(dataset, 30, shuffle=True)]

    assert labels(TensorDataset(*numbered(100).tensors)) == labels(numbered(100))


def test_shuffled_batches_are_new_each_pass_and_repeatable():
    def orders(seed):
        served = data.batches(numbered(100), 30, shuffle=True, generator=torch.Generator().manual_seed(seed))
        return [torch.cat([y for _, y in served]).tolist() for _ in range(2)]

    first, second = orders(0)
    assert first != second
    assert orders(0) == [first, second]
    assert orders(1) != [first, second]


@pytest.mark.parametrize(("shuffle", "generator"), [(False, None), (True, torch.Generator())])
def test_batches_leave_the_global_random_state_alone(shuffle, generator):
    before = torch.get_rng_state()
    list(data.batches(numbered(10), 3, shuffle, generator))
    assert torch.equal(torch.get_rng_state(), before)


def test_batches_refuse_nothing_to_serve():
    with pytest.raises(ValueError, match="dataset is empty"):
        data.batches(numbered(0), 3)
    with pytest.raises(ValueError, match="at least 1, not 0"):
        data.batches(numbered(3), 0)


# ── the genuine Fashion-MNIST ──


@pytest.fixture(scope="module")
def genuine():
    return data.load_fashion_mnist()


def test_fashion_mnist_is_split_50_10_10_thousand(genuine):
    test = genuine.open_test()
    for dataset, n in ((genuine.train, 50_000), (genuine.val, 10_000), (test, 10_000)):
        images, labels = dataset.tensors
        assert images.shape == (n, 1, 28, 28)
        assert labels.shape == (n,)
        assert (images.dtype, labels.dtype) == (torch.float32, torch.int64)
        assert (images.min(), images.max()) == (0, 1)
        assert (labels.min(), labels.max()) == (0, 9)
    assert test.tensors[1].bincount().tolist() == [1000] * 10
    train, val = genuine.train.tensors[1].bincount(), genuine.val.tensors[1].bincount()
    assert (train + val).tolist() == [6000] * 10
    assert val.min() > 900, "the last 10 000 are as good as drawn at random"
    assert len(genuine.classes) == 10
    assert "train" in repr(genuine)
    assert "_test" not in repr(genuine)


def test_training_and_validation_images_are_the_file_cut_in_two(genuine):
    pixels = data._find_files(None)[TRAIN_IMAGES][16:]
    both = torch.cat([genuine.train.tensors[0], genuine.val.tensors[0]])
    assert bytearray((both * 255).round().byte().flatten().numpy()) == pixels


def test_openings_of_the_test_set_are_counted(genuine, tiny_source):
    fresh = data.load_fashion_mnist(root=tiny_source)
    assert fresh.test_openings == 0
    assert fresh.open_test() is fresh.open_test()
    assert fresh.test_openings == 2


def test_plain_and_compressed_files_hold_the_same_tensors(genuine, tmp_path):
    for i, (name, content) in enumerate(data._find_files(None).items()):
        if i % 2:
            (tmp_path / name).write_bytes(content)
        else:
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content, 1))
    again = data.load_fashion_mnist(device="cpu", root=tmp_path)
    for one, other in ((genuine.train, again.train), (genuine.val, again.val), (genuine._test, again._test)):
        assert all(torch.equal(a, b) for a, b in zip(one.tensors, other.tensors, strict=True))


# ── the four places, and what can go wrong in each ──


def contents():
    """Two images and labels a file, in the format of the genuine ones."""
    for name in data.MD5:
        head = struct.pack(">4i", 2051, 2, 28, 28) if "images" in name else struct.pack(">2i", 2049, 2)
        yield name, head + bytes(range(2)) * (784 if "images" in name else 1)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """{name: content} of the stand-in, with an empty cache and no other place to find data."""
    files = dict(contents())
    monkeypatch.setattr(
        data, "MD5", {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    )
    monkeypatch.setattr(data, "DEBIAN_PACKAGE", tmp_path / "not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("FASHION_MNIST_DIR", raising=False)
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [f"http://127.0.0.1:{unused_port()}/"])
    return files


@pytest.fixture
def cache(tiny, tmp_path):
    return tmp_path / "cache" / "from-lines-to-labels"


@pytest.fixture
def tiny_source(tiny, tmp_path):
    """A folder with the genuine stand-in, two files plain and two compressed."""
    return fill(tmp_path / "source", tiny, compressed=(TRAIN_IMAGES, TEST_LABELS))


def fill(folder, files, compressed=()):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / (f"{name}.gz" if name in compressed else name)
        path.write_bytes(gzip.compress(content) if name in compressed else content)
    return folder


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def loads():
    """Whether the data loads, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return len(data.load_fashion_mnist().train) == 2


def listing(folder):
    return sorted(path.name for path in folder.iterdir())


def remove(path):
    path.unlink()


def truncate(path):
    path.write_bytes(path.read_bytes()[:-3])


def tamper(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def corrupt_head(path):
    path.write_bytes(b"<html>" + path.read_bytes()[6:])


FAULTS = {
    "missing": (TEST_IMAGES, remove),
    "truncated": (TEST_IMAGES, truncate),
    "foreign, of the right size": (TRAIN_LABELS, tamper),
    "truncated .gz": (f"{TRAIN_IMAGES}.gz", truncate),
    "corrupted .gz": (f"{TRAIN_IMAGES}.gz", tamper),
    "no .gz at all": (f"{TEST_LABELS}.gz", corrupt_head),
}


@pytest.mark.parametrize("named_by", ["argument", "environment"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_named_folder(fault, named_by, tiny, tiny_source, monkeypatch):
    name, spoil = FAULTS[fault]
    good = (tiny_source / name).read_bytes()
    root = tiny_source if named_by == "argument" else None
    if named_by == "environment":
        monkeypatch.setenv("FASHION_MNIST_DIR", str(tiny_source))
    spoil(tiny_source / name)
    with pytest.raises(data.DataError) as caught:
        data.load_fashion_mnist(root=root)
    message = str(caught.value)
    assert str(tiny_source / name) in message
    assert ("missing" if fault == "missing" else "truncated or not a file of Fashion-MNIST") in message
    assert "put the genuine file there, or unset FASHION_MNIST_DIR" in message
    (tiny_source / name).write_bytes(good)
    assert len(data.load_fashion_mnist(root=root).train) == 2


@pytest.fixture
def permissions_count():
    """Let permissions stop root too, as they stop everybody else: Linux's capabilities 1 and 2 are off."""
    libc = ctypes.CDLL(None, use_errno=True)
    head, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(head, sets) == 0
    before, sets[0] = sets[0], sets[0] & ~0b110
    assert libc.capset(head, sets) == 0
    yield
    sets[0] = before
    assert libc.capset(head, sets) == 0


@pytest.fixture
def locked(permissions_count):
    """Return a function that sets a path's permissions, to none unless told, until the test ends."""
    paths = []

    def lock(path, mode=0):
        paths.append((path, path.stat().st_mode))
        path.chmod(mode)

    yield lock
    for path, mode in reversed(paths):
        path.chmod(mode)


@pytest.mark.parametrize("compressed", [(), (TEST_IMAGES,)])
def test_an_unreadable_file_in_a_named_folder(compressed, tiny, tmp_path, locked):
    folder = fill(tmp_path / "mine", tiny, compressed)
    path = folder / (f"{TEST_IMAGES}.gz" if compressed else TEST_IMAGES)
    locked(path)
    message = rf"^{path} cannot be read \(Permission denied\): put the genuine file there, or unset FASHION_"
    with pytest.raises(data.DataError, match=message):
        data.load_fashion_mnist(root=folder)


@pytest.mark.parametrize("within", ["", "deeper"])
def test_an_unreadable_named_folder(within, tiny, tmp_path, locked, monkeypatch):
    folder = fill(tmp_path / "mine" / within, tiny)
    locked(tmp_path / "mine")
    monkeypatch.setenv("FASHION_MNIST_DIR", str(folder))
    with pytest.raises(
        data.DataError, match=rf"{folder}.* cannot be read .*Permission denied.* unset FASHION_"
    ):
        data.load_fashion_mnist()


@pytest.mark.parametrize(
    "name", ["~nobody-of-this-name/data", "loop", "null\0byte", 300 * "long"], ids=range(4)
)
def test_a_name_that_leads_nowhere_is_told(name, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(
        data.DataError, match=r"cannot be read .*: name another folder, or unset FASHION_|is no"
    ):
        data.load_fashion_mnist(root=name)


def test_a_file_whose_disk_fails(tiny, tiny_source, monkeypatch):
    path = tiny_source / TRAIN_LABELS
    path.unlink()
    path.symlink_to("/proc/self/mem")  # whose first page cannot be read
    with pytest.raises(
        data.DataError, match=rf"{path} cannot be read \(Input/output error\): put the genuine"
    ):
        data.load_fashion_mnist(root=tiny_source)


@pytest.mark.parametrize("name", ["nowhere", TRAIN_IMAGES])
def test_a_name_that_is_no_folder_is_told(tiny_source, name):
    with pytest.raises(data.DataError, match=f"{name} is no folder: name the one that holds"):
        data.load_fashion_mnist(root=tiny_source / name)


def test_a_named_folder_may_start_with_a_tilde(tiny, tiny_source, monkeypatch):
    monkeypatch.setenv("HOME", str(tiny_source.parent))
    assert len(data.load_fashion_mnist(root="~/source").train) == 2


@pytest.mark.parametrize("spoil", [truncate, tamper, corrupt_head])
def test_a_damaged_cache_is_emptied_and_the_next_place_is_used(spoil, tiny, cache, tmp_path, monkeypatch):
    fill(cache, tiny)
    assert loads()
    monkeypatch.setattr(data, "DEBIAN_PACKAGE", fill(tmp_path / "package", tiny, compressed=tiny))
    spoil(cache / TEST_IMAGES)
    with pytest.warns(UserWarning, match=TEST_IMAGES) as caught:
        assert len(data.load_fashion_mnist().train) == 2
    assert "removed from the cache" in str(caught[0].message)
    assert caught[0].filename == __file__, "the warning points at the caller's line"
    assert listing(cache) == []
    assert loads()


def test_compressed_files_in_the_cache_are_found(tiny, cache):
    fill(cache, tiny, compressed=(TRAIN_IMAGES, TEST_LABELS))
    assert loads()


def test_a_damaged_compressed_file_goes_from_the_cache_too(tiny, cache, server):
    fill(cache, tiny, compressed=tiny)
    truncate(cache / f"{TEST_IMAGES}.gz")
    with pytest.warns(UserWarning, match=f"{TEST_IMAGES}.gz is truncated"):
        data.load_fashion_mnist()
    assert listing(cache) == sorted(tiny)
    assert loads()


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        (0o000, r"cannot be read \(Permission denied\): looking elsewhere\. It cannot be removed"),
        (0o555, r"is truncated .*: looking elsewhere\. It cannot be removed"),
    ],
)
def test_a_cache_that_cannot_be_emptied_is_passed_over(
    mode, message, tiny, cache, tmp_path, locked, monkeypatch
):
    fill(cache, tiny)
    truncate(cache / TRAIN_LABELS)
    locked(cache, mode)
    with (
        pytest.raises(data.DataError, match=r"cannot be written: make it writable, or set FASHION_MNIST_DIR"),
        pytest.warns(UserWarning, match=message),
    ):
        data.load_fashion_mnist()
    monkeypatch.setattr(data, "DEBIAN_PACKAGE", fill(tmp_path / "package", tiny, compressed=tiny))
    with pytest.warns(UserWarning, match=message):
        assert len(data.load_fashion_mnist().train) == 2


def test_an_unreadable_file_in_the_cache_is_replaced(tiny, cache, server, locked):
    fill(cache, tiny)
    (cache / TEST_LABELS).chmod(0)
    with pytest.warns(UserWarning, match=f"{TEST_LABELS} cannot be read .* were removed from the cache"):
        data.load_fashion_mnist()
    assert loads()


def test_an_unreadable_package_is_passed_over(tiny, cache, tmp_path, server, locked, monkeypatch):
    monkeypatch.setattr(data, "DEBIAN_PACKAGE", fill(tmp_path / "share" / "package", tiny, compressed=tiny))
    locked(tmp_path / "share")
    assert loads()
    assert listing(cache) == sorted(tiny)


def test_a_folder_in_a_files_place_is_told(tiny, cache, server):
    (cache / TEST_LABELS / "full").mkdir(parents=True)
    with pytest.raises(
        data.DataError,
        match=rf"{cache / TEST_LABELS} cannot be written \(Is a directory\): remove it, or set",
    ):
        data.load_fashion_mnist()


def test_a_damaged_cache_is_filled_again(tiny, cache, server):
    fill(cache, tiny)
    truncate(cache / TRAIN_LABELS)
    with pytest.warns(UserWarning, match=TRAIN_LABELS):
        data.load_fashion_mnist()
    assert listing(cache) == sorted(tiny)
    assert loads()


def test_a_damaged_package_says_how_to_install_it_again(tiny, tmp_path, monkeypatch):
    package = fill(tmp_path / "package", tiny, compressed=tiny)
    monkeypatch.setattr(data, "DEBIAN_PACKAGE", package)
    truncate(package / f"{TEST_LABELS}.gz")
    with pytest.raises(
        data.DataError, match=f"{TEST_LABELS}.gz.*apt-get install --reinstall dataset-fashion-mnist"
    ):
        data.load_fashion_mnist()
    fill(package, tiny, compressed=tiny)
    assert loads()


@pytest.fixture
def server(tiny, monkeypatch):
    """A server of the compressed stand-in; `faults` maps a file's name to what goes wrong with it."""
    packed = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in tiny.items()}

    class Handler(http.server.BaseHTTPRequestHandler):
        faults = MappingProxyType({})
        gate = threading.Barrier(1)
        over = threading.Event()

        def do_GET(self):
            name = self.path.strip("/")
            fault, content = self.faults.get(name), packed[name]
            self.gate.wait(60)
            if fault == "404":
                self.send_error(404)
                return
            if fault == "nonsense":
                self.wfile.write(b"a captive portal\r\n\r\n")
                return
            if fault == "truncated":
                content = content[:-5]
            if fault == "no answer":
                self.over.wait(60)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content) + 10**6 * (fault == "falls silent")))
            self.end_headers()
            self.wfile.write(content[:20] if fault == "dies midway" else content)
            if fault == "falls silent":
                self.over.wait(60)

        do_HEAD = do_GET

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,)).start()
        checksums = [(name, hashlib.md5(content).hexdigest()) for name, content in packed.items()]
        monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [f"http://127.0.0.1:{running.server_port}/"])
        monkeypatch.setattr(datasets.FashionMNIST, "resources", checksums)
        yield Handler
        Handler.over.set()
        running.shutdown()
        gc.collect()  # the sockets that torchvision left, while their complaint is still ignored


def test_download_fills_the_cache_once(tiny, cache, server):
    assert loads()
    assert listing(cache) == sorted(tiny), "the plain files and nothing else"
    server.faults = dict.fromkeys((f"{name}.gz" for name in tiny), "404")
    assert loads(), "no second download"


def refuse_download(cache):
    """Return the message of a load that must fail and leave nothing in the cache."""
    with pytest.raises(data.DataError) as caught:
        data.load_fashion_mnist()
    assert listing(cache) == [], "nothing half-written stays"
    message = str(caught.value)
    assert "\n" not in message, "one sentence in one line"
    for remedy in (
        "connect to the internet",
        "apt-get install dataset-fashion-mnist",
        "set FASHION_MNIST_DIR",
    ):
        assert remedy in message
    assert all(f"{name}.gz" in message for name in data.MD5)
    return message


@pytest.mark.parametrize("fault", ["404", "truncated", "dies midway", "nonsense"])
def test_a_fault_of_the_server(fault, tiny, cache, server):
    server.faults = {f"{TEST_IMAGES}.gz": fault}
    message = refuse_download(cache)
    words = "" if fault == "nonsense" else f"Error downloading {TEST_IMAGES}.gz|File not found or corrupted"
    assert re.search(words, message), "in the words of torchvision, older or newer"
    server.faults = {}
    assert loads()


@pytest.mark.parametrize("fault", ["no answer", "falls silent"])
def test_a_server_that_falls_silent(fault, tiny, cache, server, monkeypatch):
    assert data.PATIENCE == 30
    monkeypatch.setattr(data, "PATIENCE", 0.2)
    server.faults = {f"{TRAIN_LABELS}.gz": fault}
    started = time.monotonic()
    assert "timed out" in refuse_download(cache)
    assert time.monotonic() - started < 20
    assert socket.getdefaulttimeout() is None, "other connections wait as before"
    server.faults = {}
    assert loads()


def test_no_network_and_no_data(tiny, cache, tiny_source, monkeypatch):
    assert f"Error downloading {TRAIN_IMAGES}.gz" in refuse_download(cache)
    monkeypatch.setenv("FASHION_MNIST_DIR", str(tiny_source))
    assert loads(), "the message's own remedy works"


def test_a_server_with_other_data_is_noticed(tiny, cache, server, monkeypatch):
    genuine = dict(data.MD5)
    monkeypatch.setattr(data, "MD5", {**genuine, TEST_LABELS: "0" * 32})
    with pytest.raises(
        data.DataError, match=f"{TEST_LABELS}.*the server sent something else; try again later"
    ):
        data.load_fashion_mnist()
    assert listing(cache) == []
    monkeypatch.setattr(data, "MD5", genuine)
    assert loads()


def test_a_cache_that_cannot_be_written(tiny, cache, server):
    cache.parent.write_text("a file where the folder should be")  # as root, permissions stop nobody
    with pytest.raises(
        data.DataError, match="from-lines-to-labels cannot be written: make it writable, or set"
    ):
        data.load_fashion_mnist()
    cache.parent.unlink()
    assert loads()


START = """
import json, sys
from torchvision.datasets import FashionMNIST
from utils import data
data.MD5, FashionMNIST.mirrors, FashionMNIST.resources = json.loads(sys.argv[1])
data.DEBIAN_PACKAGE = data.Path("not installed")
assert len(data.load_fashion_mnist().train) == 2
"""


def test_processes_that_start_at_once_leave_one_good_copy(tiny, cache, server):
    server.gate = threading.Barrier(3)  # none is served before all three have found the cache empty
    settings = json.dumps([data.MD5, datasets.FashionMNIST.mirrors, datasets.FashionMNIST.resources])
    command = [sys.executable, "-c", START, settings]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in started:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert listing(cache) == sorted(tiny)
    assert loads()


# ── python -m utils.data ──


def test_command_line_says_that_the_data_is_here(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "utils.data")  # runpy warns about a module that is imported already
    runpy.run_module("utils.data", run_name="__main__")
    assert "70 000 images" in capsys.readouterr().out


def test_command_line_fails_with_the_message_alone(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "utils.data")
    monkeypatch.setenv("FASHION_MNIST_DIR", str(tmp_path))
    with pytest.raises(SystemExit, match=f"^{tmp_path / TRAIN_IMAGES} is missing"):
        runpy.run_module("utils.data", run_name="__main__")
