"""What was heard of a page as sections of blocks: every kind of content that Streamlit draws, read back from what it
sends. Controls are left out: what was chosen stands in the address."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd
import plotly.io as pio
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.Block_pb2 import Block as Container
from streamlit.proto.Dataframe_pb2 import Dataframe
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.Metric_pb2 import Metric

from gnnrec_core.base.checked import parse
from gnnrec_core.base.text import for_option
from gnnrec_core.render.blocks import Block, Chart, Section, Table, Text, Verdict
from gnnrec_core.render.charts.chart_data import chart_table
from gnnrec_ui.taken.heard import Heard, Path
from gnnrec_ui.taken.words import paragraphs, plain

FIRST = "At a glance"
"""What stands before the first heading."""
MOST_ROWS = 1000
SHORT = 90
"""Letters of a line in bold that is a heading rather than a sentence."""
FIGURES = ("figure", "value", "range or change", "what it is")
UNREAD = (
    "vega_lite_chart",
    "deck_gl_json_chart",
    "graphviz_chart",
    "echarts_chart",
    "imgs",
    "video",
    "audio",
    "iframe",
)
"""Content that is not read back: the file says so. Other unknown kinds are controls."""


class Reading:
    """Sections as they grow while the page is read from top to bottom.

    What is folded away (expanders) and what lies in tabs gets a section after the one that it stands in.
    """

    def __init__(self) -> None:
        self.title = ""
        self.sections: list[tuple[str, list[Block]]] = [(FIRST, [])]
        self.at = 0
        """The place of the section at hand."""
        self._figures: list[tuple[str, ...]] = []

    def heading(self, title: str) -> None:
        """Begin a section."""
        self.go_to(len(self.sections))
        self.sections.append((title, []))

    def go_to(self, place: int) -> None:
        """Go on with the section at `place`."""
        self.flush()
        self.at = place

    def add(self, *blocks: Block) -> None:
        """Put blocks into the section at hand."""
        self.flush()
        self.sections[self.at][1].extend(blocks)

    def figure(self, metric: Metric) -> None:
        """A large figure: those that stand beside each other become one table."""
        texts = (metric.label, metric.body, metric.delta, metric.help)
        self._figures.append(tuple(plain(text) for text in texts))

    def flush(self) -> None:
        """Write the table of the figures that were met last."""
        if self._figures:
            kept = [place for place in range(len(FIGURES)) if place < 2 or any(row[place] for row in self._figures)]
            rows = tuple(tuple(row[place] for place in kept) for row in self._figures)
            self.sections[self.at][1].append(Table(tuple(FIGURES[place] for place in kept), rows))
            self._figures = []


def read_back(heard: Heard) -> tuple[str, tuple[Section, ...]]:
    """The heading of the page ("" where it has none) and what stands under each of its headings."""
    reading = Reading()
    inside: list[tuple[Path, int]] = []  # the expanders and tabs around, with the section to come back to
    closed: Path | None = None  # a popover: it lies over the page and is no part of it
    for path, drawn in heard.standing():
        if closed is not None and path[: len(closed)] == closed:
            continue
        while inside and path[: len(inside[-1][0])] != inside[-1][0]:
            reading.go_to(inside.pop()[1])
        if isinstance(drawn, Element):
            _element(reading, drawn)
        elif not isinstance(drawn, Container):
            reading.add(*drawn())
        elif drawn.WhichOneof("type") == "popover":
            closed = path
        elif drawn.WhichOneof("type") in ("expandable", "tab"):
            inside.append((path, reading.at))
            reading.heading(plain(drawn.expandable.label or drawn.tab.label))
    reading.flush()
    return reading.title, tuple(Section(title, tuple(blocks)) for title, blocks in reading.sections if blocks)


def _element(reading: Reading, element: Element) -> None:
    kind = element.WhichOneof("type")
    if kind == "metric":
        reading.figure(element.metric)
    elif kind == "heading" and element.heading.tag == "h1" and not reading.title:
        reading.title = plain(element.heading.body)
    elif kind == "heading":
        reading.heading(plain(element.heading.body))
    elif kind == "markdown":
        _markdown(reading, element.markdown.body)
    elif kind == "alert":
        marks = {Alert.SUCCESS: "good", Alert.WARNING: "warning", Alert.ERROR: "warning"}
        reading.add(Verdict(plain(element.alert.body), marks.get(element.alert.format, "note")))  # type: ignore[arg-type]
    elif kind == "dataframe":
        reading.add(_dataframe(element.dataframe))
    elif kind == "table":
        reading.add(_static_table(element.table))
    elif kind == "plotly_chart":
        chart = element.plotly_chart
        reading.add(Chart(chart.spec, plain(chart.alt), table_of(chart_table(pio.from_json(chart.spec)))))
    elif kind in ("code", "text", "json"):
        body = {"code": element.code.code_text, "text": element.text.body, "json": element.json.body}[kind]
        reading.add(Text(tuple(line for line in body.splitlines() if line.strip())))
    elif kind == "progress":
        reading.add(Text((f"{plain(element.progress.text)} ({element.progress.value} %)",)))
    elif kind in UNREAD:
        reading.add(Verdict(f"Here the page shows something that this file cannot hold ({kind.replace('_', ' ')})."))


def _markdown(reading: Reading, body: str) -> None:
    for piece in paragraphs(body):
        text, marked = plain(piece), piece.strip()
        is_bold = marked.startswith("**") and marked.endswith("**") and marked.count("**") == 2 and len(text) < SHORT
        if marked.startswith("#"):
            reading.heading(plain(marked.lstrip("#")))
        elif is_bold and text[-1:] not in ".:":
            reading.heading(text)
        elif text:
            reading.add(Text((f"• {text[2:]}" if marked.startswith("- ") else text,)))


def table_of(frame: pd.DataFrame, caption: str = "", empty: str = "–") -> Table:
    """`frame` without its index as a table of at most `MOST_ROWS` rows; what is missing is `empty`."""
    rows = tuple(
        tuple(_cell(value, empty) for value in row) for row in frame.head(MOST_ROWS).itertuples(index=False, name=None)
    )
    return Table(tuple(map(str, frame.columns)), rows, " ".join(filter(None, (caption, _left(len(rows), len(frame))))))


def _left(shown: int, n: int) -> str:
    return f"The first {shown:,} of {n:,} rows." if shown < n else ""


def _dataframe(sent: Dataframe) -> Table:
    """A table with the columns, names and units that it was shown with."""
    is_lazy = sent.HasField("lazy_data")
    frame = convert_arrow_bytes_to_pandas_df((sent.lazy_data.initial_chunk if is_lazy else sent.arrow_data).data)
    said: dict[str, Any] = parse(sent.columns or "{}")
    names = [name for name in (sent.column_order or frame.columns) if name in frame.columns]
    names = [name for name in names if not (said.get(str(name)) or {}).get("hidden")]
    columns = [_column(str(name), frame[name], said.get(str(name)) or {}) for name in names]
    shown = pd.DataFrame({place: values for place, (_, values) in enumerate(columns)}, dtype=object)
    table = table_of(shown, plain(sent.alt), sent.placeholder or "–")
    left = _left(len(frame), sent.lazy_data.row_count) if is_lazy else ""
    return Table(tuple(name for name, _ in columns), table.rows, " ".join(filter(None, (table.caption, left))))


def _column(name: str, values: Any, said: dict[str, Any]) -> tuple[str, list[Any]]:
    """What a column is called, with its unit, and its values in that unit."""
    label, pattern = str(said.get("label") or name), str((said.get("type_config") or {}).get("format") or "")
    if pattern == "percent":
        return f"{label}, %", [None if pd.isna(value) else 100 * value for value in values]
    return (f"{label}, %" if pattern.endswith("%%") else label), list(values)


def _static_table(sent: Any) -> Table:
    frame = convert_arrow_bytes_to_pandas_df(sent.arrow_data.data)
    if not sent.hide_index:
        frame = frame.reset_index(names=str(frame.index.name or ""))
    return table_of(frame.map(lambda cell: plain(cell) if isinstance(cell, str) else cell), plain(sent.alt))


def _cell(value: Any, empty: str) -> Any:
    """A cell as a number or as text."""
    if isinstance(value, str):
        return for_option(value)
    if isinstance(value, Iterable):
        return ", ".join(for_option(one) for one in value)
    if value is None or pd.isna(value) or (isinstance(value, float) and math.isinf(value)):
        return None if empty == "–" else empty
    found = value.item() if hasattr(value, "item") else value
    return found if isinstance(found, bool | int | float) else for_option(found)
