"""Firefox and WebKit, each driven by its own protocol, for tests that hold in every browser.

Playwright brings browsers of its own, patched and not Debian's; its newest release speaks to a plain
Firefox in words that this does not know yet. What a sweep needs is little: open, resize, run a script,
press a key. Firefox is spoken to in WebDriver BiDi, over a socket; WebKit in WebDriver, through
WebKitWebDriver (no Safari, but its engine). Chromium stays with Playwright: tools/browser.py.
"""

import base64
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import ClassVar

import websocket

FIREFOX = os.environ.get("FIREFOX", "firefox-esr")
KEYS = {"ArrowRight": "\ue014", "ArrowLeft": "\ue012", "Home": "\ue011", "End": "\ue010", "Enter": "\ue007"}
KEYS |= {"PageUp": "\ue00e", "PageDown": "\ue00f", "Space": "\ue00d", "Tab": "\ue004"}
LIMIT = 60  # seconds until an answer must be there


def strokes(keys):
    """Return the actions of a keyboard that presses these keys, in the words of both protocols."""
    pressed = [KEYS.get(key, key) for key in keys]
    actions = [{"type": kind, "value": key} for key in pressed for kind in ("keyDown", "keyUp")]
    return [{"type": "key", "id": "keyboard", "actions": actions}]


def asked(function, arguments):
    """Return JavaScript that calls a function and gives what it returns, a promise or not, as JSON."""
    values = ", ".join(json.dumps(value) for value in arguments)
    return f"(async () => JSON.stringify((await ({function})({values})) ?? null))()"


class Firefox:
    """Debian's Firefox without a window."""

    name = "firefox"
    PREFERENCES: ClassVar = {
        "ui.prefersReducedMotion": 1,
        "ui.useOverlayScrollbars": 1,  # as on telephones: a viewport of 400 pixels has all of them
        "widget.gtk.overlay-scrollbars.enabled": True,
        "accessibility.tabfocus": 7,
        "network.prefetch-next": False,
        # Readers have it on; a browser that is driven has it off unless told.
        "security.fileuri.strict_origin_policy": True,
        "browser.shell.checkDefaultBrowser": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        "toolkit.telemetry.reportingpolicy.firstRun": False,
        "app.update.auto": False,
    }

    def __init__(self, dark=False):
        """Start it with a new profile; `dark` as a reader's system may be."""
        self.profile = Path(tempfile.mkdtemp(prefix="firefox-"))
        wanted = {**self.PREFERENCES, "layout.css.prefers-color-scheme.content-override": 0 if dark else 1}
        lines = (f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in wanted.items())
        (self.profile / "user.js").write_text("".join(lines), "utf-8")
        options = ["--headless", "--no-remote", "--remote-debugging-port=0", "--profile", self.profile]
        environment = {**os.environ, "HOME": str(self.profile), "MOZ_CRASHREPORTER_DISABLE": "1"}
        self.process = subprocess.Popen(
            [shutil.which(FIREFOX), *options],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=environment,
        )
        address = next(filter(None, (re.search(rb"ws://\S+", line) for line in self.process.stderr)))[
            0
        ].decode()
        self.socket = websocket.create_connection(f"{address}/session", timeout=LIMIT, suppress_origin=True)
        self.count = 0
        self.send("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": False}})
        # Unlike the first page, a new one has the focus: Enter presses buttons there.
        self.page = self.send("browsingContext.create", type="tab")["context"]
        self.send("browsingContext.activate", context=self.page)

    def send(self, method, **params):
        """Ask for something and return the answer."""
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv())).get("id") != self.count:
            pass  # an event
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        return answer["result"]

    def open(self, url):
        """Open a page and wait for all that it loads."""
        self.send("browsingContext.navigate", context=self.page, url=url, wait="complete")

    def resize(self, width, height):
        """Give the page so many pixels."""
        self.send(
            "browsingContext.setViewport", context=self.page, viewport={"width": width, "height": height}
        )

    def run(self, function, *arguments):
        """Return what a function of JavaScript returns."""
        target = {"context": self.page}
        said = self.send(
            "script.evaluate", expression=asked(function, arguments), target=target, awaitPromise=True
        )
        if said["type"] == "exception":
            raise RuntimeError(said["exceptionDetails"]["text"])
        return json.loads(said["result"]["value"])

    def press(self, *keys):
        """Press keys where the focus is."""
        self.send("input.performActions", context=self.page, actions=strokes(keys))

    def pdf(self):
        """Return the page as it is printed."""
        sheet = {"width": 21, "height": 29.7}
        return base64.b64decode(self.send("browsingContext.print", context=self.page, page=sheet)["data"])

    def close(self):
        """End it."""
        with contextlib.suppress(OSError, websocket.WebSocketException, RuntimeError):
            self.send("browser.close")
        self.socket.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.stderr.close()
        shutil.rmtree(self.profile, ignore_errors=True)


class WebKit:
    """WebKitGTK in a window of tools/webkit_window.py, on a screen of its own."""

    name = "webkit"
    pdf = None  # its driver prints nothing

    def __init__(self, dark=False):
        """Start the screen, the driver and the window."""
        read, write = os.pipe()
        screen = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1200x24", "-nolisten", "tcp"]
        self.screen = subprocess.Popen(screen, pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as answer:
            display = f":{answer.readline().strip()}"
        self.home = tempfile.mkdtemp(prefix="webkit-")
        environment = {**os.environ, "DISPLAY": display, "WEBKIT_DARK": str(int(dark)), "HOME": self.home}
        environment |= {
            "GDK_BACKEND": "x11",
            "NO_AT_BRIDGE": "1",
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
        }
        port = free_port()
        self.driver = subprocess.Popen(
            ["WebKitWebDriver", f"--port={port}"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.address = f"http://127.0.0.1:{port}"
        window = Path(__file__).with_name("webkit_window.py")
        options = {"binary": str(window), "args": []}
        wanted = {"browserName": "book", "browserVersion": "1.0", "webkitgtk:browserOptions": options}
        until = time.monotonic() + LIMIT
        while True:
            try:
                answer = self.send("POST", "/session", capabilities={"alwaysMatch": wanted})
                break
            except urllib.error.URLError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        self.address += f"/session/{answer['sessionId']}"
        self.send("POST", "/timeouts", script=LIMIT * 1000, pageLoad=LIMIT * 1000)

    def send(self, method, path, **body):
        """Ask for something and return the answer."""
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(
            self.address + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=LIMIT) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {json.load(error)['value']['message']}") from None

    def open(self, url):
        """Open a page and wait for all that it loads."""
        self.send("POST", "/url", url=url)

    def resize(self, width, height):
        """Give the page so many pixels."""
        self.send("POST", "/window/rect", x=0, y=0, width=width, height=height)
        until = time.monotonic() + 3
        while self.run("() => [innerWidth, innerHeight]") != [width, height]:
            if time.monotonic() > until:
                raise RuntimeError(f"The window does not become {width} by {height} pixels.")
            time.sleep(0.03)

    def run(self, function, *arguments):
        """Return what a function of JavaScript returns."""
        script = (
            f"const done = arguments[0]; {asked(function, arguments)}.then(done, (e) => done(`!${{e}}`));"
        )
        said = self.send("POST", "/execute/async", script=script, args=[])
        if said.startswith("!"):
            raise RuntimeError(said)
        return json.loads(said)

    def press(self, *keys):
        """Press keys where the focus is."""
        self.send("POST", "/actions", actions=strokes(keys))

    def close(self):
        """End it."""
        with contextlib.suppress(OSError, RuntimeError):
            self.send("DELETE", "")
        for process in (self.driver, self.screen):
            process.terminate()
            process.wait(10)
        shutil.rmtree(self.home, ignore_errors=True)


def free_port():
    """Return the number of a port that nobody uses."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def missing(browser):
    """Say in a sentence what a browser lacks on this machine; None if it can start."""
    if browser is Firefox:
        return None if shutil.which(FIREFOX) else "Firefox is not installed: sudo apt install firefox-esr"
    needed = "webkit2gtk-driver xvfb python3-gi gir1.2-webkit2-4.1"
    window = "import gi; gi.require_version('WebKit2', '4.1')"
    found = all(map(shutil.which, ("WebKitWebDriver", "Xvfb", "/usr/bin/python3")))
    if found and not subprocess.run(["/usr/bin/python3", "-c", window], capture_output=True).returncode:
        return None
    return f"WebKit is not installed: sudo apt install {needed}"
