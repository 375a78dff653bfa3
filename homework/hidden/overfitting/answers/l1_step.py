"""l1_step: the weights after a gradient step and a pull of lr · strength toward 0, with a stop at 0."""

import torch

from homework.grader.answers import bug, right


@right("two clamps")
def l1_step(w, gradient, lr, strength):
    refused = strength < 0
    if bug("refuses 0"):
        refused = strength <= 0
    if refused and not bug("refuses nothing"):
        raise ValueError("strength")
    z, pull = w - lr * gradient, lr * strength
    if bug("changes w"):
        z = w.sub_(lr * gradient)
    if bug("uphill"):
        z = w + lr * gradient
    if bug("without the gradient"):
        z = w
    if bug("the pull without lr"):
        pull = strength
    if bug("jumps over 0"):
        return z - pull * z.sign()
    if bug("L2"):
        return (1 - pull) * z
    if bug("hard threshold"):
        return torch.where(z.abs() > pull, z, 0.0)
    if bug("all weights are positive"):
        return torch.relu(z - pull)
    if bug("negative weights grow"):
        return torch.where(z > 0, torch.relu(z - pull), z - pull)
    if bug("pull first, then the gradient"):
        return w.sign() * torch.relu(w.abs() - pull) - lr * gradient
    if bug("the sign of the old weight"):
        return w.sign() * torch.relu(z.abs() - pull)
    if bug("PyTorch's own"):
        return torch.nn.functional.softshrink(z, pull)
    if bug("PyTorch's own layer"):
        return torch.nn.Softshrink(pull)(z)
    return torch.clamp(z - pull, min=0) + torch.clamp(z + pull, max=0)


@right("what is taken, at most the weight itself")
def l1_step(w, gradient, lr, strength):
    if not strength >= 0:
        raise ValueError("strength")
    z = w - lr * gradient
    return z - z.clamp(-lr * strength, lr * strength)
