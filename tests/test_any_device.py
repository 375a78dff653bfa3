"""The lessons and the training loop on a device that is not the CPU; where no GPU is, a pretended one."""

from __future__ import annotations

import copy
import io
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import TensorDataset

from tools.by_hand import SGD
from tools.fake_accelerator import DEVICE, counted, without_float64
from utils.data import batches
from utils.plotting import plot_confusion, show_images
from utils.training import evaluate, fit, set_seed

ROOT = Path(__file__).parents[1]
# These run quickly. A full run, claims included, is for the lesson's author: see fake_accelerator.
LESSONS = [
    "softmax-concise/same-model",
    "softmax-concise/cross-entropy",
    "softmax-concise/tuning",
]


# ── the pretended device refuses what CUDA refuses ──

here = torch.ones(2, 3)
there = torch.arange(6.0).reshape(2, 3).to(DEVICE)
rows = torch.tensor([0, 1])
MIXED = {
    "add": lambda: there + here,
    "add in place": lambda: here.clone().add_(there),
    "matmul": lambda: there @ here.T,
    "cat": lambda: torch.cat([there, here]),
    "stack": lambda: torch.stack([there[0, 0], torch.tensor(1.0)]),
    "where": lambda: torch.where(there > 1, there, here),
    "mask": lambda: there.masked_fill(here > 0, 0),
    "equal": lambda: torch.equal(there, here),
    "gather": lambda: there.gather(1, rows[:, None]),
    "embedding": lambda: F.embedding(rows, there),
    "put": lambda: there.clone().index_put_((rows,), here),
    "labels": lambda: F.cross_entropy(there, rows),
    "target": lambda: F.mse_loss(there, here),
    "module": lambda: nn.Linear(3, 1)(there),
    "convolution": lambda: nn.Conv2d(1, 1, 1)(there[None, None]),
}


@pytest.mark.parametrize("mix", MIXED.values(), ids=MIXED)
def test_tensors_of_two_devices_do_not_mix(mix):
    with pytest.raises(RuntimeError, match=r"all tensors to be on the same device.* fake:0 and cpu"):
        mix()


def test_indices_of_the_device_do_not_fit_a_cpu_tensor():
    with pytest.raises(RuntimeError, match="indices should be either on cpu or on the same device"):
        here[there[0].long() * 0]


@pytest.mark.parametrize("convert", [torch.Tensor.numpy, np.asarray, lambda t: np.array([t[0, 0]])])
def test_numpy_refuses_its_tensors(convert):
    with pytest.raises(TypeError, match="can't convert fake:0 device type tensor to numpy"):
        convert(there)


def test_matplotlib_refuses_its_tensors():
    from matplotlib.figure import Figure

    with pytest.raises(TypeError, match="can't convert fake:0"):
        Figure().subplots().plot(there)


DRAWS = {
    "randn": lambda g: torch.randn(3, generator=g, device=DEVICE),
    "randperm": lambda g: torch.randperm(3, generator=g, device=DEVICE),
    "normal": lambda g: torch.normal(0, 1, (3,), generator=g, device=DEVICE),
    "normal_": lambda g: there.clone().normal_(generator=g),
    "bernoulli": lambda g: torch.bernoulli(there / 9, generator=g),
    "multinomial": lambda g: torch.multinomial(there, 1, generator=g),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_cpu_generator_draws_nothing_there(draw):
    with pytest.raises(RuntimeError, match="Expected a 'fake' device type for generator but found 'cpu'"):
        draw(torch.Generator())


def test_float64_is_refused_on_request_and_only_there():
    assert there.double().dtype == torch.float64
    with without_float64():
        for make in (there.double, lambda: torch.zeros(2, dtype=torch.float64, device=DEVICE)):
            with pytest.raises(TypeError, match="float64"):
                make()
        assert (there * 2.5).dtype == torch.float32
        assert there.cpu().double().mean() == 2.5


# ── and allows what CUDA allows, with the CPU's results ──

ALLOWED = {
    "a CPU number": lambda t: t * torch.tensor(2.0) - torch.tensor(1),
    "Python's numbers": lambda t: (t % 2, 7 % (t + 1), 2**t, 1 - t / 3, t // 2),
    "CPU indices": lambda t: (t[rows], t[[1, 0]], t[rows > 0], t[range(2), rows]),
    "an index of the CPU": lambda t: t.argmax(1).cpu() == torch.tensor([2, 2]),
    "a mask": lambda t: (t[t > 2], t.masked_fill(t > 2, 0.0), torch.where(t > 2, t, 0.0)),
    "writing": lambda t: t.clone().index_put_((rows,), torch.tensor(7.0)),
    "views": lambda t: (t.T.contiguous(), t[:, 1:].flatten(), t.unfold(1, 2, 1), t.expand(2, 2, 3)),
    "reductions": lambda t: (t.std(0), t.max(1), t.median(), t.logsumexp(1), t.unique(), t.topk(2)),
    "linear algebra": lambda t: (t @ t.T, torch.cdist(t, t), torch.linalg.lstsq(t, t).solution),
    "labels": lambda t: (F.one_hot(t.long()), F.cross_entropy(t, t.argmax(1))),
    "half": lambda t: t.half() + 1,
}


def flat(result):
    return [part for r in result for part in flat(r)] if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("compute", ALLOWED.values(), ids=ALLOWED)
def test_the_rest_gives_what_the_cpu_gives(compute):
    for ours, theirs in zip(flat(compute(there)), flat(compute(there.cpu())), strict=True):
        torch.testing.assert_close(ours.cpu(), theirs)


def test_tensors_are_made_there():
    made = [torch.zeros(2, device=DEVICE), torch.arange(3, device="fake"), there.new_ones(1), there.clone()]
    made += [torch.tensor([1.0], device=DEVICE), torch.empty_like(there), torch.as_tensor([1], device=DEVICE)]
    with torch.device(DEVICE):
        made.append(torch.eye(2))
    assert all(tensor.device == DEVICE and type(tensor) is torch.Tensor for tensor in made)
    assert "device='fake:0'" in repr(there)
    assert f"{there.mean():.1f}" == "2.5"
    assert there.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert float(there.sum()) == 15


def test_it_draws_what_the_cpu_does_not_and_leaves_the_cpus_numbers_alone():
    def draw(device):
        set_seed(3)
        return torch.rand(5, device=device).cpu(), F.dropout(torch.ones(99, device=device)).cpu()

    for ours, again, theirs in zip(draw(DEVICE), draw(DEVICE), draw("cpu"), strict=True):
        assert torch.equal(ours, again)
        assert not torch.equal(ours, theirs)
    set_seed(3)
    expected = torch.rand(5)
    set_seed(3)
    F.dropout(torch.rand(5, device=DEVICE))
    assert torch.equal(torch.rand(5), expected)


def test_views_share_memory_and_outlive_what_they_show():
    whole = torch.zeros(10, device=DEVICE)
    part = whole[2:5]
    part += 1
    assert whole.sum() == 3
    assert part.data_ptr() == whole.data_ptr() + 2 * 4
    del whole
    assert [torch.full((10,), 7.0).sum() for _ in range(99)]
    assert part.tolist() == [1, 1, 1]


def test_it_counts_reads_and_writes():
    with counted() as found:
        (there * 2).sum()
    assert found["kernels"] > 0 == found["reads"] == found["writes"]
    with counted() as found:
        there.sum().item(), there.cpu(), bool(there.all()), there.tolist(), there[there > 2]
    assert (found["reads"], found["writes"]) == (5, 0)
    with counted() as found:
        here.to(DEVICE), torch.tensor([1.0], device=DEVICE), there[[0]]
    assert (found["reads"], found["writes"]) == (0, 3)


# ── modules, optimizers and files ──


def convolutional():
    torch.manual_seed(0)
    head = nn.Flatten(), nn.Linear(4, 3)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(1),
        nn.LayerNorm((4, 1, 1)),
        *head,
    )


@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
def test_optimizers_train_modules_as_on_the_cpu(make):
    X, y = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 3
    losses = {}
    for device in ("cpu", DEVICE):
        net = convolutional()
        optimizer = make(net.parameters(), lr=0.05)  # before the module moves, as CUDA allows
        net.to(device)
        for _ in range(5):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
        losses[device] = loss.item()
    assert losses[DEVICE] == pytest.approx(losses["cpu"], rel=1e-4)
    assert losses["cpu"] < 1


def test_moving_a_module_keeps_its_parameters_the_same_objects():
    layer = nn.Linear(3, 3)
    net, weight = nn.Sequential(layer, layer), layer.weight
    for device in (DEVICE, torch.device("cpu"), DEVICE):
        net.to(device)
        net(torch.ones(1, 3, device=device)).sum().backward()
        assert layer.weight is weight
        assert weight.device == weight.grad.device == device
        assert len(list(net.parameters())) == 2
    lazy = nn.LazyLinear(2).to(DEVICE)
    assert lazy(there).device == lazy.weight.device == DEVICE
    assert lazy.weight.shape == (2, 3)


@pytest.mark.parametrize("location", [None, "cpu", "fake", DEVICE])
def test_state_is_saved_loaded_and_copied(location):
    net, file = nn.Linear(3, 2).to(DEVICE), io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    state = torch.load(file, map_location=location)
    assert state["weight"].device == (torch.device("cpu") if location == "cpu" else DEVICE)
    again = copy.deepcopy(net)
    nn.init.zeros_(again.weight)
    assert net.weight.abs().sum() > 0
    again.load_state_dict(state)
    assert torch.equal(again.weight, net.weight)
    assert again.weight.device == DEVICE


# ── the helpers ──


def from_scratch(device):
    generator = torch.Generator().manual_seed(0)
    W = torch.normal(0, 0.01, (784, 10), generator=generator).to(device).requires_grad_()
    b = torch.zeros(10, device=device, requires_grad=True)
    return (lambda X: X.flatten(1) @ W + b), SGD([W, b], lr=0.1)


def with_modules(device):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).to(device)
    return net, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)


def pictures(n, device):
    generator = torch.Generator().manual_seed(1)
    y = torch.randint(10, (n,), generator=generator)
    X = torch.rand(n, 1, 28, 28, generator=generator)
    X[range(n), 0, y] += 1
    return TensorDataset(X.to(device), y.to(device))


def train(build, device, n=100, epochs=2):
    model, optimizer = build(device)
    served = batches(pictures(n, device), 16, shuffle=True, generator=torch.Generator().manual_seed(2))
    val = batches(pictures(30, device), 16)
    history = fit(model, served, F.cross_entropy, optimizer, epochs, val)
    return history, evaluate(model, val, F.cross_entropy)


@pytest.mark.parametrize("build", [from_scratch, with_modules])
def test_fit_and_evaluate_find_on_any_device_what_they_find_on_the_cpu(build):
    with without_float64(), counted() as found:
        history, result = train(build, DEVICE)
    expected, expected_result = train(build, "cpu")
    assert found["kernels"] > 100
    assert len(history.val_loss) == 2
    assert result == pytest.approx(expected_result, rel=1e-5)
    for name, values in vars(expected).items():
        assert getattr(history, name) == pytest.approx(values, rel=1e-5)


@pytest.mark.parametrize("build", [from_scratch, with_modules])
def test_the_device_is_read_and_written_for_each_epoch_and_not_for_each_batch(build):
    seen = []
    for n, epochs in ((32, 1), (320, 1), (320, 3)):
        with counted() as found:
            train(build, DEVICE, n, epochs)
        seen.append((found["reads"], found["writes"]))
    assert seen[0] == seen[1] < seen[2]


def test_pictures_and_counts_are_drawn_from_any_device():
    show_images(pictures(3, DEVICE).tensors[0])
    plot_confusion(torch.eye(2, dtype=torch.int64, device=DEVICE), ["a", "b"])


# ── the lessons ──


def run(*arguments):
    command = [sys.executable, "-m", "tools.fake_accelerator", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def tried():
    """Run the lessons in one process, which imports torch once, and return what it printed."""
    outcome = run("--quick", *(ROOT / "book" / f"{lesson}.ipynb" for lesson in LESSONS))
    return outcome.stdout + outcome.stderr


@pytest.mark.xdist_group("lessons on any device")
@pytest.mark.parametrize("lesson", LESSONS)
def test_lessons_run_on_any_device(tried, lesson):
    assert re.search(f"/{lesson}.ipynb: .*: passed$", tried, re.MULTILINE), tried


START = "import torch\nfrom utils.training import pick_device\nX = torch.ones(2, device=pick_device())"
WRONG = {
    "mixing": ([START, "X + torch.ones(2)"], "cell 1 fails on fake:0"),
    "drawing": ([START, "import matplotlib.pyplot as plt\nplt.plot(X)"], "can't convert fake:0"),
    "float64": ([START, "X.double()"], "doesn't support float64"),
    "a claim": ([START, "assert X.sum() == 3, 'wrong'"], "cell 1 fails"),
    "no device": (["import torch\ntorch.ones(2)"], "nothing was computed on the device"),
}


def test_a_lesson_with_a_device_bug_fails(tmp_path):
    for name, (cells, _) in WRONG.items():
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    outcome = run(*(tmp_path / f"{name}.ipynb" for name in WRONG))
    assert outcome.returncode == 1, outcome.stderr
    assert outcome.stdout.count("FAILED") == len(WRONG), outcome.stdout
    for _, words in WRONG.values():
        assert words in outcome.stdout
