"""An axis of names: each name has a place of its own, its label may be short, and tables get it whole.

Plotly would take the labels for keys: two that are shortened alike become one bar, "9-10" and "2024-01" become a date,
codes become numbers. So a mark stands at the place of its name, 0, 1, .., and words are only written beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import plotly.graph_objects as go

from gnnrec_core.base.text import clean
from gnnrec_core.render.theme import plotly_text, shortened

END = 12
"""Letters of the end that tell apart what is the same at the beginning."""


def name_axis(
    figure: go.Figure, axis: str, names: Sequence[str], beside: Sequence[str] = (), length: int = 34
) -> go.Figure:
    """Give `axis` ("x" or "y") of `figure` the places 0, 1, .. of `names`, with what stands `beside` each (such as its
    size) behind the label. Changed in place."""
    labels = distinct([clean(name) for name in names], length)
    notes = list(beside) or [""] * len(labels)
    settings = {
        "tickmode": "array",
        "tickvals": list(range(len(labels))),
        "ticktext": [f"{plotly_text(label)}{note}" for label, note in zip(labels, notes, strict=True)],
        "range": [-0.5, max(1, len(labels)) - 0.5],
        "showgrid": False,
    }
    whole = {f"{axis}axis": [f"{plotly_text(name)}{note}" for name, note in zip(names, notes, strict=True)]}
    figure.update_layout({f"{axis}axis": settings})
    figure.update_layout(meta={**(figure.layout.meta or {}), **whole})
    return figure


def distinct(names: Sequence[str], length: int = 34) -> list[str]:
    """Short labels, no two of them alike: by their ends where their beginnings are the same, else numbered.

    >>> distinct(["a long name of a group A", "a long name of a group B", "c"], 12)
    ['a…of a group A', 'a…of a group B', 'c']
    >>> distinct(["x", "x"])
    ['x', 'x (2)']
    """
    short = [shortened(name, length) for name in names]
    twice = {label for label, count in Counter(short).items() if count > 1}
    told = [
        f"{name[: max(1, length - END)].rstrip()}…{name[-END:].lstrip()}" if label in twice and name != label else label
        for name, label in zip(names, short, strict=True)
    ]
    seen: Counter[str] = Counter()
    result = []
    for label in told:
        seen[label] += 1
        result.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return result
