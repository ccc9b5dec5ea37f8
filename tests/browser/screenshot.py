"""The picture in the README: the real app with the case that its Explain page opens on."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.app import ROOT, chromium, serving, visiting

TARGET = ROOT / "docs" / "screenshot.png"


def main() -> None:
    """Start the app, open the Explain page, take the picture."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        with visiting(browser, server) as visitor:
            page = visitor.open("explain")
            visitor.no_error()
            page.set_viewport_size({"width": 1280, "height": 1340})
            page.locator("text.bartext").first.wait_for(state="attached")
            page.wait_for_timeout(1000)
            page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
