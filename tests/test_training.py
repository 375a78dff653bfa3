"""Tests of utils.training, on small problems whose answers can be had another way."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tools.by_hand import SGD
from utils.data import batches
from utils.training import EarlyStopping, History, evaluate, fit, pick_device, set_seed


def linear(classes=3, features=4, seed=0):
    """A plain function with its parameters, W (features, classes) and b (classes,)."""
    W = torch.randn(features, classes, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    b = torch.zeros(classes, requires_grad=True)
    return (lambda X: X @ W + b), [W, b]


def classification(n=23, classes=3, seed=0):
    """Points (n, 4) around one centre a class, with labels (n,)."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(classes, (n,), generator=generator)
    X = 2 * torch.eye(4)[y] + torch.randn(n, 4, generator=generator)
    return torch.utils.data.TensorDataset(X, y)


def regression(n=23):
    X, _ = classification(n).tensors
    return torch.utils.data.TensorDataset(X, X.sum(1, keepdim=True))


def cross_entropy(output, y):
    """A plain function that returns one value a sample."""
    return -output.log_softmax(1)[range(len(y)), y]


# ── the loop ──


def test_fit_is_the_loop_that_one_writes_by_hand():
    dataset, val = classification(), classification(11, seed=1)
    model, params = linear()
    served = batches(dataset, 5, shuffle=True, generator=torch.Generator().manual_seed(0))
    history = fit(model, served, F.cross_entropy, SGD(params, 0.1), 3, batches(val, 4))

    again, by_hand = linear()
    served = batches(dataset, 5, shuffle=True, generator=torch.Generator().manual_seed(0))
    expected = History()
    for _ in range(3):
        loss_sum = correct = 0
        for X, y in served:
            output = again(X)
            loss = F.cross_entropy(output, y)
            for param in by_hand:
                param.grad = None
            loss.backward()
            with torch.no_grad():
                for param in by_hand:
                    param -= 0.1 * param.grad
            loss_sum += loss.item() * len(y)
            correct += (output.argmax(1) == y).sum().item()
        expected.train_loss.append(loss_sum / len(dataset))
        expected.train_accuracy.append(correct / len(dataset))
        X, y = val.tensors
        expected.val_loss.append(F.cross_entropy(again(X), y).item())
        expected.val_accuracy.append((again(X).argmax(1) == y).sum().item() / len(val))
    assert all(torch.equal(a, b) for a, b in zip(params, by_hand, strict=True))
    assert history.train_accuracy == expected.train_accuracy
    assert history.val_accuracy == expected.val_accuracy
    assert history.train_loss == pytest.approx(expected.train_loss, rel=1e-12)
    assert history.val_loss == pytest.approx(expected.val_loss, rel=1e-6)
    assert all(isinstance(value, float) for values in vars(history).values() for value in values)


def test_module_and_torch_optimizer_equal_function_and_hand_written_one():
    model, (W, b) = linear()
    module = nn.Linear(4, 3)
    module.load_state_dict({"weight": W.detach().T.clone(), "bias": b.detach().clone()})
    served = batches(classification(), 5)
    one = fit(model, served, cross_entropy, SGD([W, b], 0.1), 5)
    sgd = torch.optim.SGD(module.parameters(), lr=0.1)
    other = fit(module, served, nn.CrossEntropyLoss(), sgd, 5)
    assert torch.allclose(W.T, module.weight, atol=1e-6)
    assert torch.allclose(b, module.bias, atol=1e-6)
    assert one.train_loss == pytest.approx(other.train_loss, abs=1e-6)


LOSSES = {
    "function, a value a sample": cross_entropy,
    "function, their mean": lambda output, y: cross_entropy(output, y).mean(),
    **{reduction: nn.CrossEntropyLoss(reduction=reduction) for reduction in ("none", "mean", "sum")},
}


@pytest.mark.no_cover  # four times as long, and shorter tests cover the same lines
@given(n=st.integers(1, 30), batch_size=st.integers(1, 40))
def test_every_reduction_reports_the_true_mean_and_trains_alike(n, batch_size):
    dataset = classification(n)
    served = batches(dataset, batch_size)
    trained = {}
    for name, loss in LOSSES.items():
        model, params = linear()
        mean_loss, accuracy = evaluate(model, served, loss)
        X, y = dataset.tensors
        assert mean_loss == pytest.approx(F.cross_entropy(model(X), y).item(), rel=1e-5), name
        assert accuracy == (model(X).argmax(1) == y).sum().item() / n, name
        history = fit(model, served, loss, SGD(params, 0.1), 2)
        trained[name] = history.train_loss, torch.cat([param.detach().ravel() for param in params])
    for name, (losses, weights) in trained.items():
        assert losses == pytest.approx(trained["mean"][0], rel=1e-5), name
        assert torch.allclose(weights, trained["mean"][1], atol=1e-6), name


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_regression_has_a_loss_and_no_accuracy(reduction):
    dataset = regression()
    model, params = linear(classes=1)
    X, y = dataset.tensors
    true_mean = F.mse_loss(model(X), y).item()
    loss = nn.MSELoss(reduction=reduction)
    mean_loss, accuracy = evaluate(model, batches(dataset, 5), loss)
    assert mean_loss == pytest.approx(true_mean, rel=1e-6)
    assert math.isnan(accuracy)
    history = fit(model, batches(dataset, 5), loss, SGD(params, 0.05), 40)
    assert history.train_loss[-1] < 1e-2 < history.train_loss[0]
    assert all(math.isnan(value) for value in history.train_accuracy)


def outputs_and_targets(n, columns):
    """Outputs and targets (n, …) in (0, 1) from which any elementwise loss can be made."""
    generator = torch.Generator().manual_seed(n)
    return torch.rand(2, n, *columns, generator=generator).clamp(0.05, 0.95)


ELEMENTWISE = [nn.MSELoss, nn.L1Loss, nn.HuberLoss, nn.BCELoss, nn.BCEWithLogitsLoss]


@pytest.mark.parametrize("kind", ELEMENTWISE, ids=lambda kind: kind.__name__)
@given(
    n=st.integers(1, 12),
    columns=st.lists(st.integers(1, 4), max_size=3),
    batch_size=st.integers(1, 13),
)
def test_reductions_agree_for_any_shape_of_output(kind, n, columns, batch_size):
    X, y = outputs_and_targets(n, columns)
    expected = kind(reduction="none")(X, y).mean().item()
    ends = []
    for reduction in ("none", "mean", "sum"):
        scale = torch.ones(1, requires_grad=True)
        served, loss = batches(torch.utils.data.TensorDataset(X, y), batch_size), kind(reduction=reduction)
        assert evaluate(lambda X: X, served, loss)[0] == pytest.approx(expected, rel=1e-5, abs=1e-7)
        history = fit(lambda X, scale=scale: scale * X, served, loss, SGD([scale], 0.01), 2)
        ends.append((*history.train_loss, scale.item()))
    assert ends[1] == pytest.approx(ends[0], rel=1e-5, abs=1e-7)
    assert ends[2] == pytest.approx(ends[0], rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(
    "kind", [nn.CrossEntropyLoss, nn.MultiLabelSoftMarginLoss], ids=lambda kind: kind.__name__
)
@given(n=st.integers(1, 12), classes=st.integers(2, 5), batch_size=st.integers(1, 13))
def test_reductions_agree_where_a_sample_has_many_targets_and_one_loss(kind, n, classes, batch_size):
    X, y = outputs_and_targets(n, [classes])
    y = y / y.sum(1, keepdim=True)  # of the cross-entropy: a probability of each class
    expected = kind()(X, y).item()
    served = batches(torch.utils.data.TensorDataset(X, y), batch_size)
    for reduction in ("none", "mean", "sum"):
        assert evaluate(lambda X: X, served, kind(reduction=reduction))[0] == pytest.approx(
            expected, rel=1e-5
        )


def test_softmax_regression_learns():
    model, params = linear()
    history = fit(model, batches(classification(200), 20), F.cross_entropy, SGD(params, 0.1), 30)
    assert history.train_accuracy[-1] > 0.85
    assert history.train_loss[-1] < 0.5 < history.train_loss[0]
    assert len(history.train_loss) == 30
    assert history.val_loss == history.val_accuracy == []


def test_the_same_seed_gives_the_same_run():
    def run():
        generator = set_seed(3)
        module = nn.Linear(4, 3)
        sgd = torch.optim.SGD(module.parameters(), lr=0.1)
        return fit(module, batches(classification(), 5, True, generator), nn.CrossEntropyLoss(), sgd, 3)

    assert run() == run()


def test_no_epochs_leave_all_as_it_was():
    model, params = linear()
    before = params[0].clone()
    assert fit(model, batches(classification(), 5), cross_entropy, SGD(params, 1), 0) == History()
    assert torch.equal(params[0], before)


def test_the_number_of_synchronisations_does_not_grow_with_the_batches(monkeypatch):
    """Each .item(), .cpu(), float() or bool() of a tensor makes a GPU wait."""
    count = 0

    def counted(method):
        def wrapper(*args, **kwargs):
            nonlocal count
            count += 1
            return method(*args, **kwargs)

        return wrapper

    for name in ("item", "cpu", "tolist", "numpy", "__float__", "__int__", "__bool__", "__index__"):
        monkeypatch.setattr(torch.Tensor, name, counted(getattr(torch.Tensor, name)))

    def synchronisations(batch_size, epochs):
        nonlocal count
        model, params = linear()
        served = list(batches(classification(64), batch_size))
        count = 0
        fit(model, served, F.cross_entropy, SGD(params, 0.1), epochs, served)
        return count

    few, many = synchronisations(32, 1), synchronisations(1, 1)
    assert 0 < few == many < 20
    assert synchronisations(1, 3) == 3 * few, "a constant number an epoch"


# ── evaluate ──


@pytest.mark.parametrize("training", [True, False])
def test_evaluate_looks_only(training):
    module = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3)).train(training)
    dataset = classification()
    X, y = dataset.tensors
    expected = F.cross_entropy(module[1](X), y).item()
    loss = nn.CrossEntropyLoss(reduction="none")
    assert evaluate(module, batches(dataset, 5), loss)[0] == pytest.approx(expected, rel=1e-6), "no dropout"
    assert module.training == module[0].training == training
    assert all(param.grad is None for param in module.parameters())


def test_evaluate_builds_no_graph_and_leaves_gradients_on():
    seen = []

    def loss(output, y):
        seen.append(output.requires_grad)
        return F.cross_entropy(output, y)

    evaluate(nn.Linear(4, 3), batches(classification(), 5), loss)
    assert seen == [False] * 5
    assert torch.is_grad_enabled()


def test_fit_trains_in_training_mode_and_puts_the_old_one_back():
    modes = []

    class Model(nn.Linear):
        def forward(self, X):
            modes.append(self.training)
            return super().forward(X)

    module = Model(4, 3).eval()
    sgd = torch.optim.SGD(module.parameters(), lr=0.1)
    served = batches(classification(4), 4)
    fit(module, served, nn.CrossEntropyLoss(), sgd, 2, served)
    assert modes == [True, False, True, False]
    assert not module.training


def test_the_old_mode_comes_back_after_an_error():
    module = nn.Linear(4, 3).train()
    with pytest.raises(ValueError, match="no batches"):
        evaluate(module, [], cross_entropy)
    assert module.training


def test_a_loss_may_ignore_samples():
    X, y = classification().tensors
    y = torch.where(torch.arange(len(y)) % 2 == 0, y, -100)
    model, _ = linear()
    loss, accuracy = evaluate(model, [(X, y)], nn.CrossEntropyLoss())
    assert loss == pytest.approx(F.cross_entropy(model(X[::2]), y[::2]).item(), rel=1e-6)
    assert 0 <= accuracy <= 1
    everything = torch.utils.data.TensorDataset(X, torch.full_like(y, 7))
    evaluate(model, batches(everything, 5), nn.CrossEntropyLoss(ignore_index=7, reduction="sum"))


# ── callbacks ──


class Recorder:
    def __init__(self, stop_at=None, error=None):
        self.calls, self.closed, self.stop_at, self.error = [], 0, stop_at, error

    def __call__(self, model, history):
        self.calls.append((model, len(history.train_loss), len(history.val_loss)))
        if self.error:
            raise self.error
        return len(history.train_loss) == self.stop_at

    def close(self):
        self.closed += 1


def run(callbacks, epochs=3):
    model, params = linear()
    served = batches(classification(), 5)
    return model, fit(model, served, cross_entropy, SGD(params, 0.1), epochs, served, callbacks=callbacks)


def test_callbacks_are_called_after_every_epoch_and_closed():
    recorder = Recorder()
    model, _ = run([recorder, lambda model, history: None])
    assert recorder.calls == [(model, 1, 1), (model, 2, 2), (model, 3, 3)]
    assert recorder.closed == 1


def test_one_callback_stops_the_run_and_the_others_are_still_called():
    stopper, other = Recorder(stop_at=2), Recorder()
    _, history = run([stopper, other], epochs=5)
    assert len(history.train_loss) == len(other.calls) == 2
    assert stopper.closed == other.closed == 1


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_callbacks_are_closed_however_the_run_ends(error):
    recorder, other = Recorder(error=error), Recorder()
    with pytest.raises(error):
        run([recorder, other])
    assert recorder.closed == other.closed == 1
    with pytest.raises(ValueError, match="no batches"):
        fit(None, [], None, None, 1, callbacks=[other])
    assert other.closed == 2


class FailsToClose(Recorder):
    def close(self):
        super().close()
        raise OSError(f"closing {self.stop_at}")


@pytest.mark.parametrize("first", [0, 1])
def test_callbacks_are_closed_though_one_of_them_fails(first):
    """The best weights are given back even where a figure cannot be drawn."""
    stopping, weights = EarlyStopping(patience=1), []
    model = nn.Linear(4, 3)
    callbacks = [FailsToClose(1), stopping, Recorder(), FailsToClose(2)]
    callbacks = callbacks[first:] + callbacks[:first]

    def remember(model, history):
        weights.append(model.weight.detach().clone())

    sgd, served = torch.optim.SGD(model.parameters(), 1e3), batches(classification(), 5)
    with pytest.raises(OSError, match="closing"):
        fit(model, served, F.cross_entropy, sgd, 5, served, [remember, *callbacks])
    assert [callback.closed for callback in callbacks if callback is not stopping] == [1, 1, 1]
    assert torch.equal(model.weight, weights[stopping.best_epoch - 1])


def test_the_run_and_the_callbacks_errors_are_all_told():
    with pytest.raises(OSError, match="closing 1") as caught:
        run([Recorder(error=ZeroDivisionError()), FailsToClose(2), FailsToClose(1)])
    told, error = [], caught.value
    while error:
        told.append(type(error))
        error = error.__context__
    assert told == [OSError, OSError, ZeroDivisionError]


class Scripted(nn.Module):
    """A model whose one weight counts the epochs, so that it tells which epoch's weights it has."""

    def __init__(self):
        super().__init__()
        self.epoch = nn.Parameter(torch.zeros(1))


def stop_early(losses, **options):
    """Show EarlyStopping these losses; return it, the epoch it stopped at, and the weight that is left."""
    model, history, stopping = Scripted(), History(), EarlyStopping(**options)
    for epoch, loss in enumerate(losses, 1):
        model.epoch.data.fill_(epoch)
        history.val_loss.append(loss)
        if stopping(model, history):
            break
    stopping.close()
    return stopping, epoch, model.epoch.item()


@pytest.mark.parametrize(
    ("losses", "options", "best", "stopped"),
    [
        ([3, 2, 1, 2, 1.5, 0], {"patience": 2}, 3, 5),
        ([3, 2, 1, 2, 0.5, 2, 2], {"patience": 2}, 5, 7),  # one bad epoch is forgiven
        ([3, 2, 1], {"patience": 2}, 3, 3),  # still falling at the end
        ([1, 1, 1], {"patience": 1}, 1, 2),  # as good as the best is not better
        ([3, 2.95, 2.9, 2.85], {"patience": 2, "min_delta": 0.5}, 1, 3),
        ([3, 2.7, 2.4, 2.0], {"patience": 3, "min_delta": 0.5}, 3, 4),  # slow but steady is progress
        ([2, math.nan, math.nan, 1], {"patience": 2}, 1, 3),
        ([math.nan, 2, math.inf], {"patience": 2}, 2, 3),
    ],
)
def test_early_stopping_gives_back_the_best_epoch(losses, options, best, stopped):
    stopping, epoch, weight = stop_early(losses, **options)
    assert (stopping.best_epoch, epoch, weight) == (best, stopped, best)
    assert stopping.best_loss == losses[best - 1]


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.integers(1, 5))
def test_early_stopping_never_gives_back_worse_than_the_best_it_saw(losses, patience):
    stopping, stopped, weight = stop_early(losses, patience=patience)
    assert stopping.best_loss == min(losses[:stopped])
    assert losses.index(stopping.best_loss) + 1 == stopping.best_epoch == weight
    assert stopped == len(losses) or stopped - stopping.best_epoch == patience


def test_early_stopping_without_a_number_leaves_the_weights():
    stopping, stopped, weight = stop_early([math.nan] * 5, patience=3)
    assert (stopping.best_epoch, stopped, weight) == (None, 3, 3)


def test_early_stopping_in_fit():
    """Restored after an error too, and ready for a second run."""
    data = classification()
    model = nn.Linear(4, 3)
    stopping = EarlyStopping(patience=3)
    optimizer = torch.optim.SGD(model.parameters(), lr=5.0)
    for epochs in (20, 2):
        history = fit(
            model, batches(data, 5), F.cross_entropy, optimizer, epochs, batches(data, 23), [stopping]
        )
        assert stopping.best_loss == min(history.val_loss)
        assert evaluate(model, batches(data, 23), F.cross_entropy)[0] == pytest.approx(stopping.best_loss)


def test_early_stopping_says_what_it_needs():
    data = batches(classification(), 5)
    forward, params = linear()
    optimizer = SGD(params, 0.1)
    with pytest.raises(ValueError, match="at least 1 epoch"):
        EarlyStopping(patience=0)
    with pytest.raises(ValueError, match="pass val_batches"):
        fit(forward, data, cross_entropy, optimizer, 1, callbacks=[EarlyStopping(1)])
    with pytest.raises(ValueError, match=r"needs an nn\.Module"):
        fit(forward, data, cross_entropy, optimizer, 1, data, [EarlyStopping(1)])


# ── bad input gets one clear sentence ──


@pytest.mark.parametrize(("shift", "run_from", "to"), [(1, 1, 3), (-1, -1, 1)])
@pytest.mark.parametrize("as_dataset", [True, False])
def test_labels_out_of_range(shift, run_from, to, as_dataset):
    X, y = classification(30).tensors
    dataset = torch.utils.data.TensorDataset(X, y.sort().values + shift)
    served = batches(dataset, 5) if as_dataset else [dataset.tensors]
    message = (
        f"Labels run from {run_from} to {to}, but the model has 3 outputs, for the labels 0 to 2: renumber"
    )
    with pytest.raises(ValueError, match=message):
        evaluate(linear()[0], served, cross_entropy)


def loaders_of_a_part():
    """DataLoaders over a data set with labels 0 to 4, of which they serve 0 to 2 only."""
    X, y = classification(40, classes=4).tensors
    y[-3:] = 4
    dataset = torch.utils.data.TensorDataset(X, y)
    wanted = (y < 3).nonzero().ravel().tolist()
    loader = torch.utils.data.DataLoader
    return {
        "sampler": loader(dataset, 7, sampler=torch.utils.data.SubsetRandomSampler(wanted)),
        "batch_sampler": loader(dataset, batch_sampler=[wanted[:9], wanted[9:]]),
        "subset": loader(torch.utils.data.Subset(dataset, wanted), 7),
        "subset in batches": batches(torch.utils.data.Subset(dataset, wanted), 7),
        "collate_fn": loader(
            dataset,
            7,
            collate_fn=lambda rows: (torch.stack([x for x, _ in rows]), torch.tensor(len(rows) * [2])),
        ),
    }


@pytest.mark.parametrize("part", loaders_of_a_part())
def test_labels_that_are_not_served_do_not_count(part):
    model, params = linear()
    history = fit(model, loaders_of_a_part()[part], nn.CrossEntropyLoss(), SGD(params, 0.1), 2)
    assert len(history.train_loss) == 2


def negative_log_likelihood(output, y):
    """A loss by hand, which reads a label below 0 from the end, without a word."""
    return -output.log_softmax(1)[range(len(y)), y]


@pytest.mark.parametrize("loss", [negative_log_likelihood, nn.CrossEntropyLoss(ignore_index=9)])
@pytest.mark.parametrize("label", [-1, 3])
@pytest.mark.parametrize("place", [0, 12, 22])
def test_a_label_out_of_range_is_noticed_wherever_it_is_served(loss, label, place):
    X, y = classification().tensors
    y[:2], y[place] = torch.tensor([0, 2]), label
    dataset = torch.utils.data.TensorDataset(X, y)
    for served in (
        batches(dataset, 5),
        torch.utils.data.DataLoader(dataset, 5),
        ((X, y) for X, y in batches(dataset, 5)),
    ):
        model, params = linear()
        with pytest.raises(ValueError, match=rf"Labels run from .*{label}.* but the model has 3 outputs"):
            fit(model, served, loss, SGD(params, 0.1), 1)


def test_the_losss_own_errors_are_not_hidden():
    def loss(output, y):
        raise IndexError("of the loss's own")

    with pytest.raises(IndexError, match="own"):
        evaluate(linear()[0], batches(classification(), 5), loss)


def test_a_later_batch_of_another_shape_is_noticed():
    X, y = regression(5).tensors
    with pytest.raises(ValueError, match=r"shape \(2, 1\) for targets of shape \(2,\)"):
        evaluate(linear(classes=1)[0], [(X[:3], y[:3]), (X[3:], y[3:].ravel())], nn.MSELoss())


def test_a_model_without_a_row_of_logits_for_each_sample():
    images = torch.zeros(5, 1, 2, 2), torch.zeros(5, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"shape \(5, 1, 2, 3\) for labels of shape \(5,\).*nn.Flatten"):
        evaluate(nn.Linear(2, 3), [images], nn.CrossEntropyLoss())
    with pytest.raises(ValueError, match=r"shape \(3,\) for labels of shape \(5,\)"):
        evaluate(lambda X: torch.zeros(3), [images], nn.CrossEntropyLoss())
    with pytest.raises(ValueError, match=r"shape \(4, 3\) for labels of shape \(5,\)"):
        evaluate(lambda X: torch.zeros(4, 3), [images], nn.CrossEntropyLoss())


def test_outputs_that_would_be_broadcast_against_targets():
    X, y = regression(5).tensors
    with pytest.raises(ValueError, match=r"shape \(5, 1\) for targets of shape \(5,\).*y.reshape\(-1, 1\)"):
        evaluate(linear(classes=1)[0], [(X, y.ravel())], nn.MSELoss())


def test_no_batches():
    model, params = linear()
    with pytest.raises(ValueError, match="There are no batches: the data set is empty"):
        fit(model, [], cross_entropy, SGD(params, 0.1), 1)
    with pytest.raises(ValueError, match="an iterator was used up before"):
        fit(model, iter(batches(classification(), 5)), cross_entropy, SGD(params, 0.1), 2)


def infinite_at(epoch, step, batches_an_epoch):
    """A loss that becomes infinite at one step."""
    seen = 0

    def loss(output, y):
        nonlocal seen
        seen += 1
        mean = F.cross_entropy(output, y)
        return mean * math.inf if seen == (epoch - 1) * batches_an_epoch + step else mean

    return loss


def test_a_loss_that_is_not_finite_names_epoch_step_and_causes():
    model, params = linear()
    message = (
        r"The loss became inf in epoch 2, step 3 of 5\. Likely causes: a learning rate that is too large"
    )
    recorder = Recorder()
    with pytest.raises(FloatingPointError, match=message):
        fit(
            model,
            batches(classification(), 5),
            infinite_at(2, 3, 5),
            SGD(params, 0.1),
            3,
            callbacks=[recorder],
        )
    assert len(recorder.calls) == recorder.closed == 1


def test_a_last_step_that_ruins_the_weights_is_noticed_at_the_validation():
    model = nn.Linear(1, 1)
    sgd = torch.optim.SGD(model.parameters(), 1e38)
    served = [(torch.ones(4, 1), torch.full((4, 1), 99.0))]
    with pytest.raises(FloatingPointError, match=r"validation loss became (inf|nan) after epoch 1\. Likely"):
        fit(model, served, nn.MSELoss(), sgd, 1, served)


def test_a_large_loss_is_finite_under_any_default_dtype():
    torch.set_default_dtype(torch.float16)  # whose largest number is 65504
    try:
        served = [(torch.ones(4, 1, dtype=torch.float32), torch.full((4, 1), 1e3, dtype=torch.float32))]
        scale = torch.ones(1, dtype=torch.float32, requires_grad=True)
        history = fit(lambda X: scale * X, served, nn.MSELoss(), SGD([scale], 0), 1, served)
    finally:
        torch.set_default_dtype(torch.float32)
    assert history.val_loss == [999**2]


def test_a_loss_that_is_not_finite_may_be_let_run():
    model, params = linear()
    served = batches(classification(), 5)
    history = fit(model, served, infinite_at(2, 3, 5), SGD(params, 0.1), 3, check_finite=False)
    assert [math.isfinite(loss) for loss in history.train_loss] == [True, False, False]


# ── device and seed ──


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_pick_device(cuda, mps, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert pick_device() == torch.device(expected)


def test_set_seed_repeats_every_source_of_randomness():
    def draw():
        generator = set_seed(7)
        return [
            random.random(),
            np.random.rand(),  # noqa: NPY002 - the global one is what is tested
            torch.rand(1).item(),
            torch.rand(1, generator=generator).item(),
        ]

    first = draw()
    assert draw() == first
    assert first[2] == first[3], "the generator has the same seed"
    set_seed(8)
    assert random.random() != first[0]
