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
from gnnrec_ui import ask
from gnnrec_ui.explain import selection
from gnnrec_ui.frame import pickers
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show.charts import chart

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
    if view != "kinds":
        _listed(study, explanation, ask.explanation(study, user_index, item_index, "ledger", target, k))
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
    _layers(study, explanation, what)


def _listed(study: Study, explanation: Explanation, ledger: Explanation) -> None:
    """The paths as rows; a row selects the link by which its path leaves the person."""
    keys = [selection.key_of_node(study, path.nodes[1]) if len(path.nodes) > 1 else "" for path in explanation.paths]
    chosen = selection.chosen(study, ledger)
    selection.rows(
        _path_table(explanation),
        keys,
        chosen,
        "path_rows",
        "The strongest paths",
        Contribution=st.column_config.NumberColumn(format="%+.4f"),
        Share=st.column_config.NumberColumn(format="%.1f %%"),
    )
    selection.panel(study, ledger, chosen)


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
