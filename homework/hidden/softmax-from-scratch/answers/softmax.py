"""softmax: probabilities along the last axis, of the logits divided by the temperature."""

import torch
import torch.nn.functional as tools

from homework.grader.answers import bug, right, wrong


@right("subtracts the largest logit of each row after dividing")
def softmax(logits, temperature):
    if temperature <= 0.0:
        raise ValueError("a temperature is positive")
    scaled = logits / temperature
    if bug("multiplies by the temperature"):
        scaled = logits * temperature
    if bug("ignores the temperature"):
        scaled = logits
    top = scaled.max(dim=-1, keepdim=True).values
    if bug("the largest of all rows"):
        top = scaled.max()
    if bug("overflows"):
        top = 0
    if bug("clips the logits"):
        scaled, top = logits.clamp(-80, 80) / temperature, 0
    powers = torch.exp(scaled - top)
    if bug("base 2"):
        powers = torch.exp2(scaled - top)
    if bug("divides after the exponential"):
        powers = torch.exp(logits - logits.amax(-1, keepdim=True)) / temperature
    if bug("divides scores by their sum"):
        powers = scaled
    if bug("float32 only"):
        powers = powers.float()
    if bug("sums over the first axis"):
        return powers / powers.sum(0, keepdim=True)
    if bug("always the second axis"):
        return powers / powers.sum(1, keepdim=True)
    return powers / powers.sum(-1).unsqueeze(-1)


@right("one over the sum of the odds")
def softmax(logits, temperature):
    if not temperature > 0:
        raise ValueError("a temperature is positive")
    gaps = (logits.unsqueeze(-2) - logits.unsqueeze(-1)) / temperature
    return 1 / gaps.exp().sum(-1)


@wrong("refuses no temperature")
def softmax(logits, temperature):
    exp = ((logits - logits.amax(-1, keepdim=True)) / temperature).exp()
    return exp / exp.sum(-1, keepdim=True)


@wrong("PyTorch's own")
def softmax(logits, temperature):
    if temperature <= 0:
        raise ValueError("temperature")
    return (logits / temperature).softmax(-1)


def helper(z):
    return tools.softmax(z, dim=-1)


@wrong("PyTorch's own, by another name")
def softmax(logits, temperature):
    if temperature <= 0:
        raise ValueError("temperature")
    return helper(logits / temperature)
