"""The real app in a real browser: a server of its own, a visitor who is watched, and what axe says of a page."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, TimeoutError

from gnnrec_ui.frame.screens import SCREENS

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
SCREENSHOTS = Path(__file__).parent / "screenshots"
PAGES = tuple("" if name == "home" else name for name in SCREENS)
"""URL paths of all pages; the first is Home."""
SETTLED = """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner]')"""
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
PATIENCE = 240_000
"""Milliseconds that anything may take: the machine may be busy, and what is slow is for the benchmarks to say."""
PROBE = re.compile(r"/[a-z_]+/_stcore/(health|host-config)$")
"""Streamlit's own client asks below a page's path whether the app lies there, and a "no" (404) is its answer: the
browser logs that for every deep link into any app with several pages, and no setting turns it off."""


def chromium() -> str | None:
    """The browser to drive, or None where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    return None


@dataclass
class Server:
    """A running app. `home` is its workspace."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def serving(home: Path, script: str = "app.py", options: tuple[str, ...] = (), **environment: str) -> Iterator[Server]:
    """The app (or another `script`) on a free port with `home` as its workspace; stopped with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home.mkdir(parents=True, exist_ok=True)
    log = home / "server.log"
    words = [sys.executable, "-m", "streamlit", "run", script, "--server.headless=true", f"--server.port={port}"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*words, "--server.fileWatcherType=none", *options],
            cwd=ROOT,
            stdout=out,
            stderr=out,
            env={**os.environ, "GNNREC_HOME": str(home), **environment},
        )
    server = Server(f"http://127.0.0.1:{port}", home, process, log)
    try:
        _wait_until_healthy(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_healthy(server: Server, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert server.process.poll() is None, server.log.read_text()
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2) as answer:
                if answer.read() == b"ok":
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start: {server.log.read_text()}")


@dataclass
class Visitor:
    """One browser window on the app. Everything that it may not do is written down in `wrong`."""

    server: Server
    page: Page
    wrong: list[str] = field(default_factory=list)

    def open(self, path: str = "") -> Page:
        """Go to a page of the app and wait until it is drawn."""
        self.page.goto(f"{self.server.url}/{path}")
        return self.settle()

    def settle(self) -> Page:
        """Wait until the script has ended, a rerun that may follow at once too, and no placeholder is left."""
        self.page.wait_for_selector("[data-testid=stApp]", state="attached")
        for _ in range(3):
            self.page.wait_for_timeout(150)
            self.page.wait_for_function(SETTLED)
        return self.page

    def drop(self, *files: Path) -> Page:
        """Drop files on the uploader, again where the page was drawn anew in that moment, and wait for the answer."""
        for _ in range(4):
            self.page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", list(files))
            try:
                self.page.wait_for_url("**import=s-*", timeout=PATIENCE)
                return self.settle()
            except TimeoutError:
                continue
        raise AssertionError("the uploader took no file")

    def text(self) -> str:
        """What the page says."""
        return self.page.inner_text("[data-testid=stMain]")

    def no_error(self) -> None:
        """No red box, no traceback."""
        assert self.page.locator("[data-testid=stException]").count() == 0, self.text()
        assert "Something went wrong" not in self.text(), self.server.log.read_text()[-3000:]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        script = """() => { const main = document.querySelector('[data-testid=stMain]');
            return Math.max(main.scrollWidth - main.clientWidth,
                            document.documentElement.scrollWidth - document.documentElement.clientWidth) }"""
        return int(self.page.evaluate(script))

    def accessibility(self) -> list[str]:
        """Serious and critical findings of axe-core, one line each."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate(
            "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})",
            list(RULES),
        )
        return [
            f"{entry['id']} ({entry['impact']}): {node['target']} {node['html'][:160]}"
            for entry in found["violations"]
            if entry["impact"] in ("serious", "critical")
            for node in entry["nodes"]
        ]

    def shot(self, name: str, whole: bool = True) -> None:
        """A picture for people, written where `GNNREC_SCREENSHOTS` is set."""
        if os.environ.get("GNNREC_SCREENSHOTS"):
            SCREENSHOTS.mkdir(exist_ok=True)
            if whole:  # Streamlit scrolls an inner element, so the window grows to what there is
                height = int(self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight"))
                size = self.page.viewport_size or {"width": 1280, "height": 900}
                self.page.set_viewport_size({"width": size["width"], "height": min(max(height, 900), 6000)})
                self.page.wait_for_timeout(400)
                self.page.screenshot(path=SCREENSHOTS / f"{name}.png")
                self.page.set_viewport_size({"width": size["width"], "height": size["height"]})
            else:
                self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@contextmanager
def visiting(browser: Browser, server: Server, scheme: str = "light", width: int = 1280) -> Iterator[Visitor]:
    """A fresh window; at the end it fails on console errors, page errors and requests to other hosts."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        accept_downloads=True,
    )
    try:
        context.set_default_timeout(PATIENCE)
        visitor = Visitor(server, context.new_page())
        _watch(context, visitor)
        yield visitor
        assert not visitor.wrong, "\n".join(visitor.wrong)
    finally:
        context.close()


def _watch(context: BrowserContext, visitor: Visitor) -> None:
    own = urlsplit(visitor.server.url).netloc

    def guard(route: Route) -> None:
        parts = urlsplit(route.request.url)
        if parts.netloc == own or parts.scheme in ("data", "blob", "about"):
            route.continue_()
        else:
            visitor.wrong.append(f"request to another host: {route.request.url}")
            route.abort("blockedbyclient")

    def listen(message: ConsoleMessage) -> None:
        source = message.location["url"]
        ours = "ERR_BLOCKED_BY_CLIENT" in message.text or PROBE.search(urlsplit(source).path)
        if message.type == "error" and not ours:
            visitor.wrong.append(f"console error on {visitor.page.url}: {message.text} {source}")

    context.route("**/*", guard)
    visitor.page.on("console", listen)
    visitor.page.on("pageerror", lambda error: visitor.wrong.append(f"page error on {visitor.page.url}: {error}"))
