"""Controls that ask a kernel for any value, where a reader sits at one."""

import math
import uuid

import ipywidgets
from IPython.display import HTML, display

from utils import panels
from utils.explore import drawing
from utils.notebook import has_reader
from utils.svg import lean


class between(list):
    """Numbers to draw beforehand, between the least and the largest of which a kernel may be asked for any.

    `draw` must then answer any of them: let it call a function that computes, and keeps what it computed
    (`functools.cache`). The lesson "Train" has the first.

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

    def control(self, **options):
        """Return an ipywidgets slider over all of them; `options` are its own."""
        low, high = min(self), max(self)
        if self.log:
            low, high = math.log10(low), math.log10(high)
            shown = ".0f" if self.kind is int else ".3g"
            return ipywidgets.FloatLogSlider(min=low, max=high, step=0.01, readout_format=shown, **options)
        if self.kind is int:
            return ipywidgets.IntSlider(min=low, max=high, **options)
        step = (high - low) / 200
        return ipywidgets.FloatSlider(min=low, max=high, step=step, readout_format=".3g", **options)

    def exact(self, value):
        """Return the value that a slider's position stands for: an integer, or three digits."""
        return round(value) if self.kind is int else float(f"{value:.3g}")


def asked(parameters):
    """Return whether a reader sits at a kernel, and a parameter may have any value."""
    return has_reader() and any(isinstance(values, between) for values in parameters.values())


class Live(HTML):
    """Frames, and below them controls that ask the kernel; these hide the frames for as long as they work.

    In a saved notebook, opened without its kernel, there are the frames alone.
    """

    def __init__(self, frames, draw, alt, title, heading, parameters, start):
        name = f"explore-{uuid.uuid4().hex[:8]}"
        # JupyterLab would say "model not found" where no kernel made the controls.
        hidden = f".jp-OutputArea-child:has(.{name}) + .jp-OutputArea-child:not(:has(.widget-vbox))"
        super().__init__(
            f'<style>{hidden} {{ display: none }}</style><div class="{name}">{frames.data}</div>'
        )
        self.controls = {key: _control(key, values, start[key]) for key, values in parameters.items()}
        self.status = ipywidgets.HTML()

        def show(**point):
            for key, values in parameters.items():
                if isinstance(values, between):
                    point[key] = values.exact(point[key])
            self.status.value = f"Computing {drawing.name(point)} …"
            row = lean(drawing.figure(title, draw, point))
            self.status.value = ""
            display(HTML(panels.inline(row, drawing.words(title, alt, point))))

        shown = ipywidgets.interactive_output(show, self.controls)
        head = ipywidgets.HTML(f"<style>.{name} {{ display: none }}</style>{heading}")
        self.box = ipywidgets.VBox([head, *self.controls.values(), self.status, shown])

    def _ipython_display_(self):
        display(HTML(self.data))
        display(self.box)


def _control(name, values, start):
    """Return the control of a parameter; it speaks once it is released."""
    options = {
        "value": start,
        "description": name.replace("_", " "),
        "style": {"description_width": "initial"},
        "layout": {"width": "auto", "max_width": "36em"},
    }
    if isinstance(values, between):
        return values.control(**options, continuous_update=False)
    options["options"] = [(drawing.text(value), value) for value in values]
    if drawing.few_words(values):
        return ipywidgets.ToggleButtons(**options)
    return ipywidgets.SelectionSlider(**options, continuous_update=False)
