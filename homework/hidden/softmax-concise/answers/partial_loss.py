"""partial_loss: cross-entropy (none, mean or sum) where the truth is one of the allowed classes."""

import torch
import torch.nn.functional as F

from homework.grader.answers import bug, right


@right("log_softmax, then log-sum-exp over the set")
def partial_loss(logits, allowed, reduction):
    if reduction not in ("none", "mean", "sum") and not bug("takes any name"):
        raise ValueError(reduction)
    log_p, seen = logits.log_softmax(1), allowed.any(1)
    each = -log_p.masked_fill(~allowed, -torch.inf).logsumexp(1)
    if bug("the forbidden classes"):
        each = -log_p.masked_fill(allowed, -torch.inf).logsumexp(1)
    if bug("the best allowed class"):
        each = -log_p.masked_fill(~allowed, -torch.inf).amax(1)
    if bug("the mean of the allowed losses"):
        each = -(log_p * allowed).sum(1) / allowed.sum(1).clamp(min=1)
    if bug("the sum of the allowed losses"):
        each = -(log_p * allowed).sum(1)
    if bug("shared among the set"):
        each = each + allowed.sum(1).log()
    if bug("takes the logarithm of probabilities"):
        each = -(log_p.exp() * allowed).sum(1).log()
    if bug("the skipped images are dropped"):
        each = each[seen]
    elif not bug("the skipped images are infinite"):
        each = torch.where(seen, each, torch.zeros_like(each))
    if bug("returns float64"):
        each = each.double()
    if reduction == "none":
        return each
    if reduction == "sum":
        return each.sum()
    if bug("a mean over all images"):
        return each.mean()
    if bug("no nan where all are skipped"):
        return each.sum() / seen.sum().clamp(min=1)
    return each.sum() / seen.sum()


@right("image by image")
def partial_loss(logits, allowed, reduction):
    losses, seen = [], 0
    for o, mask in zip(logits, allowed, strict=True):
        if mask.any():
            seen += 1
            losses.append(torch.logsumexp(o, 0) - torch.logsumexp(o[mask], 0))
        else:
            losses.append(torch.tensor(0.0))
    each = torch.stack(losses)
    if reduction == "none":
        return each
    if reduction == "sum":
        return torch.sum(each)
    if reduction == "mean":
        return torch.sum(each) / seen
    raise ValueError("reduction")


@right("shares that add up, and a table of the results")
def partial_loss(logits, allowed, reduction):
    log_p = F.log_softmax(logits, dim=1)
    top = log_p.masked_fill(~allowed, -1e9).amax(1, keepdim=True)
    inside = torch.where(allowed, (log_p - top).exp(), 0.0).sum(1)
    seen = inside > 0
    each = torch.zeros(len(logits))
    each[seen] = -(top[seen, 0] + inside[seen].log())
    results = {"none": each, "sum": each.sum(), "mean": each[seen].mean()}
    if reduction not in results:
        raise ValueError(reduction)
    return results[reduction]
