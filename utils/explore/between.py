"""Values between which a kernel may be asked for any."""


class between(list):
    """Numbers to draw beforehand, between the least and the largest of which a kernel may be asked for any.

    `draw` must then answer any of them: let it call a function that computes, and keeps what it computed
    (`functools.cache`). The lesson "Train" has one.

    Args:
        numbers: two or more; if all are integers, only integers are asked for.
        log: whether the slider is logarithmic; then all are positive.
    Raises:
        ValueError: if there are fewer than two, or one is not positive and `log` is true.
    """

    def __init__(self, *numbers, log=False):
        if len(set(numbers)) < 2 or (log and min(numbers) <= 0):
            rule = "two positive numbers or more" if log else "two numbers or more"
            raise ValueError(f"between needs {rule}, not {numbers}.")
        super().__init__(numbers)
        self.log = log
        self.kind = int if all(isinstance(number, int) for number in numbers) else float

    def exact(self, value):
        """Return the value that a slider's position stands for: an integer, or three digits."""
        return round(value) if self.kind is int else float(f"{value:.3g}")
