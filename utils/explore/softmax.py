"""Softmax probabilities as bars, moved by logits, a common shift and a temperature."""

import math

from utils.explore.element import element, table


def softmax(logits=(2.0, 1.0, 0.0), classes=("shirt", "coat", "bag")):
    """Show logits, a temperature and a common shift as sliders, and the softmax probabilities as bars.

    Used in the lesson "From scores to probabilities".

    Args:
        logits: numbers from −5 to 5, one for each class.
        classes: as many names.
    Returns:
        An IPython `HTML` object.
    Raises:
        ValueError: if there are not as many logits as classes.
    """
    powers = [math.exp(z - max(logits)) for z in logits]
    probabilities = [f"{power / sum(powers):.3f}" for power in powers]
    return element(
        "softmax",
        title="Try it: move the logits, add the same number to all of them, then change the temperature.",
        notice="Notice: only differences between logits count, so adding to all of them changes nothing. "
        "Towards temperature 0 the largest takes all; towards infinity all classes become alike.",
        fallback=table(("class", "logit", "probability"), zip(classes, logits, probabilities, strict=True)),
        logits=list(logits),
        classes=list(classes),
    )
