"""Time what LiveCurves costs in a notebook, and its share of a run of ten epochs of a second each.

    python -m bench.curves [--runs 5] [--json FILE]

The epochs only wait, so that the cost is that of drawing the figure and sending it to the page.
"""

from __future__ import annotations

import argparse
import json

import nbformat
from nbclient import NotebookClient

from bench.measure import machine, save, spread

CELL = """
import json, time
from utils.plotting import LiveCurves
from utils.training import History

live, history, seconds = LiveCurves(), History(), []
start = time.perf_counter()
for epoch in range({epochs}):
    time.sleep({pause})
    for values in vars(history).values():
        values.append(1 / (epoch + 1))
    begun = time.perf_counter()
    live(None, history)
    seconds.append(time.perf_counter() - begun)
begun = time.perf_counter()
live.close()
seconds.append(time.perf_counter() - begun)
print(json.dumps([seconds, time.perf_counter() - start]))
"""


def runs(count, epochs=10, pause=1.0):
    """Run the cell in one kernel `count` times, after a short one that does not count."""
    sources = [CELL.format(epochs=1, pause=0)] + [CELL.format(epochs=epochs, pause=pause)] * count
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    for cell in notebook.cells[1:]:
        yield json.loads(next(output.text for output in cell.outputs if output.output_type == "stream"))


def main():
    """Print and store the cost of a redraw and of a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    found = list(runs(options.runs))
    draws = [[s for s in seconds if s > 0.01] for seconds, _ in found]  # the others only looked at the clock
    results = {
        "machine": machine("ipykernel"),
        "epochs": 10,
        "epoch_seconds": 1.0,
        "redraws": spread([len(each) for each in draws]),
        "redraw_seconds": spread([s for each in draws for s in each]),
        "share_of_run": spread([sum(seconds) / whole for seconds, whole in found]),
    }
    save("curves", results, options.json)
    share, redraws = results["share_of_run"]["median"], results["redraws"]["median"]
    print(f"{redraws:.0f} redraws of {results['redraw_seconds']['median']:.3f} s: {share:.1%} of ten seconds")


if __name__ == "__main__":
    main()
