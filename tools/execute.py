"""pytest -p tools.execute NOTEBOOK…: nbval tests each notebook, and what it executed is kept for the site.

A notebook whose every cell passed is written, with its outputs, to `_build/executed`: whole, and only then.
nbval's own outputs lack what a display was updated to and how often a cell ran, so its messages from the
kernel also go through nbclient, which makes outputs of them as Jupyter does.
"""

import copy
import os
import time

import pytest
from nbclient import NotebookClient
from nbformat import write
from nbval.plugin import IPyNbFile

from tools import tree


class Notebook(IPyNbFile):
    """A notebook under test that keeps what its cells put out."""

    def collect(self):
        """Yield the cells. What they depend on is noted before they are read: no later edit is missed."""
        self.inputs = tree.inputs(self.path)
        yield from super().collect()

    def setup(self):
        """Start the kernel, and begin with no outputs."""
        super().setup()
        self.client = NotebookClient(copy.deepcopy(self.nb), record_timing=False)
        self.client.reset_execution_trackers()
        self.code = [(i, cell) for i, cell in enumerate(self.client.nb.cells) if cell.cell_type == "code"]
        for _, cell in self.code:
            cell.outputs, cell.execution_count = [], None
        self.kernel.execute_cell_input = self.execute
        self.message, self.passed, self.began = None, 0, time.time()

    def execute(self, source, allow_stdin=None):
        """Execute a cell as Jupyter does (a last semicolon hides a value); return the message's number."""
        self.client.clear_before_next_output = False
        self.message = self.kernel.kc.execute(source, allow_stdin=allow_stdin, stop_on_error=False)
        return self.message

    def get_kernel_message(self, timeout=None, stream="iopub"):
        """Return the kernel's next message to nbval, which then says if the cell passed."""
        message = super().get_kernel_message(timeout, stream)
        if message["parent_header"].get("msg_id") == self.message and message["msg_type"] != "status":
            index, cell = self.code[self.passed]
            self.client.process_message(message, cell, index)
        return message

    def keep(self):
        """Write the executed notebook."""
        self.client.set_widgets_metadata()
        for _, cell in self.code:
            cell.outputs = joined(cell.outputs)
        about = {"inputs": self.inputs, "executed": self.began, "seconds": time.time() - self.began}
        self.client.nb.metadata[tree.KEY] = about
        path = tree.executed(self.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        write(self.client.nb, beside)
        beside.replace(path)


def joined(outputs):
    """Return outputs in which what was printed in one go is one: the kernel may send it in pieces."""
    whole = []
    for output in outputs:
        if whole and output.output_type == "stream" and output.get("name") == whole[-1].get("name"):
            whole[-1].text += output.text
        else:
            whole.append(output)
    return whole


def pytest_collect_file(file_path, parent):
    """Collect the notebooks in the place of nbval's option --nbval."""
    return Notebook.from_parent(parent, path=file_path) if file_path.suffix == ".ipynb" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Count the cells that passed; with the last of them the notebook is kept."""
    report = yield
    if isinstance(item.parent, Notebook) and report.when == "call" and report.passed:
        item.parent.passed += 1
        if item.parent.passed == len(item.parent.code):
            item.parent.keep()
    return report
