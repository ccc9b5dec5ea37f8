"""The embedding map: choose whom to show and how to colour, lasso some dots, list them, open one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from gnnrec_core.data.values import Dataset
from gnnrec_core.errors import UnsupportedError
from gnnrec_core.report.privacy import NameUser
from gnnrec_core.text import clean
from gnnrec_core.viz import embedding_map
from gnnrec_core.viz.chart_data import chart_table
from gnnrec_ui import pickers, privacy, shell, tables
from gnnrec_ui.charts import as_table, config
from gnnrec_ui.study import Study

SIDES = {"items": "Items", "people": "People"}
MOST_LISTED = 500


def map_view(study: Study) -> None:
    """The whole page body."""
    plane = _plane(study.run, study.key)
    dataset, graph = study.dataset, study.run.graph
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        side: Any = pickers.choose_one("Show", SIDES, "side")
        columns = embedding_map.colour_columns(dataset, side)
        options = {"popularity": "Number of interactions", **{name: _heading(name) for name in columns}}
        colour = pickers.choose_one("Colour by", options, "colour")
    n, first = (dataset.n_items, graph.n_users) if side == "items" else (dataset.n_users, 0)
    shown = embedding_map.sample(n)
    counts = graph.popularity if side == "items" else np.diff(graph.seen.indptr)
    name = str if side == "items" else _name_user(study)
    drawn = (study.key, side, colour, _marked(study), privacy.are_ids_shown(study))
    figure = _figure(dataset, plane, shown, shown + first, counts[shown], name, *drawn)
    event: Any = st.plotly_chart(
        figure,
        key=f"map_{study.key}_{side}_{colour}",
        on_select="rerun",
        selection_mode=("lasso", "box", "points"),
        config={**config("map"), "modeBarButtonsToRemove": ["autoScale2d"], "scrollZoom": True},
        alt=f"Map of {len(shown):,} {side}; select dots to list them in the table below.",
    )
    as_table(lambda: chart_table(figure), "map", f"All {len(shown):,} dots with their places")
    chosen = sorted({place for point in event.selection.points for place in _place(point)})
    if not chosen:
        st.info("Draw a loop around some dots to list them here.", icon=":material/lasso_select:")
        return
    _list(study, side, shown[chosen], counts)


def _list(study: Study, side: str, chosen: Any, counts: Any) -> None:
    dataset = study.dataset
    places = chosen[np.argsort(-counts[chosen], kind="stable")][:MOST_LISTED]
    st.markdown(
        f"**{len(chosen):,} selected**" + (f", the first {MOST_LISTED} listed" if len(chosen) > MOST_LISTED else "")
    )
    titles = dataset.titles if side == "items" else dataset.users.ids
    name = str if side == "items" else _name_user(study)
    frame = pd.DataFrame({"Name": [clean(name(titles[place])) for place in places], "Interactions": counts[places]})
    if side == "items":
        frame["About"] = [tables.item_line(dataset, int(place)) for place in places]
    st.caption("Select a line to open it: an item is explained for the person in hand, a person gets their list.")
    event: Any = st.dataframe(
        frame,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"listed_{side}",
        alt="Selected dots",
    )
    rows = event.selection.rows
    if rows and rows[0] < len(places):
        place = int(places[rows[0]])
        if side == "items":
            shell.open_page("explain", item=dataset.items.ids[place])
        shell.open_page("recommend", user=dataset.users.ids[place])


def _name_user(study: Study) -> NameUser:
    marked = _marked(study)
    return privacy.name_user(study, marked[0] if marked else None)


def _place(point: dict[str, Any]) -> list[int]:
    """The position of a selected dot; none for the ring around the person."""
    data = point.get("customdata")
    return [] if data is None else [int(data[0] if isinstance(data, list) else data)]


def _marked(study: Study) -> tuple[int, str] | None:
    """The person in hand, where the URL names one."""
    user = st.query_params.get("user")
    if user is None or user not in study.dataset.users:
        return None
    return study.dataset.users.index(user), user


def _heading(name: str) -> str:
    return clean(name).replace("_", " ").capitalize()


@st.cache_resource(max_entries=6, show_spinner="Drawing …")
def _figure(
    _dataset: Dataset,
    _plane: embedding_map.Plane,
    _shown: Any,
    _nodes: Any,
    _counts: Any,
    _name: NameUser,
    key: str,
    side: Any,
    colour: str,
    marked: tuple[int, str] | None,
    are_ids_shown: bool,
) -> Any:
    titles = _dataset.titles if side == "items" else _dataset.users.ids
    names = [clean(_name(titles[place])) for place in _shown]
    groups = None
    if colour != "popularity":
        of_all = embedding_map.colour_groups(_dataset, side, colour)
        groups = [of_all[place] for place in _shown]
    return embedding_map.embedding_map(_plane, _nodes, names, groups, _counts, marked)


@st.cache_resource(max_entries=8, show_spinner="Placing people and items …")
def _plane(_run: Any, key: str) -> embedding_map.Plane:
    embeddings = getattr(_run.model, "embeddings", None)
    if embeddings is None:
        raise UnsupportedError(
            f"A {_run.record.model} run has no embeddings, so there is no map of it.", "Choose a lightgcn or gat run."
        )
    return embedding_map.principal_plane(embeddings())
