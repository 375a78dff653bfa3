"""Weigh and time each page of the built site in a real browser.

    python -m bench.pages [--runs 5] [--json FILE]

"Usable" is when the maths is typeset and every figure is there, starting with an empty cache. The slow line
has 10 Mbps and answers after 40 ms. What a page may weigh is tested: tests/site/budget.json.
"""

import argparse
import contextlib
from pathlib import Path
from statistics import median

from playwright.sync_api import TimeoutError

from bench.measure import machine, save, spread
from tools.browser import FETCHED, HTML, READY, chromium, page_names, serve

TEN_MBPS = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 5e6 / 8}


def visit(browser, url, network=None):
    """Load a page with an empty cache; return its requests, bytes over the wire and ms until usable."""
    with browser.new_context(viewport={"width": 1300, "height": 900}) as context:
        page = context.new_page()
        if network:
            session = context.new_cdp_session(page)
            session.send("Network.enable")
            session.send("Network.emulateNetworkConditions", network)
        page.goto(url)
        usable = page.evaluate(READY)
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
    parser.add_argument("--runs", type=int, default=5, help="loads of each page on each line")
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    results = {"machine": machine("playwright"), "network": TEN_MBPS, "hung": 0, "pages": {}}
    print(f"{'KB':>7} {'requests':>9} {'usable, ms':>11} {'10 Mbps, 40 ms':>15}  page")
    with serve(args.html.resolve()) as base:
        for name in page_names(args.html):
            with chromium() as browser:
                local = [visit(browser, f"{base}/{name}") for _ in range(args.runs)]
                slow = [visit_slowly(browser, f"{base}/{name}") for _ in range(args.runs)]
            requests, size, usable = zip(*local, strict=True)
            page = results["pages"][name] = {
                "bytes": median(size),
                "requests": median(requests),
                "usable_ms": spread(usable),
                "usable_slow_ms": spread([ms for ms, _ in slow]),
            }
            results["hung"] += sum(hung for _, hung in slow)
            size, usable, slow = page["bytes"], page["usable_ms"]["median"], page["usable_slow_ms"]["median"]
            print(f"{size / 1000:7.0f} {page['requests']:9.0f} {usable:11.0f} {slow:15.0f}  {name}")
            save("pages", results, args.json)


if __name__ == "__main__":
    main()
