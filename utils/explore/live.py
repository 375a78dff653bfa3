"""Controls that ask a kernel for any value, where a reader sits at one."""

import math
import uuid

import ipywidgets
from IPython.display import HTML, display

from utils import panels
from utils.explore import drawing
from utils.explore.between import between
from utils.svg import lean


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
        return _slider(values, **options, continuous_update=False)
    options["options"] = [(drawing.text(value), value) for value in values]
    if drawing.few_words(values):
        return ipywidgets.ToggleButtons(**options)
    return ipywidgets.SelectionSlider(**options, continuous_update=False)


def _slider(values, **options):
    """Return a slider over all values between the least and the largest."""
    low, high = min(values), max(values)
    if values.log:
        low, high = math.log10(low), math.log10(high)
        shown = ".0f" if values.kind is int else ".3g"
        return ipywidgets.FloatLogSlider(min=low, max=high, step=0.01, readout_format=shown, **options)
    if values.kind is int:
        return ipywidgets.IntSlider(min=low, max=high, **options)
    step = (high - low) / 200
    return ipywidgets.FloatSlider(min=low, max=high, step=step, readout_format=".3g", **options)
