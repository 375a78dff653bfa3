"""What hidden tests of all sheets share: data that are the same in each run, strict comparisons, and bans."""

import torch

# For `sheet.forbid("gradient", *AUTOGRAD)`: what does a question's work ready-made.
AUTOGRAD = (
    "torch.autograd.grad",
    "torch.autograd.backward",
    "torch.Tensor.backward",
    "torch.autograd.functional.jacobian",
    "torch.autograd.functional.vjp",
    "torch.autograd.forward_ad.dual_level",
    "torch.func.grad",
    "torch.func.grad_and_value",
    "torch.func.vjp",
    "torch.func.jacrev",
    "torch.func.jacfwd",
)
SOFTMAX = (  # and log-softmax, and log-sum-exp
    "torch.softmax",
    "torch.log_softmax",
    "torch.logsumexp",
    "torch.logaddexp",
    "torch.logaddexp2",
    "torch.logcumsumexp",
    "torch.special.softmax",
    "torch.special.log_softmax",
    "torch.special.logsumexp",
    "torch.nn.functional.softmax",
    "torch.nn.functional.log_softmax",
    "torch.nn.functional.softmin",
    "torch.nn.functional.gumbel_softmax",
    "torch.nn.functional.cross_entropy",
    "torch.nn.functional.softplus",
    "torch.nn.functional.logsigmoid",
    "torch.nn.Softmax",
    "torch.nn.LogSoftmax",
    "torch.nn.Softmin",
    "torch.nn.CrossEntropyLoss",
)


def draw(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Standard normal numbers, the same in each run."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def draw_labels(n: int, K: int, seed: int = 0) -> torch.Tensor:
    """Labels (n,) of K classes, the same in each run."""
    return torch.randint(K, (n,), generator=torch.Generator().manual_seed(seed))


def near(value: torch.Tensor, expected: torch.Tensor, *, rtol: float = 1e-4, atol: float = 1e-4) -> bool:
    """Has `value` the shape and the dtype of `expected`, and numbers near its numbers?

    So the sheet must say, or what the function is given must make clear, which dtype and shape are due.
    """
    same_kind = value.shape == expected.shape and value.dtype == expected.dtype
    return same_kind and torch.allclose(value.double(), expected.double(), rtol=rtol, atol=atol)


def all_near(values: list, expected: list, *, rtol: float = 1e-4, atol: float = 1e-4) -> bool:
    """Are these as many tensors as expected, and each near the one in its place?"""
    pairs = zip(values, expected, strict=False)
    return len(values) == len(expected) and all(near(*pair, rtol=rtol, atol=atol) for pair in pairs)


def same(value: object, expected: object) -> bool:
    """Is this equal, with Python's own types inside? 1.0 is not 1, nor is True; a list may be a tuple."""
    if isinstance(expected, tuple | list):
        alike = isinstance(value, tuple | list) and len(value) == len(expected)
        return alike and all(map(same, value, expected))
    return type(value) is type(expected) and value == expected
