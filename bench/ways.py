"""Softmax regression on Fashion-MNIST in every way that is measured: the book's, its peers', and the floor.

Each function takes the book's data and returns two: one trains an epoch over 50 000 images in batches of 256
with SGD at a learning rate of .1, the other returns the accuracy on the 10 000 validation images. D2L runs
its own code; only its data set is cut to the same images, and its plots are off.
"""

from __future__ import annotations

import os

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

from bench.peers import import_d2l
from tools.by_hand import SGD
from utils.data import batches
from utils.training import evaluate, fit

BATCH, LR = 256, 0.1


def linear():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def accuracy_of(model, data):
    return lambda: evaluate(model, batches(data.val, 10_000), F.cross_entropy)[1]


def floor(data):
    """The goal's measure: gather each batch, and three products of matrices. Nothing is learned."""
    images = data.train.tensors[0].flatten(1)
    W, G = torch.zeros(784, 10), torch.zeros(BATCH, 10)

    def epoch():
        for index in torch.randperm(len(images)).split(BATCH):
            X, g = images[index], G[: len(index)]
            X @ W, X.T @ g, g @ W.T

    return epoch, lambda: None


def leaner_floor(data, batch=BATCH, classes=10):
    """The least that we know of: rows gathered whole, no gradient of the images, products as in nn.Linear."""
    images = data.train.tensors[0].flatten(1)
    W, G = torch.zeros(classes, 784), torch.zeros(batch, classes)

    def epoch():
        for index in torch.randperm(len(images)).split(batch):
            X, g = images.index_select(0, index), G[: len(index)]
            F.linear(X, W), g.T @ X

    return epoch, lambda: None


def from_scratch(data):
    W, b = torch.normal(0, 0.01, (784, 10)).requires_grad_(), torch.zeros(10, requires_grad=True)
    served, sgd = batches(data.train, BATCH, shuffle=True), SGD([W, b], LR)

    def model(X):
        return X.reshape(-1, 784) @ W + b

    def loss(logits, y):
        log_p = logits - logits.logsumexp(1, keepdim=True)
        return -log_p.gather(1, y[:, None]).mean()

    return lambda: fit(model, served, loss, sgd, 1), accuracy_of(model, data)


def concise(data):
    model = linear()
    served, sgd = batches(data.train, BATCH, shuffle=True), torch.optim.SGD(model.parameters(), LR)
    return lambda: fit(model, served, nn.CrossEntropyLoss(), sgd, 1), accuracy_of(model, data)


def first_50_000(dataset):
    dataset.data, dataset.targets = dataset.data[:50_000], dataset.targets[:50_000]


def d2l_0(data):
    """The loader and the loop of the first edition's chapter 3."""
    d2l = import_d2l("0.17.6")
    served, model = d2l.load_data_fashion_mnist(BATCH)[0], linear()
    first_50_000(served.dataset)
    loss, sgd = nn.CrossEntropyLoss(reduction="none"), torch.optim.SGD(model.parameters(), LR)
    return lambda: d2l.train_epoch_ch3(model, served, loss, sgd), accuracy_of(model, data)


def d2l_1(data):
    """The DataModule, Classifier and Trainer of the second edition."""
    d2l = import_d2l("1.0.3")
    module, model, trainer = d2l.FashionMNIST(BATCH), d2l.SoftmaxRegression(10, LR), d2l.Trainer(1)
    first_50_000(module.train)
    model(torch.zeros(1, 1, 28, 28))  # its layer is lazy
    model.board.display = False
    trainer.prepare_data(module)
    trainer.val_dataloader, trainer.epoch, trainer.train_batch_idx = None, 0, 0
    trainer.prepare_model(model)
    trainer.optim = model.configure_optimizers()
    return trainer.fit_epoch, accuracy_of(model.net, data)


def lightning(data):
    import pytorch_lightning as pl

    class Softmax(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = linear()

        def training_step(self, batch, _):
            return F.cross_entropy(self.net(batch[0]), batch[1])

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), LR)

    model, served = Softmax(), DataLoader(data.train, BATCH, shuffle=True)
    quiet = dict.fromkeys(
        ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
    )

    def epoch():
        pl.Trainer(max_epochs=1, accelerator="cpu", **quiet).fit(model, served)

    return epoch, accuracy_of(model.net, data)


def keras(data):
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    model = keras.Sequential([keras.Input((1, 28, 28)), keras.layers.Flatten(), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(LR), loss, metrics=["accuracy"])
    (X, y), (X_val, y_val) = (tuple(t.numpy() for t in part.tensors) for part in (data.train, data.val))
    accuracy = lambda: model.evaluate(X_val, y_val, verbose=0)[1]  # noqa: E731
    return lambda: model.fit(X, y, batch_size=BATCH, epochs=1, verbose=0), accuracy


def arrays(dataset):
    """Return what scikit-learn takes: images as rows, and labels."""
    images, labels = dataset.tensors
    return images.flatten(1).numpy(), labels.numpy()


def sgd_classifier(data):
    """Scikit-learn's SGD: one image at a time, ten classifiers, each one class against the rest."""
    from sklearn.linear_model import SGDClassifier

    X, y = arrays(data.train)
    model = SGDClassifier(loss="log_loss")
    return lambda: model.partial_fit(X, y, classes=range(10)), lambda: model.score(*arrays(data.val))


def logistic_regression(data):
    """Scikit-learn's default: not an epoch, but a whole fit by L-BFGS, all images at each of 100 steps."""
    from sklearn.linear_model import LogisticRegression

    X, y = arrays(data.train)
    model = LogisticRegression()
    return lambda: model.fit(X, y), lambda: model.score(*arrays(data.val))


EPOCHS = {
    "floor": floor,
    "leaner floor": leaner_floor,
    "book, from scratch": from_scratch,
    "book, concise": concise,
    "D2L 0.17.6": d2l_0,
    "D2L 1.0.3": d2l_1,
    "Lightning": lightning,
    "Keras on torch": keras,
    "scikit-learn, SGDClassifier": sgd_classifier,
}
FITS = {"scikit-learn, LogisticRegression": logistic_regression}
