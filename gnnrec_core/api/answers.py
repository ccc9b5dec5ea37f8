"""`Answer`: what every verb of the facade returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnnrec_core.base.files import refuse_existing, write_bytes
from gnnrec_core.base.terminal import say_lines
from gnnrec_core.base.text import for_html
from gnnrec_core.render import html, terminal
from gnnrec_core.render.blocks import Section

if TYPE_CHECKING:
    import pandas as pd

REPR_LINES = 12


@dataclass(frozen=True, repr=False)
class Answer:
    """An answer as a table, as JSON, as text, as a picture and as a page; `value` is the library's own result.

    `rows` are those of `to_frame()`, `content` is what `to_dict()` returns: the object that the command line prints
    with `--json`. `sections` hold the same for people, drawn once for terminal, notebook and file. Rows, sections,
    picture and graph are made when they are first asked for.
    """

    title: str
    value: Any
    content: dict[str, Any]
    rows: Callable[[], Iterable[dict[str, Any]]]
    blocks: Callable[[], tuple[Section, ...]]
    draw: Callable[[], Any] | None = None
    network: Callable[[], Any] | None = None

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """Headings with their blocks."""
        return self.blocks()

    def of(self, run: str | Path) -> Answer:
        """The same, with the name of the run first in its JSON."""
        return replace(self, content={"run": str(run), **self.content})

    def to_frame(self) -> pd.DataFrame:
        """The main table, ids and titles as text, one row an item, part, figure or group."""
        import pandas as pd

        return pd.DataFrame(list(self.rows()))

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of the command line: plain numbers, texts, lists; no NaN (None instead)."""
        from gnnrec_core.base.plain import plain

        found: dict[str, Any] = plain(self.content)
        return found

    def figure(self) -> Any:
        """The picture as a plotly figure; UnsupportedError where this answer has none."""
        from gnnrec_core.base.errors import UnsupportedError

        if self.draw is None:
            raise UnsupportedError("This answer has no picture.", "Print it, or call to_frame().")
        return self.draw()

    def to_networkx(self) -> Any:
        """An explanation as a `networkx.MultiGraph` (`render.graph_export`); UnsupportedError for other answers."""
        from gnnrec_core.base.errors import UnsupportedError

        if self.network is None:
            raise UnsupportedError("This answer has no graph.", "Ask an explanation, or call to_frame().")
        return self.network()

    def show(self) -> None:
        """Draw it: the picture where there is one, else its text."""
        if self.draw is None:
            say_lines(str(self))
        else:
            self.figure().show()

    def save(self, path: str | Path, overwrite: bool = False) -> Path:
        """Write one self-contained HTML page that opens offline; its path. RequestError where the file exists."""
        file = Path(path)
        refuse_existing(file, overwrite)
        write_bytes(file, html.page(self.title, self.sections).encode("utf-8", "replace"))
        return file

    def __str__(self) -> str:
        return f"{self.title}\n\n{terminal.text(self.sections)}"

    def __repr__(self) -> str:
        lines = str(self).splitlines()
        more = len(lines) - REPR_LINES
        return "\n".join(lines[:REPR_LINES] + ([f"  … {more} more lines: print() shows all"] if more > 0 else []))

    def _repr_html_(self) -> str:
        return f"<h3>{for_html(self.title)}</h3>\n{html.fragment(self.sections)}"
