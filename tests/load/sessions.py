"""Visitors without a browser: WebSocket clients that speak Streamlit's protocol, many at once."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
from google.protobuf import text_format
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

QUIET_SECONDS = 0.6
"""A run is over when the script has finished (not to run again at once) and nothing follows for this long."""
_OWN_PER_SESSION = re.compile(r"(deferred_file_id|url): \"[^\"]*\"")


@dataclass(frozen=True)
class Seen:
    """What one run of a page sent: every element, the bytes, and the seconds to the last finish."""

    sent: tuple[Element, ...]
    n_bytes: int
    seconds: float

    @cached_property
    def elements(self) -> tuple[str, ...]:
        """Every element as text, sorted. Made when asked for, so that it takes no time from those who wait."""
        return tuple(sorted(map(_as_text, self.sent)))


class Session:
    """One open connection, that is, one browser tab. Each `visit` is a run of the whole script.

    The server knows the session by `id`.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._kept: dict[str, bytes] = {}
        self.id = ""

    @classmethod
    async def open(cls, port: int) -> Session:
        """Connect as a browser on this machine does."""
        address = f"127.0.0.1:{port}"
        connection = await connect(
            f"ws://{address}/_stcore/stream", subprotocols=["streamlit"], origin=f"http://{address}", max_size=None
        )
        return cls(connection)

    async def visit(self, page: str, query: str = "", patience: float = 240) -> Seen:
        """Open `page` with this query string and read until it is drawn."""
        start = time.perf_counter()
        await self.ask(page, query)
        sent: list[Element] = []
        n_bytes, finished = 0, None
        while True:
            try:
                raw = await asyncio.wait_for(self._connection.recv(), patience if finished is None else QUIET_SECONDS)
            except TimeoutError:
                if finished is None:
                    raise
                return Seen(tuple(sent), n_bytes, finished)
            answer = self._whole(raw)
            n_bytes += len(raw)
            kind = answer.WhichOneof("type")
            if kind == "new_session":
                sent, finished = [], None
                self.id = answer.new_session.initialize.session_id
            elif kind == "script_finished" and answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                finished = time.perf_counter() - start
            elif kind == "delta" and answer.delta.WhichOneof("type") == "new_element":
                sent.append(answer.delta.new_element)

    async def ask(self, page: str, query: str = "") -> None:
        """Ask for `page` with this query string, and read nothing."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = page
        message.rerun_script.cached_message_hashes.extend(self._kept)
        await self._connection.send(message.SerializeToString())

    async def until(self, page: str, query: str, said: str, patience: float = 120) -> None:
        """Open `page` and read until something on it says this."""
        await self.ask(page, query)
        while (
            said.encode()
            not in self._whole(await asyncio.wait_for(self._connection.recv(), patience)).SerializeToString()
        ):
            pass

    def _whole(self, raw: bytes) -> ForwardMsg:
        """The message itself where the server sent a reference to it; large ones are kept, as a browser does."""
        answer = ForwardMsg.FromString(raw)
        if answer.WhichOneof("type") == "ref_hash":
            return ForwardMsg.FromString(self._kept[answer.ref_hash])
        if answer.metadata.cacheable:
            self._kept[answer.hash] = raw
        return answer

    async def close(self) -> None:
        """Close the tab."""
        await self._connection.close()


def _as_text(element: Element) -> str:
    """An element as text; a table as its cells, since padding bytes of Arrow data differ from run to run."""
    cells = ""
    if element.WhichOneof("type") == "dataframe":
        with pa.ipc.open_stream(element.dataframe.arrow_data.data) as reader:
            cells = str(reader.read_all().to_pydict())
        element = Element.FromString(element.SerializeToString())
        element.dataframe.arrow_data.Clear()
    return _OWN_PER_SESSION.sub("", text_format.MessageToString(element, as_utf8=True)) + cells


async def visit_together(port: int, visits: list[tuple[str, str]], rounds: int) -> list[list[Seen]]:
    """One session per (page, query), all open at once, each visiting its page `rounds` times at the same moments."""
    sessions = await asyncio.gather(*(Session.open(port) for _ in visits))
    try:
        results = []
        for _ in range(rounds):
            runs = (session.visit(page, query) for session, (page, query) in zip(sessions, visits, strict=True))
            results.append(await asyncio.gather(*runs))
        return [list(runs) for runs in zip(*results, strict=True)]
    finally:
        await asyncio.gather(*(session.close() for session in sessions))
