"""The training loop of the book, its exact metrics, and what makes a run repeatable.

`fit` is the loop that the lesson "Train" writes out by hand. It knows nothing of drawing, of data sets or of
devices: it takes batches, and whatever wants to watch or stop a run is a callback.
"""

from __future__ import annotations

import contextlib
import copy
import math
import random
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn


@dataclass
class History:
    """What `fit` measured, one entry an epoch: mean losses, and accuracies as fractions in [0, 1].

    The lists are `train_loss`, `train_accuracy`, `val_loss` and `val_accuracy` (lesson "Train").
    Training figures are taken while the weights still move, so they describe the model in the middle of the
    epoch; validation figures are taken after it. An accuracy is nan where the targets are not labels.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)


def fit(model, train_batches, loss, optimizer, epochs, val_batches=None, callbacks=(), check_finite=True):
    """Train a model by mini-batch gradient descent; the lesson "Train" writes the loop out.

    Every step follows the gradient of the batch's mean loss, whatever `reduction` the loss was made with, so
    that a learning rate means the same for all of them.

    Args:
        model: an `nn.Module` or a plain function, from X of shape (n, …) to logits (n, classes), or to
            predictions shaped like the targets.
        train_batches: an iterable of (X, y), such as `data.batches` returns, to be passed over each epoch.
        loss: `loss(output, y)`: a torch loss of any `reduction`, or a function that returns one value per
            sample or their mean.
        optimizer: anything with `step()` and `zero_grad()`: of `torch.optim`, or written by hand.
        epochs: how many passes over the training batches.
        val_batches: batches to evaluate after each epoch.
        callbacks: each is called as `callback(model, history)` after every epoch, and training stops if one
            returns True. If it has a method `close()`, that is called when training ends, however it ends,
            the others' failures included.
        check_finite: raise at a loss that is nan or infinite. It is noticed at the end of its epoch, since
            looking at each step would make a GPU wait.
    Returns:
        A `History`.
    Raises:
        ValueError: if there are no batches, or outputs and targets do not fit each other. Labels are checked
            before the first step if `data.batches` serves them, else no later than at the end of an epoch.
        FloatingPointError: at a loss that is not finite, the validation's included; the message names epoch,
            step and likely causes.
    """
    history, callbacks = History(), list(callbacks)
    with contextlib.ExitStack() as closing:  # which calls each, though one of them fails
        for callback in reversed(callbacks):
            closing.callback(getattr(callback, "close", lambda: None))
        for epoch in range(1, epochs + 1):
            with _mode(model, training=True):
                losses, sizes, accuracy = _run(model, train_batches, loss, optimizer)
            if check_finite:
                _check_finite(losses, f"loss became {{}} in epoch {epoch}, step {{}} of {len(losses)}")
            history.train_loss.append(_weighted_mean(losses, sizes))
            history.train_accuracy.append(accuracy)
            if val_batches is not None:
                val_loss, val_accuracy = evaluate(model, val_batches, loss)
                if check_finite:
                    _check_finite(
                        torch.tensor([val_loss], dtype=torch.float64),
                        f"validation loss became {{}} after epoch {epoch}",
                    )
                history.val_loss.append(val_loss)
                history.val_accuracy.append(val_accuracy)
            if any([callback(model, history) for callback in callbacks]):  # a list: each must be called
                break
    return history


@torch.no_grad()
def evaluate(model, batches, loss):
    """Return the exact mean loss and the accuracy over all samples of `batches` (lesson "Train").

    The model is switched to evaluation and then back to the mode it was in. A short last batch counts by
    its samples; so it does under a loss with class weights or ignored labels, where torch's own mean of a
    batch divides by something else, and the mean of several batches is then near it but not equal.

    Args:
        model: as for `fit`.
        batches: an iterable of (X, y), passed over once.
        loss: as for `fit`.
    Returns:
        (loss, accuracy), two floats.
    Raises:
        ValueError: as `fit`.
    """
    with _mode(model, training=False):
        losses, sizes, accuracy = _run(model, batches, loss)
    return _weighted_mean(losses, sizes), accuracy


class EarlyStopping:
    """A callback of `fit` that ends a run whose validation loss has ceased to fall (lesson "Remedies").

    When training ends, however it ends, the model gets back the weights of its best epoch.

    Args:
        patience: how many epochs in a row may pass without a new best before the run is stopped.
        min_delta: how much lower than the best a validation loss must be to count as a new best.
    Attributes:
        best_epoch: the epoch, counted from 1, whose weights the model gets back; None before the first.
        best_loss: its validation loss.
    Raises:
        ValueError: if patience is below 1, `fit` has no `val_batches`, or the model is no `nn.Module`.
    """

    def __init__(self, patience, min_delta=0.0):
        if patience < 1:
            raise ValueError(f"patience is {patience}, but a run needs at least 1 epoch to get better.")
        self.patience, self.min_delta = patience, min_delta
        self.best_epoch, self.best_loss, self._best = None, math.inf, None

    def __call__(self, model, history):
        if not history.val_loss:
            raise ValueError("EarlyStopping watches the validation loss: pass val_batches to fit.")
        if not isinstance(model, nn.Module):
            raise ValueError("EarlyStopping gives a model its best weights back: it needs an nn.Module.")
        epoch, loss = len(history.val_loss), history.val_loss[-1]
        if epoch == 1:  # of a new run
            self.best_epoch, self.best_loss, self._best = None, math.inf, None
        if loss < self.best_loss - self.min_delta:
            self.best_epoch, self.best_loss = epoch, loss
            self._best = model, copy.deepcopy(model.state_dict())
        return epoch - (self.best_epoch or 0) >= self.patience

    def close(self):
        """Give the model its best weights back; `fit` calls this when training ends."""
        if self._best is not None:
            model, weights = self._best
            model.load_state_dict(weights)
            self._best = None


def pick_device():
    """Return the best `torch.device` here: an NVIDIA or AMD GPU, else Apple's, else the CPU.

    The lesson "Same model" explains what the answer means.
    """
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def set_seed(seed):
    """Seed Python, NumPy and torch on every device, and return a CPU `torch.Generator` with the same seed.

    Hand the generator to `data.batches` or `torch.normal`, and what one part of a lesson draws no longer
    depends on what another part drew before (lesson "From scratch").

    Args:
        seed: an integer from 0 up.
    """
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries that a reader adds may use the global one
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)


def _run(model, batches, loss, optimizer=None):
    """Pass over `batches` once, stepping the optimizer if there is one.

    Returns the batches' mean losses and sizes, float64 tensors on the CPU, and the accuracy. Results stay on
    the device until the pass is over, so that it is never made to wait.
    """
    losses, correct, sizes, labels = [], [], [], []
    # Of `data.batches` all labels are known at once. Others are kept: memory that is not free for the next
    # batch then makes an epoch a third slower.
    known = getattr(getattr(batches, "sampler", None), "tensors", None)
    for X, y in batches:
        output = model(X)
        _check_shapes(output, y)
        is_label = not y.is_floating_point()
        if is_label and not known:
            labels.append(y)
        if not losses:
            _check_labels(known[-1:] if is_label and known else labels, output, loss)
            summands = _summands(loss, output, y)
        try:
            value = loss(output, y)
        except (IndexError, RuntimeError):
            _check_labels(labels, output, loss)
            raise
        if value.dim():
            value = value.mean()
        elif summands:
            value = value / (summands * len(y))
        if optimizer is not None:
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
        losses.append(value.detach())
        sizes.append(len(y))
        if is_label:
            correct.append((output.detach().argmax(1) == y).sum())
    if not losses:
        raise ValueError("There are no batches: the data set is empty, or an iterator was used up before.")
    _check_labels(labels, output, loss)
    accuracy = torch.stack(correct).sum().item() / sum(sizes) if correct else float("nan")
    return torch.stack(losses).cpu().double(), torch.tensor(sizes).double(), accuracy


def _summands(loss, output, y):
    """Return how many values a sample adds to a loss that sums, and 0 for one that does not."""
    if getattr(loss, "reduction", "mean") != "sum":
        return 0
    each = copy.copy(loss)
    each.reduction = "none"
    with torch.no_grad():
        return each(output, y).numel() / len(y)


def _weighted_mean(losses, sizes):
    return ((losses * sizes).sum() / sizes.sum()).item()


@contextlib.contextmanager
def _mode(model, training):
    """Put an `nn.Module` into training or evaluation mode, and back afterwards; a function has no modes."""
    before = getattr(model, "training", None)
    if before is not None:
        model.train(training)
    try:
        yield
    finally:
        if before is not None:
            model.train(before)


def _check_shapes(output, y):
    """Refuse outputs and targets that torch would broadcast without a word."""
    found, wanted = tuple(output.shape), tuple(y.shape)
    if y.is_floating_point():
        if found != wanted:
            raise ValueError(
                f"The model returns shape {found} for targets of shape {wanted}, and broadcasting would pair"
                " every output with every target: give both the same shape, say with y.reshape(-1, 1)."
            )
    elif len(found) != 2 or found[:1] != wanted:
        raise ValueError(
            f"The model returns shape {found} for labels of shape {wanted}: it must return one row of logits"
            " for each sample, (batch, classes). Is a reshape or nn.Flatten() missing?"
        )


def _check_labels(labels, output, loss):
    """Refuse labels, a list of (n,), that a loss may read out of bounds without a word."""
    if not labels:
        return
    labels = torch.cat(labels)
    labels = labels[labels != getattr(loss, "ignore_index", -100)]
    classes = output.shape[-1]
    if len(labels) and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(
            f"Labels run from {labels.min()} to {labels.max()}, but the model has {classes} outputs, for the"
            f" labels 0 to {classes - 1}: renumber the labels or change the number of outputs."
        )


def _check_finite(losses, what):
    """Raise at the first loss that is not finite; `what` has places for its value and its step, from 1."""
    bad = (~losses.isfinite()).nonzero()
    if len(bad):
        step = bad[0].item()
        raise FloatingPointError(
            f"The {what.format(losses[step].item(), step + 1)}. Likely causes: a learning rate that is too"
            " large, inputs that are not scaled (pixels 0 to 255?), or a logarithm of a probability that"
            " rounded to 0 (compute the loss from logits)."
        )
