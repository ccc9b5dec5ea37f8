"""Message paths as a Sankey diagram that adds up: what is shown, what is not, and what no path carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from gnnrec_core.explain.explanation import Explanation, Group, MessagePath, Node
from gnnrec_core.render import theme
from gnnrec_core.render.charts.explain_charts import ROW_HEIGHT, baseline_label, room
from gnnrec_core.render.network import NODE_COLOURS

ARROW = " → "
FAINT = 0.45
WIDE, NARROW = 780, 340
"""Pixels of the chart beside the menu, and on a phone: labels have to stand between two columns of it."""
LETTER, SMALL_LETTER, LINE = 6.6, 5.8, 14
"""Pixels: mean width of a letter of the labels, of one on a phone, and the height of a line there."""
LEAST_KIND = 0.01
"""A kind of paths that carries a smaller part of what all kinds carry gets no stream of its own."""


@dataclass
class _Flow:
    """Nodes and links of a diagram while it is being put together."""

    labels: list[str] = field(default_factory=list)
    colours: list[str] = field(default_factory=list)
    column: list[int] = field(default_factory=list)
    links: dict[tuple[int, int], float] = field(default_factory=dict)
    _known: dict[tuple[int, int], int] = field(default_factory=dict)

    def node(self, step: int, node: Node) -> int:
        key = (step, node.index)
        if key not in self._known:
            self._known[key] = self.add(node.title, NODE_COLOURS[node.type], step)
        return self._known[key]

    def add(self, label: str, colour: str, step: int) -> int:
        self.labels.append(label)
        self.colours.append(colour)
        self.column.append(step)
        return len(self.labels) - 1


def sankey(explanation: Explanation, narrow: bool = False) -> go.Figure:
    """The listed paths from the person (left) outwards; what stops at a node is that node's own embedding.

    Two grey streams make the left side whole: paths that are not listed, and the baseline that no path carries. Widths
    are absolute values; orange streams lower the score. `narrow` is for phones: shorter labels on several lines.
    """
    paths = explanation.paths
    flow = _Flow()
    for path in paths:
        _add_path(flow, path)
    if paths:
        start = flow.node(0, paths[0].nodes[0])
        hidden = explanation.score - explanation.baseline - sum(path.value for path in paths)
        flow.links[start, flow.add("All other paths", theme.BASELINE, 1)] = hidden
        _add_baseline(flow, start, explanation)
    if flow.links:
        _make_room_for_labels(flow)
    return _draw(flow, narrow)


def sankey_of_kinds(explanation: Explanation, narrow: bool = False, n_kinds: int = 6, n_paths: int = 4) -> go.Figure:
    """From the person (left) to the largest kinds of paths (at most `n_kinds`), with all that their paths carry
    together, and on to the ends of the `n_paths` strongest listed paths of each and to all others of its kind: what
    goes on from a kind sums to it. The rest and the baseline are grey.

    Widths are absolute values, so what goes on can look wider than the kind where its paths cancel.
    """
    flow = _Flow()
    if not explanation.paths or not explanation.groups:
        return _draw(flow, narrow)
    least = LEAST_KIND * sum(abs(group.value) for group in explanation.groups)
    shown = [group for group in explanation.groups[:n_kinds] if abs(group.value) >= least]
    rest = explanation.groups[len(shown) :]
    start = flow.node(0, explanation.paths[0].nodes[0])
    for group in shown:
        kind = flow.add(kind_words(group.name), theme.TOTAL, 1)
        flow.links[start, kind] = float(group.value)
        strongest = [path for path in explanation.paths if path.meta_path == group.name][:n_paths]
        for path in strongest:
            named = ARROW.join(node.title for node in path.nodes[1:][-2:])
            flow.links[kind, flow.add(named, NODE_COLOURS[path.nodes[-1].type], 2)] = float(path.value)
        left = float(group.value) - sum(float(path.value) for path in strongest)
        if strongest and abs(left) > 1e-9 * abs(group.value):
            flow.links[kind, flow.add("all others of the kind", theme.BASELINE, 2)] = left
    if rest:
        kinds = flow.add(f"{len(rest)} other kind{'s' if len(rest) > 1 else ''}", theme.BASELINE, 1)
        flow.links[start, kinds] = float(sum(group.value for group in rest))
    _add_baseline(flow, start, explanation)
    _make_room_for_labels(flow)
    return _draw(flow, narrow)


def _add_baseline(flow: _Flow, start: int, explanation: Explanation) -> None:
    if explanation.baseline_name:
        flow.links[start, flow.add(baseline_label(explanation), theme.BASELINE, 1)] = explanation.baseline


def kind_words(meta_path: str) -> str:
    """What a kind of path is called; arrows where it has no common name.

    >>> [kind_words(name) for name in ("user-item", "user-item-user-item", "user-item-author-item")]
    ['own history', 'what similar people have', 'same author']
    >>> kind_words("user-item-user-user")
    'person → item → person → person'
    """
    named = {
        "user-item": "own history",
        "user-item-user": "similar people",
        "user-item-user-item": "what similar people have",
        "user-user": "linked people",
        "user-user-item": "what linked people have",
    }
    kinds = meta_path.split("-")
    if meta_path in named:
        return named[meta_path]
    if len(kinds) in (3, 4) and kinds[:2] == ["user", "item"] and kinds[2] not in ("user", "item"):
        if len(kinds) == 3:
            return f"{kinds[2]}s of the history"
        if kinds[3] == "item":
            return f"same {kinds[2]}"
    return " → ".join(kinds).replace("user", "person")


def meta_path_bars(groups: Sequence[Group], what: str = "score", n: int = 8, as_share: bool = True) -> go.Figure:
    """What all paths of one kind carry together, largest first, the rest in one bar: as a share of `what`, or, where
    that is not above 0 and shares would turn their sign, in units of the score."""
    shown, rest = list(groups[:n]), groups[n:]
    if rest:
        shown.append(Group(f"{len(rest)} other kinds", sum(g.value for g in rest), sum(g.share for g in rest)))
    words = [kind_words(group.name) for group in shown]
    values = [float(group.share if as_share else group.value) for group in shown]
    names = [theme.wrapped(word, 22, 3) for word in words]
    row = ROW_HEIGHT + 10 * max((name.count("<br>") for name in names), default=0)
    figure = go.Figure(
        go.Bar(
            x=values,
            y=list(range(len(shown))),
            orientation="h",
            marker={"color": [theme.signed_colour(group.value) for group in shown]},
            text=[theme.percent(value) if as_share else theme.signed(value) for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertext=[theme.plotly_text(word) for word in words],
            hovertemplate="%{hovertext}: %{text}<extra></extra>",
        )
    )
    theme.styled(figure, height=row * len(shown) + 70)
    figure.update_yaxes(tickvals=list(range(len(shown))), ticktext=names, autorange="reversed", showgrid=False)
    figure.update_layout(meta={"yaxis": [theme.plotly_text(word) for word in words]})
    figure.update_xaxes(
        tickformat=".0%" if as_share else None,
        title=f"share of the {what}" if as_share else f"part of the {what}, in score units",
        range=room(np.zeros(len(shown)), values),
    )
    return figure


def _add_path(flow: _Flow, path: MessagePath) -> None:
    places = [flow.node(step, node) for step, node in enumerate(path.nodes)]
    for source, target in pairwise(places):
        flow.links[source, target] = flow.links.get((source, target), 0.0) + path.value


def _make_room_for_labels(flow: _Flow) -> None:
    """An unseen column after the last: plotly writes the last column's labels over the streams, all others beside."""
    last = flow.column.index(max(flow.column))
    flow.links[last, flow.add("", theme.TRANSPARENT, flow.column[last] + 1)] = 0.0


def _draw(flow: _Flow, narrow: bool) -> go.Figure:
    values = list(flow.links.values())
    colours = [
        _stream_colour(value, flow.colours[target]) for value, (_, target) in zip(values, flow.links, strict=True)
    ]
    labels, lines = _labels(flow, narrow)
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            textfont={"size": 11 if narrow else 13},
            node={
                "label": labels,
                "customdata": [theme.plotly_text(label) for label in flow.labels],
                "color": flow.colours,
                "pad": LINE * lines + 4,
                "thickness": 8 if narrow else 14,
                "align": "left",
                "line": {"width": 0},
                "hovertemplate": "%{customdata}<extra></extra>",
            },
            link={
                "source": [source for source, _ in flow.links],
                "target": [target for _, target in flow.links],
                "value": [max(abs(value), 1e-12) for value in values],
                "color": colours,
                "customdata": [theme.signed(value, 4) for value in values],
                "hovertemplate": "%{source.customdata} → %{target.customdata}: %{customdata}<extra></extra>",
            },
        )
    )
    widest = max((flow.column.count(step) for step in set(flow.column)), default=1)
    theme.styled(figure, height=max(300, (LINE * lines + 18) * widest + 80))
    figure.update_layout(margin={"l": 8, "r": 8, "t": 16, "b": 16})
    return figure


def _labels(flow: _Flow, narrow: bool) -> tuple[list[str], int]:
    """What is written beside the nodes, and on how many lines at most."""
    steps = max(flow.column, default=1)
    if not narrow:
        letters = min(46, int((WIDE / steps - 20) / LETTER))
        return [_each_shortened(label, letters, ARROW) for label in flow.labels], 1
    letters = int((NARROW / steps - 12) / SMALL_LETTER)
    lines = 2 if letters > 15 else 3
    return [
        _each_shortened(label, 2 * letters - 2, " →<br>") if ARROW in label else theme.wrapped(label, letters, lines)
        for label in flow.labels
    ], lines


def _each_shortened(label: str, length: int, between: str) -> str:
    """The nodes that a label names, in `length` letters all in all."""
    names = label.split(ARROW)
    return between.join(theme.plotly_text(theme.shortened(name, length // len(names))) for name in names)


def _stream_colour(value: float, target: str) -> str:
    if target == theme.TRANSPARENT:
        return target
    return _faint(target if target == theme.BASELINE else theme.signed_colour(value))


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{FAINT})"
