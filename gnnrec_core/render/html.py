"""One self-contained, inert HTML page: it opens offline, fetches nothing, and follows the reader's light or dark
setting.

It runs no script but, where it has plotly figures, the library that draws them, which its content security policy names
by hash. A page is sections of blocks (`render.blocks`). Every string in a block is text from somewhere and is escaped
here, so callers pass titles as they are. The same blocks give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from gnnrec_core.base.text import for_html
from gnnrec_core.render import plotly_html
from gnnrec_core.render.blocks import Bars, Block, Chart, Curves, Facts, Flow, Section, Table, Text, Verdict, number
from gnnrec_core.render.flow_svg import flow_svg
from gnnrec_core.render.style import STYLE
from gnnrec_core.render.svg import bars_svg, curves_svg


def page(title: str, sections: tuple[Section, ...], subtitle: str = "", footer: str = "") -> str:
    """The whole page as text. Its content security policy allows the one style sheet and nothing else; with charts also
    plotly, which sets styles of its own and saves pictures."""
    has_charts = any(isinstance(block, Chart) for section in sections for block in section.blocks)
    style = STYLE + (plotly_html.STYLE if has_charts else "")
    scripts = (plotly_html.library(), plotly_html.DRAW) if has_charts else ()
    allowed = f"style-src {_hash(style)}"
    if has_charts:
        allowed = f"script-src {' '.join(map(_hash, scripts))}; style-src 'unsafe-inline'; img-src data: blob:"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    body = "\n".join(_section(section, number) for number, section in enumerate(sections, 1))
    contents = "".join(
        f'<li><a href="#s{number}">{for_html(section.title)}</a></li>' for number, section in enumerate(sections, 1)
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{for_html(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<header><h1>{for_html(title)}</h1>{_optional('p', subtitle)}</header>\n"
        f'<nav aria-label="Contents"><ol>{contents}</ol></nav>\n'
        f"<main>\n{body}\n</main>\n{_optional('footer', footer)}\n"
        + "".join(f"<script>{script}</script>\n" for script in scripts)
        + "</body>\n</html>\n"
    )


def _hash(text: str) -> str:
    """A source of a content security policy: this very text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


CLASS_NUMBER = ' class="n"'


def fragment(sections: tuple[Section, ...]) -> str:
    """The sections as inert HTML to stand inside another page, a notebook's say: no style, no script."""
    return "\n".join(
        f"<h4>{for_html(section.title)}</h4>\n" + "\n".join(_block(block) for block in section.blocks)
        for section in sections
    )


def _section(section: Section, place: int) -> str:
    blocks = "\n".join(_block(block, section.title) for block in section.blocks)
    return f'<section id="s{place}">\n<h2>{for_html(section.title)}</h2>\n{blocks}\n</section>'


def _block(block: Block, heading: str | None = None) -> str:
    """`heading` is what it stands under in a page of its own, which can draw charts; None inside of another page."""
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
            return _figure(curves_svg(block.series, block.x_label, block.y_label, block.bands), block.caption)
        case Chart():
            return _table(block.table) if heading is None else _chart(block, heading)
        case Flow():
            return _figure(flow_svg(block), block.caption)
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


def _chart(chart: Chart, heading: str) -> str:
    table = (
        f"<details><summary>The same as a table</summary>{_table(chart.table)}</details>" if chart.table.rows else ""
    )
    caption = _optional("figcaption", "" if chart.caption == heading else chart.caption)
    return f'<figure class="chart">{caption}{plotly_html.chart_figure(chart)}</figure>{table}'


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{for_html(caption)}</figcaption></figure>"


def _optional(tag: str, text: str) -> str:
    return f"<{tag}>{for_html(text)}</{tag}>" if text else ""
