"""Weigh and time each page of the built site in a real browser: python -m bench.pages

"Usable" is when the maths is typeset and every widget is drawn, starting with an empty cache.
"""

import argparse
from pathlib import Path
from statistics import median

from tests.site.browser import HTML, READY, chromium, page_names, serve

TEN_MBPS = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 5e6 / 8}


def visit(browser, url, network=None):
    """Load a page with an empty cache; return its bytes over the wire, requests and ms until usable."""
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    page, sizes = context.new_page(), []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    if network:
        session.send("Network.emulateNetworkConditions", network)
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(url)
    usable = page.evaluate(READY)
    page.wait_for_load_state("networkidle")
    context.close()
    return sum(sizes), len(sizes), usable


def main():
    """Print one row a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--html", type=Path, default=HTML, help="the built site (default: _build/html)")
    parser.add_argument("--runs", type=int, default=3, help="loads of each page, of which the median counts")
    args = parser.parse_args()
    print(f"{'KB':>7} {'requests':>9} {'usable, ms':>11} {'10 Mbps, 40 ms':>15}  page")
    with serve(args.html.resolve()) as base, chromium() as browser:
        for name in page_names(args.html):
            local = [visit(browser, f"{base}/{name}") for _ in range(args.runs)]
            slow = [visit(browser, f"{base}/{name}", TEN_MBPS)[2] for _ in range(args.runs)]
            size, requests, usable = map(median, zip(*local, strict=True))
            print(f"{size / 1000:7.0f} {requests:9.0f} {usable:11.0f} {median(slow):15.0f}  {name}")


if __name__ == "__main__":
    main()
