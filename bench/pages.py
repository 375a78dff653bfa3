"""Weigh and time each page of the built site in a real browser.

    python -m bench.pages [--runs 5] [--before FOLDER] [--json FILE]

`--before` names the built site of an earlier version, whose pages are loaded in turn with those of today.
"Usable" is when the maths is typeset and every interactive figure is drawn, from an empty cache. The slow
line has 10 Mbps and answers after 40 ms. What a page may weigh is tested: tests/site/budget.json.
"""

import argparse
import contextlib
from itertools import product
from pathlib import Path
from statistics import median

from playwright.sync_api import TimeoutError

from bench.measure import machine, save, spread
from tools.browser import FETCHED, HTML, READY, chromium, page_names, serve

TEN_MBPS = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 5e6 / 8}


# In version 0.1 a widget manager drew figures after all was loaded. An element has drawn itself by then.
WIDGETS = """async () => {
  const wanted = document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length;
  await (READY)();
  while (document.querySelectorAll(".widget-subarea > *").length < wanted)
    await new Promise(requestAnimationFrame);
  return performance.now();
}""".replace("READY", READY)


def visit(browser, url, network=None):
    """Load a page with an empty cache; return its requests, bytes over the wire and ms until usable."""
    with browser.new_context(viewport={"width": 1300, "height": 900}) as context:
        page = context.new_page()
        if network:
            session = context.new_cdp_session(page)
            session.send("Network.enable")
            session.send("Network.emulateNetworkConditions", network)
        page.goto(url)
        usable = page.evaluate(WIDGETS)
        requests, size = page.evaluate(FETCHED)
    return requests, size, usable


def visit_slowly(browser, url):
    """Load a page at 10 Mbps; return ms until usable, and how many loads never ended.

    Chromium's emulation of a slow line hangs once in a few hundred loads. Such a load is made again.
    """
    for hung in range(3):
        with contextlib.suppress(TimeoutError):
            return visit(browser, url, TEN_MBPS)[2], hung
    raise RuntimeError(f"Three loads of {url} never ended, so it is the page and not the emulation.")


def main():
    """Print one row a page, and store all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--html", type=Path, default=HTML, help="the built site (default: _build/html)")
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="the built site of an earlier version")
    parser.add_argument("--runs", type=int, default=5, help="loads of each page on each line")
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    results = {"machine": machine("playwright"), "network": TEN_MBPS, "hung": 0, "pages": {}, "before": {}}
    print(f"{'KB':>7} {'requests':>9} {'usable, ms':>11} {'10 Mbps, 40 ms':>15}  page")
    folders = {"pages": args.html} | ({"before": args.before} if args.before else {})
    with contextlib.ExitStack() as servers:
        sites = {key: servers.enter_context(serve(folder.resolve())) for key, folder in folders.items()}
        for name in page_names(args.html):
            there = [key for key in sites if (folders[key] / name).is_file()]
            loads = {key: ([], []) for key in there}
            with chromium() as browser:
                for _, key in product(range(args.runs), there):
                    local, slow = loads[key]
                    local.append(visit(browser, f"{sites[key]}/{name}"))
                    slow.append(visit_slowly(browser, f"{sites[key]}/{name}"))
            for key, (local, slow) in loads.items():
                requests, size, usable = zip(*local, strict=True)
                page = results[key][name] = {
                    "bytes": median(size),
                    "requests": median(requests),
                    "usable_ms": spread(usable),
                    "usable_slow_ms": spread([ms for ms, _ in slow]),
                }
                results["hung"] += sum(hung for _, hung in slow)
                ready, later = page["usable_ms"]["median"], page["usable_slow_ms"]["median"]
                row = f"{page['bytes'] / 1000:7.0f} {page['requests']:9.0f} {ready:11.0f} {later:15.0f}"
                print(f"{row}  {name}{', before' * (key == 'before')}", flush=True)
            save("pages", results, args.json)


if __name__ == "__main__":
    main()
