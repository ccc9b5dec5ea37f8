"""One browser and one server for all browser tests; a clear skip where there is no Chromium."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.app import Server, Visitor, chromium, serving, visiting

Visit = Callable[..., AbstractContextManager[Visitor]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        message = "No Chromium: run `sudo apt-get install chromium` (Debian, Ubuntu), then `make test` again."
        if os.environ.get("GNNREC_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("app") / "home") as running:
        yield running


@pytest.fixture
def visit(browser: Browser, server: Server) -> Visit:
    """`with visit(scheme="dark", width=390) as visitor:`"""
    return partial(visiting, browser, server)
