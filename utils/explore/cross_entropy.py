"""The cross-entropy loss and its gradient over the probability of the true class."""

import math

from utils.explore.element import element, table


def cross_entropy(p=0.1):
    """Show the cross-entropy loss, and its gradient p − 1, over the probability p of the true class.

    Used in the lesson "From scores to probabilities".

    Args:
        p: where the slider starts, from 0.0001 to 0.9999; 0.1 is a blind guess among ten classes.
    Returns:
        An IPython `HTML` object.
    """
    rows = [(f"{q:g}", f"{-math.log(q):.4g}", f"{q - 1:.4g}") for q in (0.0001, 0.01, 0.1, 0.5, 0.9, 0.9999)]
    return element(
        "cross_entropy",
        title="Try it: make the model confident of a wrong class (p near 0), then of the true one.",
        notice="Watch the loss, and its gradient with respect to the true class’s logit, p − 1.",
        fallback=table(("probability p of the true class", "loss −log p", "gradient p − 1"), rows),
        p=p,
    )
