"""clipped_step: new parameters after a step; the gradient as a whole is shortened to the limit first."""

import torch

from homework.grader.answers import bug, right, wrong


@right("one long vector, and an if")
def clipped_step(parameters, gradients, lr, limit):
    length = torch.cat([g.flatten() for g in gradients]).norm()
    if bug("forgets the root"):
        length = length**2
    if bug("adds the lengths of the parts"):
        length = sum(g.norm() for g in gradients)
    if bug("clips the step, not the gradient"):
        length = lr * length
    factor = 1.0
    if length > limit:
        factor = limit / length
        if bug("shortens to length 1"):
            factor = 1 / length
        if bug("never clips"):
            factor = 1.0
    if bug("lengthens short gradients"):
        factor = limit / length
    if bug("nan where all gradients are 0"):
        factor = min(limit, length) / length
    if bug("clips each part for itself"):
        return [
            p - lr * g * (limit / g.norm()).clamp(max=1) for p, g in zip(parameters, gradients, strict=True)
        ]
    new = []
    for p, g in zip(parameters, gradients, strict=True):
        step = lr * factor * g
        if bug("clips each entry"):
            step = lr * g.clamp(-limit, limit)
        if bug("changes the given gradients"):
            step = g.mul_(lr * factor)
        if bug("changes the given parameters"):
            p -= step
            step = 0
        new.append(p - step)
    if bug("returns float64"):
        return [p.double() for p in new]
    return new


@right("divides by the larger of 1 and length / limit")
def clipped_step(parameters, gradients, lr, limit):
    squares = 0.0
    for g in gradients:
        squares += float((g * g).sum())
    shrink = max(1.0, squares**0.5 / limit)
    return [p.add(g, alpha=-lr / shrink) for p, g in zip(parameters, gradients, strict=True)]


@wrong("PyTorch's own clipping")
def clipped_step(parameters, gradients, lr, limit):
    copies = [torch.zeros_like(g) for g in gradients]
    for copy, g in zip(copies, gradients, strict=True):
        copy.grad = g.clone()
    torch.nn.utils.clip_grad_norm_(copies, limit)
    return [p - lr * copy.grad for p, copy in zip(parameters, copies, strict=True)]
