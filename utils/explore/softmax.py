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
        title="Try it: add the same number to all logits. Which bars move? Then change the temperature.",
        notice="Near temperature 0 the largest logit gets nearly all probability; at a high temperature all "
        "classes become nearly equal.",
        fallback=table(("class", "logit", "probability"), zip(classes, logits, probabilities, strict=True)),
        logits=list(logits),
        classes=list(classes),
    )
