"""The server as it comes: which settings it has, whom it lets in, and that garbage collection costs nothing."""

import asyncio
import subprocess
import sys
import tomllib
import urllib.request
from urllib.error import HTTPError

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.browser.app import ROOT, serving

FROZEN = """
import gc, sys
from gnnrec_ui.server import cache
cache.warm.__wrapped__().join()
print(gc.get_freeze_count(), "torch" in sys.modules)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("settings")) as running:
        yield running


def test_the_settings_are_safe_as_they_come():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    server, client = config["server"], config["client"]
    assert server["address"] == "127.0.0.1"
    assert set(server["allowedHosts"]) == {"localhost", "127.0.0.1", "::1", "[::1]"}
    assert server["enableStaticServing"] is False and server["fileWatcherType"] == "none"
    assert server["enableXsrfProtection"] is True and server["enableCORS"] is True
    assert server["maxUploadSize"] == 500
    assert client["showErrorDetails"] == "none" and client["disableDataExport"] is True
    assert config["browser"]["gatherUsageStats"] is False
    assert config["runner"]["postScriptGC"] is False  # gnnrec_ui.server.garbage collects instead


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        (None, None, 101),
        (None, "http://localhost:{port}", 101),
        (None, "http://evil.invalid", 403),
        (None, "null", 403),
        ("evil.invalid", "http://evil.invalid", 403),
        ("evil.invalid:8501", None, 403),
        ("127.0.0.1.evil.invalid", "http://127.0.0.1.evil.invalid", 403),
    ],
)
def test_a_foreign_host_or_origin_gets_no_session(server, host, origin, status):
    assert asyncio.run(handshake(int(server.url.rsplit(":", 1)[1]), host, origin)) == status


async def handshake(port: int, host: str | None, origin: str | None) -> int:
    """The HTTP status of a WebSocket handshake that names this host and this origin."""
    try:
        async with connect(
            f"ws://{host}/_stcore/stream" if host else f"ws://127.0.0.1:{port}/_stcore/stream",
            host="127.0.0.1",
            port=port,
            subprotocols=["streamlit"],
            origin=origin.format(port=port) if origin else None,
            proxy=None,
        ):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_no_file_of_the_project_is_served(server):
    for path in ("app/static/app.py", "static/../app.py", "sample_data/classics/dataset.json", "..%2f..%2fapp.py"):
        try:
            with urllib.request.urlopen(f"{server.url}/{path}", timeout=240) as answer:
                body = answer.read()
        except HTTPError as refused:
            body = refused.read()
        assert b"shell.start" not in body and b"fingerprint" not in body


def test_what_was_imported_is_out_of_garbage_collection():
    done = subprocess.run([sys.executable, "-c", FROZEN], capture_output=True, text=True, check=True, cwd=ROOT)
    count, torch_is_there = done.stdout.split()[-2:]
    assert int(count) > 100_000 and torch_is_there == "True"
