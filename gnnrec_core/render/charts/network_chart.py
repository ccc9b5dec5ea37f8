"""A network as a still picture: what the app's graph view draws, for files that open without the app."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import plotly.graph_objects as go

from gnnrec_core.render import theme
from gnnrec_core.render.blocks import Chart, Table

SYMBOLS = {"dot": "circle", "square": "square", "triangle": "triangle-up", "star": "star"}
"""vis-network's shapes as plotly's."""
NAMED = 60
"""In larger pictures only what is recommended and the node in the middle have names; the table has all."""
ROOM = 1.4
"""How much higher the picture is than its rings, for names that point up or down."""
Gap = float | None
FAINT = 0.2
"""Opacity of the lines that carry least, where widths say what is carried."""


def network_chart(network: Any, legend: list[dict[str, str]], caption: str, height: int = 620) -> Chart:
    """`network` (from `draw_network`) as a figure with the places, shapes and colours that it has in the app."""
    places = {node["id"]: (node["x"], node["y"]) for node in network.nodes}
    said = {(entry["shape"], entry["color"]): entry["label"] for entry in legend}
    figure = go.Figure()
    is_weighed = any("value" in edge for edge in network.edges)
    for (colour, width), ends in _lines(network.edges).items():
        xs: list[Gap] = [x for start, end in ends for x in (places[start][0], places[end][0], None)]
        ys: list[Gap] = [y for start, end in ends for y in (places[start][1], places[end][1], None)]
        name = said.get(("line", colour), "")
        figure.add_scatter(
            x=xs,
            y=ys,
            mode="lines",
            line={"color": colour, "width": width},
            opacity=FAINT + (1 - FAINT) * (width - 1) / 7 if is_weighed else 0.55,
            hoverinfo="skip",
            name=theme.plotly_text(name),
            legendgroup=colour,
            showlegend=bool(name) and all(trace.legendgroup != colour for trace in figure.data),
        )
    for (shape, colour), nodes in _marks(network.nodes).items():
        figure.add_scatter(
            x=[node["x"] for node in nodes],
            y=[node["y"] for node in nodes],
            mode="markers",
            marker={"symbol": SYMBOLS.get(shape, "circle"), "color": colour, "size": [n["size"] for n in nodes]},
            hovertext=["<br>".join(map(theme.plotly_text, node["title"].split("\n"))) for node in nodes],
            hoverinfo="text",
            name=theme.plotly_text(said.get((shape, colour), "")),
            showlegend=(shape, colour) in said,
        )
    theme.styled(figure, height)
    lowest = max((abs(node["y"]) for node in network.nodes), default=0.0) or 1.0
    hidden = {"visible": False}
    named = [n for n in network.nodes if len(network.nodes) <= NAMED or n["shape"] == "star" or n["hop"] == 0]
    figure.update_layout(
        xaxis=hidden,
        yaxis={**hidden, "range": [ROOM * lowest, -ROOM * lowest], "scaleanchor": "x"},  # y points down in the app
        annotations=[_label(node) for node in named],
    )
    return Chart(figure.to_json(), caption, _table(network.nodes))


def _label(node: dict[str, Any]) -> dict[str, Any]:
    """The name of a node, outwards from the middle and never upside down; that of the middle stands below it."""
    shared = {"text": theme.plotly_text(node["label"]), "showarrow": False, "font": {"size": 11}}
    if node["hop"] == 0:
        return {**shared, "x": node["x"], "y": node["y"], "yanchor": "top", "yshift": -node["size"] / 2}
    angle, apart = float(node["angle"]), node["size"] / 2 + 3
    across, down = math.cos(angle), math.sin(angle)
    return {
        **shared,
        "x": node["x"],
        "y": node["y"],
        "textangle": math.degrees(angle if across >= 0 else angle + math.pi),
        "xanchor": "left" if across >= 0 else "right",
        "yanchor": "top" if down >= 0 else "bottom",
        "xshift": apart * across,
        "yshift": -apart * down,
    }


def _lines(edges: list[dict[str, Any]]) -> dict[tuple[str, float], list[tuple[str, str]]]:
    """Ends of the lines by their look, widths in whole pixels, thin ones first: each look is a trace."""
    found: dict[tuple[str, float], list[tuple[str, str]]] = defaultdict(list)
    for edge in edges:
        found[edge["color"], float(max(1, round(edge["width"])))].append((edge["from"], edge["to"]))
    return dict(sorted(found.items(), key=lambda look: look[0][1]))


def _marks(nodes: list[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Nodes by their look."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for node in nodes:
        found[node["shape"], node["color"]].append(node)
    return found


def _table(nodes: list[dict[str, Any]]) -> Table:
    """What each node is, the nearest first."""
    told = [(node["title"].split("\n"), node["hop"]) for node in sorted(nodes, key=lambda node: int(node["hop"]))]
    return Table(
        ("name", "what it is", "hops away"), tuple((name, ", ".join(more), hop) for (name, *more), hop in told)
    )
