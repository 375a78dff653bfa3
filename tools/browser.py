"""A static server with gzip and a Chromium, shared by the browser tests and bench/pages.py."""

import gzip
import mimetypes
import os
import shutil
import threading
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build/html")).resolve()
CHROMIUM = os.environ.get("CHROMIUM", "chromium-headless-shell")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]

# Resolves once the page and its interactive figures are there, with the milliseconds since navigation.
READY = """async () => {
  if (document.readyState !== "complete") await new Promise((done) => addEventListener("load", done));
  const bare = [...document.querySelectorAll(".explore")].filter((figure) => !figure.shadowRoot);
  if (bare.length) throw new Error(`an interactive figure was not drawn: ${bare[0].ariaLabel}`);
  return performance.now();
}"""


def page_names(html=HTML):
    """Return the path of each page of the site, relative to its folder; 404.html is none of them."""
    names = (p.relative_to(html) for p in html.rglob("*.html") if p.name != "404.html")
    return sorted(n.as_posix() for n in names if not n.parts[0].startswith("_"))


def file_of(html, url):
    """Return the file that a static host sends for an address."""
    path = html / unquote(urlsplit(url).path).lstrip("/")
    return path / "index.html" if path.is_dir() else path


@contextmanager
def serve(html=HTML, prefix="", headers=(), edit=bytes):
    """Serve a folder on a free local port, compressed as any real host would; yield its address.

    As on GitHub Pages, the folder's 404.html answers for what is missing.

    Args:
        html: the folder.
        prefix: the path below which it is served.
        headers: pairs of more headers for each answer.
        edit: what becomes of each page's bytes.
    """

    @cache
    def body(path):
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        packed = kind.startswith("text/") or kind.endswith(("javascript", "json", "svg+xml"))
        data = edit(path.read_bytes()) if kind == "text/html" else path.read_bytes()
        return kind, packed, gzip.compress(data, 6) if packed else data

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept

        def do_GET(self):
            inside = self.path.startswith(f"{prefix}/")
            file = file_of(html, self.path.removeprefix(prefix))
            if not (found := inside and file.is_file()):
                file = html / "404.html"
            if not inside or not file.is_file():
                self.send_error(404)
                return
            kind, packed, data = body(file)
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            if packed:
                self.send_header("Content-Encoding", "gzip")
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # a page that is left breaks its requests off
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
        server.shutdown()


@contextmanager
def chromium(*flags):
    """Start Chromium without a window, with more flags: Debian's, or the one that CHROMIUM names.

    The headless shell is Chromium without its own window, menus and extensions: the same pages come of the
    same engine, and a new page costs a quarter of the time.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=[*FLAGS, *flags])
        yield browser
        browser.close()


AXE = ROOT / "node_modules/axe-core/axe.min.js"
OF_PAGES = ["region", "landmark-one-main", "page-has-heading-one"]  # which a figure alone does not have
# Neither selectors nor style sheets are looked for: a fifth of its time. Half of the rest went into letters
# whose colors it had seen: of the blocks of code on one ground, those keep theirs in which one is new. They
# lose the shade at their ends, on which axe does not know what the letters stand on.
FAULTS = """async ([only, rules]) => {
  const seen = new Set(), plain = [];
  for (const pre of document.querySelectorAll(".highlight pre")) {
    const ground = pre.closest(".highlight").parentElement.className;
    const colors = [...pre.querySelectorAll("span")].map((e) => `${ground} ${e.className}`);
    if (colors.every((color) => seen.has(color))) {
      plain.push([pre, [...pre.childNodes]]);
      pre.replaceChildren(pre.textContent);
    }
    pre.style.backgroundImage = "none";
    colors.forEach((color) => seen.add(color));
  }
  const ends = (animation) => animation.effect.getComputedTiming().endTime < Infinity;
  document.getAnimations().filter(ends).forEach((animation) => animation.finish()); // what fades in is there
  const found = await axe.run(document, {
    resultTypes: ["violations"], selectors: false, preload: false, rules, ...(only && { runOnly: only }),
  });
  plain.forEach(([pre, nodes]) => pre.replaceChildren(...nodes));
  document.querySelectorAll(".highlight pre").forEach((pre) => pre.style.removeProperty("background-image"));
  return found.violations.map((rule) => [rule.id, rule.nodes.map((node) => node.html)]);
}"""


def axe(page, only=None, without=()):
    """Return what axe-core finds wrong with a page: each broken rule, and the elements that break it.

    Args:
        page: a page of Playwright's.
        only: the rules to hold it against; without them, all.
        without: the rules not to.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    return page.evaluate(FAULTS, [only, {rule: {"enabled": False} for rule in without}])


# What a page that was opened with an empty cache has fetched: requests, and bytes with their headers.
FETCHED = """() => {
  const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const fetched = all.filter((entry) => entry.name.startsWith("http"));
  return [fetched.length, fetched.reduce((sum, entry) => sum + entry.transferSize, 0)];
}"""
