"""The neighbourhood of a person or an item as a picture with filters, and the same as a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from gnnrec_core.base.text import clean, for_label, for_option
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.render.graph_export import gexf, graphml, neighbourhood_graph
from gnnrec_core.render.neighbourhood import Neighbourhood, neighbourhood
from gnnrec_core.render.network import draw_network, legend, node_name, node_number, node_title, relation_label
from gnnrec_core.views.privacy import NameUser
from gnnrec_ui.frame import pickers, privacy, shell, state
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import tables
from gnnrec_ui.show.downloads import download
from gnnrec_ui.show.graph_view import graph_view

STEP = 50
MOST = 500


@st.fragment
def neighbourhood_view(study: Study, user_index: int, items: list[int]) -> None:
    """Hop rings around the person (or the node that was clicked last), the recommended items as stars."""
    with shell.boundary():
        graph, dataset = study.run.graph, study.dataset
        centre = _centre(study, user_index)
        hops, relations, n_nodes = _filters(study)
        stars = np.array([graph.item_node(item) for item in items], dtype=np.int64) if centre == user_index else None
        public = privacy.public_numbers(study)
        near = neighbourhood(graph, np.array([centre]), hops, n_nodes, relations, always=stars, order=public)
        ranks = {int(graph.item_node(item)): rank for rank, item in enumerate(items, start=1)}
        name = privacy.name_user(study, user_index)
        found = _find(study, near, name, public)
        clicked = graph_view(
            draw_network(graph, dataset, near, ranks, name_user=name, public=public),
            legend(graph, near, any(int(node) in ranks for node in near.nodes)),
            alt=f"Network of {len(near.nodes)} nodes around {node_title(graph, dataset, centre, name)}; "
            "a table follows.",
            key="neighbourhood",
            highlight=found,
            file_name="neighbourhood.png",
        )
        if clicked and node_number(clicked) not in (None, int(public[centre])):
            state.choose("focus", clicked)
            st.rerun(scope="fragment")
        _below(study, near, centre, user_index)
        _take_away(lambda: neighbourhood_graph(graph, dataset, near, ranks, name))


def _centre(study: Study, user_index: int) -> int:
    focus = node_number(st.query_params.get("focus"))
    if focus is None or focus >= study.run.graph.n_nodes:
        return user_index
    return int(np.flatnonzero(privacy.public_numbers(study) == focus)[0])


def _filters(study: Study) -> tuple[int, tuple[str, ...], int]:
    graph = study.run.graph
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        hops = int(pickers.choose_one("Hops", {"1": "1", "2": "2", "3": "3"}, "hops", "2"))
        relations = graph.relations
        if len(relations) > 1:
            chosen = st.pills(
                "Links",
                relations,
                selection_mode="multi",
                default=list(relations),
                format_func=lambda name: for_label(relation_label(name)),
                key="links",
            )
            relations = tuple(chosen) if chosen else relations
    return hops, relations, int(st.session_state.setdefault("_n_nodes", STEP))


def _find(study: Study, near: Neighbourhood, name_user: NameUser, public: IntArray) -> str | None:
    graph, dataset = study.run.graph, study.dataset
    names = {node_name(public[node]): clean(node_title(graph, dataset, int(node), name_user)) for node in near.nodes}
    return st.selectbox(
        "Find in the picture",
        list(names),
        index=None,
        format_func=lambda name: for_option(names.get(name, name)),
        placeholder="Title, id or attribute",
        key="_find_node",
    )


def _below(study: Study, near: Neighbourhood, centre: int, user_index: int) -> None:
    graph, dataset = study.run.graph, study.dataset
    hidden = near.n_edges_between > len(near.edges)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{len(near.nodes):,} of {near.n_available:,} nodes within reach, those that send the most messages first"
            + (f"; {len(near.edges):,} of {near.n_edges_between:,} links. " if hidden else ". ")
            + "Select a node, or a link to its far end, to put it in the middle."
        )
        if near.n_hidden > 0 and len(near.nodes) < MOST:
            st.button(f"Show the next {min(STEP, near.n_hidden)}", on_click=_more)
        if centre != user_index:
            st.button(
                f"Back to {for_label(dataset.users.ids[user_index])}", on_click=state.choose, args=("focus", None)
            )
            if graph.node_type(centre) == "item":
                shell.link(
                    "explain",
                    f"Explain {for_label(node_title(graph, dataset, centre))}",
                    user=dataset.users.ids[user_index],
                    item=dataset.items.ids[centre - graph.n_users],
                )
    opened = st.expander("The same as a table", key="_network_table", on_change="rerun")
    if opened.open:
        with opened:
            _table(study, near, user_index)


def _table(study: Study, near: Neighbourhood, user_index: int) -> None:
    table = tables.network_table(study.run.graph, study.dataset, near, privacy.name_user(study, user_index))
    st.dataframe(
        table,
        hide_index=True,
        column_config={"Part of its ring": st.column_config.ProgressColumn(format="percent", max_value=1.0)},
        alt="Nodes of the network",
        placeholder="–",
    )
    download("Table (CSV)", lambda: tables.as_csv(table), "network.csv", is_quiet=False)


def _take_away(made: Callable[[], Any]) -> None:
    """The drawn part as files that other graph programs open."""
    with st.container(horizontal=True, vertical_alignment="center"):
        for title, write, ending in (("GraphML", graphml, "graphml"), ("GEXF (Gephi)", gexf, "gexf")):
            download(
                title,
                lambda write=write: write(made()),  # type: ignore[misc]
                f"network.{ending}",
                is_quiet=False,
            )


def _more() -> None:
    st.session_state["_n_nodes"] = min(MOST, st.session_state.get("_n_nodes", STEP) + STEP)
