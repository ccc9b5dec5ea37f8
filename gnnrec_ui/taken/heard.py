"""What a page draws, heard on its way to the browser: so every page can be taken away, whatever it is drawn with.

`hearing()` is opened by the frame of each page. What cannot be read back from what is sent (a network, a chart whose
labels are shortened) is drawn inside `stands_for(blocks)`, which says what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from streamlit.proto.Block_pb2 import Block as Container
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx

from gnnrec_core.render.blocks import Block

MAIN = 0
"""The first number of a path on the page itself; the sidebar is 1."""
Make = Callable[[], tuple[Block, ...]]
Drawn = Element | Container | Make
Path = tuple[int, ...]


@dataclass
class Heard:
    """The elements and containers of one run of a page, in the order in which they were sent."""

    sent: list[tuple[Path, Drawn]] = field(default_factory=list)
    instead: Make | None = None
    _is_said: bool = False

    def note(self, message: ForwardMsg) -> None:
        """Keep what `message` draws on the page."""
        path = tuple(message.metadata.delta_path)
        if message.WhichOneof("type") != "delta" or path[:1] != (MAIN,):
            return
        if self.instead is None:
            kind = message.delta.WhichOneof("type")
            if kind == "new_element":
                self.sent.append((path, message.delta.new_element))
            elif kind == "add_block":
                self.sent.append((path, message.delta.add_block))
        elif not self._is_said:
            self._is_said = True
            self.sent.append((path, self.instead))

    def standing(self) -> list[tuple[Path, Drawn]]:
        """What stands on the page at the end, from top to bottom: what was sent to a place later took it over."""
        found: dict[Path, Drawn] = {}
        for path, drawn in self.sent:
            if path in found:
                found = {other: kept for other, kept in found.items() if other[: len(path)] != path}
            found[path] = drawn
        return sorted(found.items(), key=lambda entry: entry[0])

    @contextmanager
    def replaced(self, make: Make) -> Iterator[None]:
        """Within the block, note what `make` gives once, where the first thing is drawn, and not what is drawn."""
        self.instead, self._is_said = make, False
        try:
            yield
        finally:
            self.instead = None


_HEARD: ContextVar[Heard | None] = ContextVar("heard", default=None)


@contextmanager
def hearing() -> Iterator[Heard]:
    """Within the block, all that this run of the page sends to its browser is heard, and sent on as it is."""
    heard, context = Heard(), get_script_run_ctx()
    if context is None:
        yield heard
        return
    send = context.enqueue

    def hear(message: ForwardMsg) -> None:
        heard.note(message)
        send(message)

    token = _HEARD.set(heard)
    vars(context)["enqueue"] = hear  # Streamlit offers no other way to hear it; a test of every page holds it to this
    try:
        yield heard
    finally:
        del vars(context)["enqueue"]
        _HEARD.reset(token)


@contextmanager
def stands_for(make: Make) -> Iterator[None]:
    """What is drawn within the block is what `make` says, where the view is taken away; `make` is called then."""
    heard = _HEARD.get()
    if heard is None or heard.instead is not None:
        yield
        return
    with heard.replaced(make):
        yield
