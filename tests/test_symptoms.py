"""The page of symptoms quotes PyTorch's messages: each is what PyTorch says today."""

import re
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tools.tree import ROOT

PAGE = (ROOT / "book/reference/symptoms.md").read_text("utf-8")
MESSAGES = re.findall(r"^`(\w+(?:Error|Warning)): (.+?)`", PAGE, re.MULTILINE)
ELSEWHERE = ("module 'd2l.torch'", "Expected all tensors to be on the same device")  # need d2l, or a GPU


def flat():
    nn.Linear(784, 10)(torch.zeros(256, 28, 28))


def sizes():
    torch.zeros(256, 10) / torch.zeros(256, 10).sum(1)


def broadcast():
    F.mse_loss(torch.zeros(10, 1), torch.zeros(10))


def many():
    torch.zeros(3, requires_grad=True).exp().backward()


def unrecorded():
    torch.zeros(3).sum().backward()


def in_place():
    weights = torch.zeros(3, requires_grad=True)
    weights -= 1


def labels():
    F.cross_entropy(torch.zeros(2, 10), torch.zeros(2).int())


def beyond():
    F.cross_entropy(torch.zeros(1, 10), torch.tensor([10]))


CAUSES = [flat, sizes, broadcast, many, unrecorded, in_place, labels, beyond]


def said(cause):
    """Return the kind and the text of what PyTorch says."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            cause()
        except (RuntimeError, IndexError, UserWarning) as error:
            return type(error).__name__, str(error)
    return None


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.__name__)
def test_the_page_quotes_the_message(cause):
    kind, text = said(cause)
    assert any(kind == name and text.startswith(quoted.rstrip(".")) for name, quoted in MESSAGES), (
        kind,
        text,
    )


def test_each_message_of_the_page_is_tried():
    texts = [said(cause) for cause in CAUSES]
    for kind, quoted in MESSAGES:
        if not quoted.startswith(ELSEWHERE):
            assert any(kind == name and text.startswith(quoted.rstrip(".")) for name, text in texts), quoted
