"""One self-contained, inert HTML page: it opens offline, runs no script, fetches nothing, and follows the reader's
light or dark setting.

A page is sections of blocks; a block is a value (`Text`, `Facts`, `Table`, `Bars`, `Curves`, `Verdict`). Every string
in a block is text from somewhere and is escaped here, so callers pass titles as they are. The same blocks give the
same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import math
from dataclasses import dataclass
from typing import Any, Literal

from gnnrec_core.base.text import for_html
from gnnrec_core.render.style import STYLE
from gnnrec_core.render.svg import bars_svg, curves_svg


@dataclass(frozen=True)
class Text:
    """Paragraphs of plain text."""

    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Names with their values, in two columns."""

    pairs: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Table:
    """Rows under column names; numbers are aligned right and written by `number`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Bars:
    """Horizontal bars from zero, one a label; `intervals` (low, high) draws whiskers where given."""

    labels: tuple[str, ...]
    values: tuple[float, ...]
    caption: str
    intervals: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Curves:
    """Lines over a common x axis: (name, xs, ys) each."""

    series: tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...]
    x_label: str
    y_label: str
    caption: str


@dataclass(frozen=True)
class Verdict:
    """One sentence that stands out: a check that held ("good"), a caution ("warning"), or a note."""

    text: str
    kind: Literal["good", "warning", "note"] = "note"


Block = Text | Facts | Table | Bars | Curves | Verdict


@dataclass(frozen=True)
class Section:
    """A heading with its blocks."""

    title: str
    blocks: tuple[Block, ...]


def page(title: str, sections: tuple[Section, ...], subtitle: str = "", footer: str = "") -> str:
    """The whole page as text. Its content security policy allows the one style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    body = "\n".join(_section(section, number) for number, section in enumerate(sections, 1))
    contents = "".join(
        f'<li><a href="#s{number}">{for_html(section.title)}</a></li>' for number, section in enumerate(sections, 1)
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{for_html(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<header><h1>{for_html(title)}</h1>{_optional('p', subtitle)}</header>\n"
        f'<nav aria-label="Contents"><ol>{contents}</ol></nav>\n'
        f"<main>\n{body}\n</main>\n{_optional('footer', footer)}\n</body>\n</html>\n"
    )


def number(value: Any) -> str:
    """A figure as it stands in a table: thousands set apart, four significant digits, a dash where there is none.

    >>> number(12345), number(0.123456), number(None), number(-2.0)
    ('12,345', '0.1235', '–', '−2')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:,}" if isinstance(value, int) else _significant(value)
    return text.replace("-", "−", 1) if text.startswith("-") else text


def _significant(value: float) -> str:
    if not math.isfinite(value):
        return f"{value}"
    if value == 0 or abs(value) < 1e-4:
        return f"{value:.3g}"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


CLASS_NUMBER = ' class="n"'


def _section(section: Section, place: int) -> str:
    blocks = "\n".join(_block(block) for block in section.blocks)
    return f'<section id="s{place}">\n<h2>{for_html(section.title)}</h2>\n{blocks}\n</section>'


def _block(block: Block) -> str:
    match block:
        case Text(paragraphs):
            return "\n".join(f"<p>{for_html(paragraph)}</p>" for paragraph in paragraphs)
        case Facts(pairs):
            return f"<dl>{''.join(f'<dt>{for_html(name)}</dt><dd>{_value(value)}</dd>' for name, value in pairs)}</dl>"
        case Table():
            return _table(block)
        case Bars():
            texts = tuple(number(value) for value in block.values)
            return _figure(bars_svg(block.labels, block.values, block.intervals, texts), block.caption)
        case Curves():
            return _figure(curves_svg(block.series, block.x_label, block.y_label), block.caption)
        case Verdict(text, kind):
            return f'<p class="{kind}" role="note">{for_html(text)}</p>'


def _table(table: Table) -> str:
    numeric = [all(_is_number(row[column]) for row in table.rows) for column in range(len(table.columns))]
    marks = [CLASS_NUMBER if is_number else "" for is_number in numeric]
    head = "".join(f'<th scope="col"{m}>{for_html(name)}</th>' for name, m in zip(table.columns, marks, strict=True))
    rows = "\n".join(
        f"<tr>{''.join(f'<td{m}>{_value(value)}</td>' for value, m in zip(row, marks, strict=True))}</tr>"
        for row in table.rows
    )
    caption = _optional("caption", table.caption)
    return f'<div class="wide"><table>{caption}<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>'


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _value(value: Any) -> str:
    if value is None or isinstance(value, (bool, int, float)):
        return number(value)
    return for_html(value)


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{for_html(caption)}</figcaption></figure>"


def _optional(tag: str, text: str) -> str:
    return f"<{tag}>{for_html(text)}</{tag}>" if text else ""
