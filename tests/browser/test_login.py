"""Logging in at a real OpenID Connect provider (a process of its own), and what each role may do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from gnnrec_core.base.text import WORD_JOINER
from tests.browser.app import PAGES, PATIENCE, Server, serving, visiting

expect.set_options(timeout=PATIENCE)
PEOPLE = {"ann": ["lens-editors"], "vera": ["staff"], "mallory": ["strangers"]}


@contextmanager
def provider() -> Iterator[str]:
    """The address of a provider that knows `PEOPLE` with their groups."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    users = [
        f'--user-claims={{"sub": "{name}", "email": "{name}@lens.org", "groups": ["{groups[0]}"]}}'
        for name, groups in PEOPLE.items()
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", f"--port={port}", *users],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{url}/.well-known/openid-configuration", timeout=2):
                    break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("guarded")
    secrets = folder / "secrets.toml"
    with provider() as url:
        secrets.write_text(
            f"""
[auth]
redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
cookie_secret = "{"0123456789abcdef" * 2}"
client_id = "lens"
client_secret = "secret"
server_metadata_url = "{url}/.well-known/openid-configuration"
client_kwargs = {{ scope = "openid profile email" }}

[roles]
claim = "groups"
editor = ["lens-editors"]
viewer = ["staff"]
""",
            encoding="utf-8",
        )
        with serving(folder / "home", options=(f"--secrets.files={secrets}",)) as running:
            yield running


@contextmanager
def logged_in(browser: Browser, server: Server, name: str) -> Iterator[Page]:
    """A window of somebody who has gone the whole way: our button, the provider's form, and back."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)

    def only_here(route: Route) -> None:
        if route.request.url.startswith("http://127.0.0.1:"):
            route.continue_()
        else:
            route.abort()  # the provider's form is dressed from the network

    context.route("**/*", only_here)
    page = context.new_page()
    try:
        page.goto(server.url)
        page.get_by_role("button", name="Log in").click()
        page.locator("input[name=sub]").fill(name)
        page.get_by_role("button", name="Authorize").click()
        page.wait_for_url(f"{server.url}/**")
        yield page
    finally:
        context.close()


def test_who_is_not_logged_in_sees_nothing_on_any_page(browser: Browser, guarded: Server) -> None:
    with visiting(browser, guarded) as visitor:
        for path in PAGES:
            visitor.open(path)
            said = visitor.page.inner_text("body")
            assert "Log in" in said and "Dataset" not in said and "lassic" not in said, path


def test_an_editor_may_train(browser: Browser, guarded: Server) -> None:
    with logged_in(browser, guarded, "ann") as page:
        expect(page.get_by_text(f"ann@{WORD_JOINER}lens.org · editor")).to_be_visible()
        page.goto(f"{guarded.url}/train?model=popularity")
        page.get_by_role("button", name="Start training").click()
        page.get_by_role("button", name="Train it all the same").click()  # the sample has such a run
        expect(page.get_by_text("The same training")).to_have_count(0)
        page.wait_for_function("document.body.innerText.includes('finished')")
    assert list((guarded.home / "runs").glob("r-*/run.json"))


def test_a_viewer_sees_all_pages_changes_nothing_and_is_told_so(browser: Browser, guarded: Server) -> None:
    before = sorted((guarded.home / "runs").glob("*"))
    with logged_in(browser, guarded, "vera") as page:
        expect(page.get_by_text(f"vera@{WORD_JOINER}lens.org · viewer")).to_be_visible()
        for path in PAGES:
            page.goto(f"{guarded.url}/{path}")
            expect(page.get_by_text(f"vera@{WORD_JOINER}lens.org · viewer")).to_be_visible()
            expect(page.get_by_text("Something went wrong")).to_have_count(0)
        page.goto(f"{guarded.url}/train?model=popularity")
        expect(page.get_by_role("button", name="Start training")).to_be_disabled()
        expect(page.get_by_text("Your role on this server is viewer").first).to_be_visible()
        page.goto(f"{guarded.url}/data?show=import")
        expect(page.get_by_text("none is imported")).to_be_visible()
        page.get_by_role("button", name="Log out").click()
        page.get_by_role("button", name="End session").click()  # the provider asks too
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
        page.goto(f"{guarded.url}/train")
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert sorted((guarded.home / "runs").glob("*")) == before


def test_whom_the_provider_knows_and_no_list_names_sees_nothing(browser: Browser, guarded: Server) -> None:
    with logged_in(browser, guarded, "mallory") as page:
        expect(page.get_by_text("you have no role on this server")).to_be_visible()
        expect(page.get_by_text("Dataset")).to_have_count(0)


def test_a_cookie_that_the_server_has_not_signed_is_no_login(browser: Browser, guarded: Server) -> None:
    with logged_in(browser, guarded, "ann") as page:
        cookies = page.context.cookies()
    forged = [{**cookie, "value": cookie["value"][::-1]} for cookie in cookies]
    with visiting(browser, guarded) as visitor:
        visitor.page.context.add_cookies(forged)
        visitor.open("train")
        assert "Log in" in visitor.page.inner_text("body") and "Start training" not in visitor.text()
    assert Path(guarded.home / "runs").is_dir()
