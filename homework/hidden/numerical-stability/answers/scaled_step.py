"""scaled_step: new weights, scale and number of good steps, after a step that is taken or skipped."""

import math

import torch

from homework.grader.answers import bug, right, wrong


@right("all entries in one vector")
def scaled_step(weights, gradients, lr, max_norm, scale, good):
    flat = torch.cat([g.flatten() for g in gradients])
    fine = flat.isfinite().all().item()
    if bug("looks for nan only"):
        fine = not flat.isnan().any().item()
    if bug("looks for inf only"):
        fine = not flat.isinf().any().item()
    if bug("−∞ is not noticed"):
        fine = not (flat.isnan() | (flat == math.inf)).any().item()
    if bug("looks at the first tensor alone"):
        fine = gradients[0].isfinite().all().item()
    if bug("looks at the sum, which overflows in float16"):
        fine = flat.sum().isfinite().item()
    if bug("never skips"):
        fine = True
    if not fine:
        if bug("skips only the tensor that has a bad entry"):
            step = [lr * g.float() / scale * g.isfinite().all().float() for g in gradients]
            return [w - s.nan_to_num(0.0) for w, s in zip(weights, step, strict=True)], scale / 2, 0
        if bug("puts 0 in place of a bad entry"):
            step = [lr * g.float().nan_to_num(0.0, 0.0, 0.0) / scale for g in gradients]
            return [w - s for w, s in zip(weights, step, strict=True)], scale / 2, 0
        if bug("the scale stays after a skipped step"):
            return weights, scale, 0
        if bug("doubles after a skipped step"):
            return weights, scale * 2, 0
        if bug("goes on counting after a skipped step"):
            return weights, scale / 2, good
        if bug("returns None for weights that stay"):
            return None, scale / 2, 0
        return weights, scale / 2, 0
    if bug("divides in float16"):
        flat = (flat / scale).float() * scale
    flat = flat.float()
    norm = torch.linalg.vector_norm(flat / scale).item()
    if bug("clips before it divides"):
        norm = norm * scale
    if bug("the norm in float16"):
        norm = torch.linalg.vector_norm(flat.half()).item() / scale
    if bug("the mean square"):
        norm = (flat / scale).square().mean().sqrt().item()
    if bug("the square of the norm"):
        norm = norm**2
    if bug("the sum of the sizes"):
        norm = (flat / scale).abs().sum().item()
    if bug("the largest entry"):
        norm = (flat / scale).abs().max().item()
    shrink = min(1.0, max_norm / norm) if norm > 0 else 1.0
    if bug("divides by a norm of 0"):
        shrink = min(1.0, max_norm / norm)
    if bug("makes short gradients longer"):
        shrink = max_norm / norm if norm > 0 else 1.0
    if bug("makes long gradients shorter than the limit"):
        shrink = min(1.0, 1 / norm) if norm > 0 else 1.0
    if bug("clips nothing"):
        shrink = 1.0
    if bug("skips a step that is too long"):
        shrink = 1.0 if norm <= max_norm else 0.0
    step = lr * shrink * flat / scale
    if bug("clips entry by entry"):
        step = lr * (flat / scale).clamp(-max_norm, max_norm)
    if bug("forgets the scale"):
        step = lr * shrink * flat
    if bug("multiplies by the scale"):
        step = lr * shrink * flat * scale
    if bug("the step in float16"):
        step = step.half().float()
    new, taken = [], 0
    for w in weights:
        part = step[taken : taken + w.numel()].reshape(w.shape)
        taken += w.numel()
        if bug("changes the given weights"):
            new.append(w.sub_(part))
        elif bug("weights in float16"):
            new.append((w - part).half())
        elif bug("walks uphill"):
            new.append(w + part)
        else:
            new.append(w - part)
    good += 1
    if bug("doubles one step too late"):
        return (new, scale * 2, 0) if good > 2000 else (new, scale, good)
    if bug("doubles after every good step"):
        return new, scale * 2, 0
    if bug("goes on counting after doubling"):
        return new, scale * 2 if good == 2000 else scale, good
    if bug("never doubles"):
        return new, scale, good
    if good == 2000:
        return new, 2 * scale, 0
    return new, scale, good


@right("PyTorch's clipping and optimizer")
def scaled_step(weights, gradients, lr, max_norm, scale, good):
    leaves = [w.clone().requires_grad_() for w in weights]
    for leaf, g in zip(leaves, gradients, strict=True):
        leaf.grad = g.to(torch.float32).div(scale)
    norm = torch.nn.utils.clip_grad_norm_(leaves, max_norm)
    if not norm.isfinite():
        return weights, 0.5 * scale, 0
    torch.optim.SGD(leaves, lr=lr).step()
    good = (good + 1) % 2000
    return [leaf.detach() for leaf in leaves], scale if good else 2.0 * scale, good


@right("in float64, entry by entry")
def scaled_step(weights, gradients, lr, max_norm, scale, good):
    squares = 0.0
    for g in gradients:
        for entry in g.double().flatten().tolist():
            if math.isnan(entry) or math.isinf(entry):
                return [w.clone() for w in weights], scale / 2, 0
            squares += (entry / scale) ** 2
    if math.sqrt(squares) > max_norm:
        lr = lr * max_norm / math.sqrt(squares)
    new = [(w.double() - lr / scale * g.double()).float() for w, g in zip(weights, gradients, strict=True)]
    if good == 1999:
        return new, scale + scale, 0
    return new, scale, good + 1


@wrong("each tensor has a norm of its own")
def scaled_step(weights, gradients, lr, max_norm, scale, good):
    if any(not g.isfinite().all() for g in gradients):
        return weights, scale / 2, 0
    new = []
    for w, g in zip(weights, gradients, strict=True):
        true = g.float() / scale
        new.append(w - lr * true * min(1.0, max_norm / max(true.norm().item(), 1e-30)))
    return (new, scale * 2, 0) if good == 1999 else (new, scale, good + 1)


@wrong("the scale is changed first")
def scaled_step(weights, gradients, lr, max_norm, scale, good):
    if any(not g.isfinite().all() for g in gradients):
        return weights, scale / 2, 0
    good += 1
    if good == 2000:
        scale, good = 2 * scale, 0
    true = [g.float() / scale for g in gradients]
    norm = math.sqrt(sum(g.square().sum().item() for g in true))
    shrink = max_norm / max(norm, max_norm)
    return [w - lr * shrink * g for w, g in zip(weights, true, strict=True)], scale, good
