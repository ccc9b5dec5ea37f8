"""Plotly figures inside a page that opens offline: the library travels in the file, and the figures are data.

Nothing in a figure is run: it lies in the page as JSON, and plotly draws its labels as text.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from gnnrec_core.base.checked import parse
from gnnrec_core.base.text import for_html
from gnnrec_core.render.blocks import Chart

DRAW = """
for (const holder of document.querySelectorAll("figure.chart")) {
  const {data, layout} = JSON.parse(holder.querySelector("script").textContent);
  Plotly.newPlot(holder.querySelector("div"), data, layout, {displaylogo: false, responsive: true, typesetMath: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"]});
}
"""
STYLE = """
figure.chart>div{min-height:4rem}
figure.chart :is(.xtick,.ytick,.x2tick,.y2tick,.infolayer g,.textpoint,.sankey-node,.legend,.annotation) text,
figure.chart text:is(.bartext-outside,.legendtext){fill:var(--ink)!important}
figure.chart :is(.sankey-node,.annotation) text{text-shadow:none!important}
details{margin:.2rem 0 .8rem;font-size:.92rem}summary{cursor:pointer;color:var(--up)}
"""
_NOT_KEPT = ("template", "selections", "uirevision")
_FONT = {"family": 'system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif', "size": 13}


def chart_figure(chart: Chart) -> str:
    """The place of a chart with its figure as data."""
    label = for_html(chart.caption)
    return f'<div role="img" aria-label="{label}"></div><script type="application/json">{_data(chart.figure)}</script>'


@cache
def library() -> str:
    """plotly.js as the plotly package ships it."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def _data(figure: str) -> str:
    """`figure` without its template and with SVG marks only, as JSON that no browser takes for markup."""
    held: dict[str, Any] = parse(figure)
    data = [{**trace, "type": str(trace.get("type", "scatter")).removesuffix("gl")} for trace in held["data"]]
    layout = {name: value for name, value in held["layout"].items() if name not in _NOT_KEPT}
    layout |= {"font": {**_FONT, **layout.get("font", {})}, "dragmode": False}
    text = json.dumps({"data": data, "layout": layout}, separators=(",", ":"))
    return text.replace("<", "\\u003c")
