"""Message paths and attention: how messages reach the person."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.explain.explanation import Explanation, Target
from gnnrec_core.render import theme
from gnnrec_core.render.charts import explain_charts, path_charts
from gnnrec_core.render.neighbourhood import neighbourhood
from gnnrec_core.render.network import draw_network
from gnnrec_ui import ask
from gnnrec_ui.frame import pickers, privacy
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show.charts import chart
from gnnrec_ui.show.graph_view import graph_view

MOST_LINKS = 30
MOST_LISTED = 60
"""Paths among which the strongest of each kind are sought."""
VIEWS = {"kinds": "By kind", "walks": "The strongest", "connecting": "To the item"}
HELP = (
    "Messages travel from a node's embedding to the person, and the strongest of them are grouped by the kinds of "
    "nodes that they pass; paths to the item are literal ones, from the person to the item."
)


def paths(study: Study, user_index: int, item_index: int, target: Target, k: int) -> None:
    """The strongest paths as a Sankey, the shapes of all paths, and the same as a table."""
    view = pickers.choose_one("Which paths", VIEWS, "paths", help=HELP)
    kind, n_paths = ("connecting", 10) if view == "connecting" else ("walks", MOST_LISTED if view == "kinds" else 10)
    explanation = ask.explanation(study, user_index, item_index, "paths", target, k, kind=kind, n_paths=n_paths)
    what = "lead" if target == "margin" else "score"
    draw: Callable[..., go.Figure] = path_charts.sankey
    if view == "kinds":
        draw = path_charts.sankey_of_kinds
        reading = (
            f"The {what} by the kind of path that it travels, with the strongest paths of each kind. Widths are sizes: "
            "blue raises, orange lowers; paths of one kind may cancel each other. This is another cut of the same "
            f"{what} than the reasons: a reason is all that one interaction brings, by paths of every kind, and a kind "
            "is all paths of one shape, whichever interaction they pass. Shares here and there differ."
        )
    else:
        reading = (
            f"From the person on the left outwards; the width is what a path carries.{_ends(explanation)} "
            f"The {len(explanation.paths)} paths listed carry "
            f"{theme.percent(explanation.path_share_shown or 0.0)} of the {what}; grey is the rest."
        )
    wide, narrow = draw(explanation), draw(explanation, narrow=True)
    chart(wide, reading, f"sankey_{view}", table=_path_table(explanation), narrow=narrow)
    for warning in explanation.warnings:
        st.caption(f":material/info: {for_markdown(warning)}")
    if explanation.groups:
        name = explanation.baseline_name
        taught = f", beside {name}" if name else ""
        chart(
            path_charts.meta_path_bars(explanation.groups, what, as_share=explanation.score > 0),
            f"All paths by the kinds of nodes that they pass{taught}; together they are the whole {what}.",
            "meta_paths",
        )
    _links(study, explanation)
    _layers(study, explanation, what)


def _ends(explanation: Explanation) -> str:
    """What it means where a path ends; one to the item says so by itself."""
    return " What ends at a node is that node's own embedding." if explanation.baseline_name else ""


def _layers(study: Study, explanation: Explanation, what: str) -> None:
    """What each pair of layers adds, where the model has layers."""
    try:
        table = ask.layer_table(study, explanation.case)
    except UnsupportedError:
        return  # a graph filter: paths, and no layers
    chart(
        explain_charts.layer_chart(table),
        f"Layer 0 is what was trained; layer n has come through n links. All cells sum to the {what}.",
        "layers",
    )


def _links(study: Study, explanation: Explanation) -> None:
    """The person's links as a network; width and colour are what the ledger says of each."""
    graph, case = study.run.graph, explanation.case
    if not explanation.contributions:
        return
    half = graph.n_edges // 2
    values = {part.edge % half: float(part.value) for part in explanation.contributions if part.edge is not None}
    strongest = [node.index for part in explanation.contributions[:MOST_LINKS] for node in part.nodes]
    item = int(graph.item_node(case.item_index))
    near = neighbourhood(graph, np.array([case.user_index]), 1, MOST_LINKS, always=np.array([item, *strongest]))
    st.caption("The person's links: the wider, the more it does; blue raises, orange lowers. The star is the item.")
    graph_view(
        draw_network(
            graph,
            study.dataset,
            near,
            {item: explanation.rank},
            lambda edge: values.get(edge % half),
            privacy.name_user(study, case.user_index),
        ),
        [
            {"shape": "line", "color": theme.POSITIVE, "label": "raises"},
            {"shape": "line", "color": theme.NEGATIVE, "label": "lowers"},
        ],
        alt="Links of the person by contribution; the table under Reasons has the same figures.",
        key="links",
        height=520,
        file_name="links.png",
    )


def attention(study: Study, user_index: int, item_index: int, target: Target, k: int) -> None:
    """Attention of each layer and head on the person's links, as lift."""
    try:
        explanation = ask.explanation(study, user_index, item_index, "attention", target, k)
    except UnsupportedError as error:
        st.info(f"{for_markdown(error.message)} {for_markdown(error.hint)}", icon=":material/visibility_off:")
        return
    parts = explanation.contributions[:20]
    if not parts:
        st.info("This person has no links to attend to.", icon=":material/link_off:")
        return
    heads = parts[0].detail["attention"]
    lift = np.array([[head["lift"] for head in part.detail["attention"]] for part in parts])
    chart(
        explain_charts.heat_map(
            lift,
            [part.label for part in parts],
            [f"layer {head['layer']}, head {head['head']}" for head in heads],
            middle=1.0,
        ),
        "Lift is attention over what equal attention would be: 1 is grey, blue means more, orange less. "
        "It says how messages are routed, never what the person prefers.",
        "attention",
    )
    for warning in explanation.warnings:
        st.caption(f":material/info: {for_markdown(warning)}")


def _path_table(explanation: Explanation) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Path": [" → ".join(clean(node.title) for node in path.nodes) for path in explanation.paths],
            "By": [" → ".join(clean(name) for name in path.relations) for path in explanation.paths],
            "Contribution": [float(path.value) for path in explanation.paths],
            **({"Share": [100 * float(path.share) for path in explanation.paths]} if explanation.score > 0 else {}),
        }
    )
