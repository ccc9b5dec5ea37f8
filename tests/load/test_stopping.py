"""A server that is asked to stop goes, whatever is under way in it; how fast, only the long job says."""

import asyncio
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psutil
import pytest

from tests.browser.app import Server, serving
from tests.load.sessions import Session

Wait = Callable[[Coroutine[Any, Any, Any]], Any]
BOUNDS = [pytest.param(240.0, id="stops"), pytest.param(5.0, id="in five seconds", marks=pytest.mark.long)]
LOG = "user_id,item_id\n" + "".join(f"u{n % 7},i{n % 11}\n" for n in range(60))


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path / "home") as running:
        yield running


def seconds_to_stop(server: Server) -> float:
    """From the signal until the process is gone."""
    start = time.monotonic()
    server.process.terminate()
    server.process.wait(240)
    return time.monotonic() - start


@contextmanager
def visitor(server: Server) -> Iterator[tuple[Session, Wait]]:
    """An open session that has seen a page, so that the server is warm; and the way to wait for what it does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait(what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, loop).result(240)

    session = wait(Session.open(port_of(server)))
    wait(session.visit("recommend", "user=reader-0001"))
    try:
        yield session, wait
    finally:
        wait(session.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def port_of(server: Server) -> int:
    return int(server.url.rsplit(":", 1)[1])


def begin_upload(server: Server, session: Session) -> socket.socket:
    """An upload of which one byte in a million has come."""
    with urllib.request.urlopen(f"{server.url}/_stcore/health") as answer:
        cookie = answer.headers["Set-Cookie"].split(";")[0]
    head = (
        f"PUT /_stcore/upload_file/{session.id}/f HTTP/1.1\r\nHost: 127.0.0.1:{port_of(server)}\r\n"
        f"Cookie: {cookie}\r\nX-Xsrftoken: {cookie.split('=', 1)[1]}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n-"
    )
    connection = socket.create_connection(("127.0.0.1", port_of(server)))
    connection.sendall(head.encode())
    return connection


@pytest.mark.parametrize("seconds", BOUNDS)
def test_an_upload_that_never_ends_does_not_hold_the_server(server, seconds):
    with visitor(server) as (session, _), closing(begin_upload(server, session)) as connection:
        connection.settimeout(1)
        with pytest.raises(TimeoutError):  # no answer yet: the server waits for the rest
            connection.recv(1)
        assert seconds_to_stop(server) <= seconds


@pytest.mark.parametrize("seconds", BOUNDS)
def test_a_file_that_is_being_read_does_not_hold_the_server_and_its_reader_ends_with_it(server, seconds):
    source = server.home / "staging" / "s-1" / "source"
    source.mkdir(parents=True)
    (source / "log.csv").write_text(LOG)
    with visitor(server) as (session, wait):
        wait(session.ask("data", "show=import&import=s-1"))
        reader = the_reader(server)
        reader.suspend()
        assert seconds_to_stop(server) <= seconds
        reader.resume()
        assert gone_within(reader, 2 * seconds)


def the_reader(server: Server) -> psutil.Process:
    """The child that reads an upload, once there is one."""
    end = time.monotonic() + 240
    while time.monotonic() < end:
        for child in psutil.Process(server.process.pid).children():
            if "gnnrec_core.data.apart.parsing_child" in child.cmdline():
                return child
        time.sleep(0.02)
    raise AssertionError("nothing was read")


def gone_within(process: psutil.Process, seconds: float) -> bool:
    """Whether it ends in time; where nobody collects orphans, a zombie has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False
