"""The neighbourhood of a person or an item as a picture, chosen by what carries the list, and the same as a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from gnnrec_core.base.text import for_label
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.render import theme
from gnnrec_core.render.graph_export import gexf, graphml, neighbourhood_graph
from gnnrec_core.render.neighbourhood import Neighbourhood, neighbourhood
from gnnrec_core.render.network import draw_network, legend, node_name, node_number, node_title, relation_label
from gnnrec_ui import ask
from gnnrec_ui.frame import pickers, privacy, shell, state
from gnnrec_ui.frame.search import find
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import tables, webgl
from gnnrec_ui.show.downloads import download, named
from gnnrec_ui.show.graph_view import graph_view
from gnnrec_ui.show.network_view import network_view

SIZES = {"60": "60", "250": "250", "1000": "1,000", "5000": "5,000"}
"""How many nodes are drawn at most."""
MOST_WITHOUT_CARD = 500
"""Where the browser has no WebGL."""
MOST_FOUND = 8
CARRIES = (
    {"shape": "line", "color": theme.POSITIVE, "label": "raises the list's scores"},
    {"shape": "line", "color": theme.NEGATIVE, "label": "lowers them"},
)


@st.fragment
def neighbourhood_view(study: Study, user_index: int, items: list[int]) -> None:
    """Hop rings around the person (or the node that was clicked last), the recommended items as stars.

    Around the person, nodes and the width of links are what they carry of the list; where the model's scores have no
    parts, and around another node, nodes are those that send the most messages.
    """
    with shell.boundary():
        graph, dataset = study.run.graph, study.dataset
        centre = _centre(study, user_index)
        flow = ask.list_flow(study, user_index, tuple(items)) if centre == user_index else None
        hops, relations, n_nodes = _filters(study)
        has_card = not webgl.is_missing()
        n_nodes = n_nodes if has_card else min(n_nodes, MOST_WITHOUT_CARD)
        stars = np.array([graph.item_node(item) for item in items], dtype=np.int64) if centre == user_index else None
        public = privacy.public_numbers(study)
        matter = None if flow is None else flow.matter
        near = neighbourhood(
            graph, np.array([centre]), hops, n_nodes, relations, always=stars, order=public, matter=matter
        )
        ranks = {int(graph.item_node(item)): rank for rank, item in enumerate(items, start=1)}
        name = privacy.name_user(study, user_index)
        carried = {} if flow is None else dict(zip(near.edges.tolist(), flow.of_edges(graph, near.edges).tolist()))
        st.caption(_reading(flow is not None))
        _search(study, user_index, public)
        found = legend(graph, near, any(int(node) in ranks for node in near.nodes))
        clicked = (network_view if has_card else graph_view)(
            draw_network(graph, dataset, near, ranks, carried.get if carried else None, name, public),
            [entry for entry in found if entry["shape"] != "line"] + list(CARRIES) if carried else found,
            alt=f"Network of {len(near.nodes)} nodes around {node_title(graph, dataset, centre, name)}; "
            "a table follows.",
            key="neighbourhood",
            file_name="neighbourhood",
        )
        if clicked and node_number(clicked) not in (None, int(public[centre])):
            state.choose("focus", clicked)
            st.rerun(scope="fragment")
        _below(study, near, centre, user_index, flow is not None)
        _take_away(lambda: neighbourhood_graph(graph, dataset, near, ranks, name))


def _reading(is_carried: bool) -> str:
    """How the picture is read."""
    if is_carried:
        return (
            "What carries this list: the wider and stronger a line, the more of the scores passes it; the nearer to "
            "the middle, the more directly. Stars are the recommended items with their rank."
        )
    return (
        "Messages travel along the lines; the closer the ring, the more directly a node speaks. What they do for a "
        "score is not told here."
    )


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
        size = pickers.choose_one("Nodes at most", SIZES, "nodes")
    return hops, relations, int(size)


def _search(study: Study, user_index: int, public: IntArray) -> None:
    """A field over all nodes of the graph; each match is a button that puts it in the middle."""
    wanted = st.text_input(
        "Find in the whole graph", key="_find_node", type="search", live=True, placeholder="Title, name or attribute"
    )
    if not wanted:
        return
    names = ask.node_names(study, user_index)
    matches = find(wanted, names, limit=MOST_FOUND)
    with st.container(horizontal=True, gap="small", key="found"):
        for node in matches:
            focus = node_name(public[node])
            place = ":material/my_location:"
            st.button(for_label(names[node]), key=f"_focus_{focus}", on_click=_focus, args=(focus,), icon=place)
    if not matches:
        st.caption(f"Nothing in the graph is called “{for_label(wanted)}”.")


def _focus(name: str) -> None:
    state.choose("focus", name)
    st.session_state["_find_node"] = ""


def _below(study: Study, near: Neighbourhood, centre: int, user_index: int, is_carried: bool) -> None:
    graph, dataset = study.run.graph, study.dataset
    hidden = near.n_edges_between > len(near.edges)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{len(near.nodes):,} of {near.n_available:,} nodes within reach, those that "
            + ("carry most of the list first" if is_carried else "send the most messages first")
            + (f"; {len(near.edges):,} of {near.n_edges_between:,} links. " if hidden else ". ")
            + "Select a node, or a link to its far end, to put it in the middle."
        )
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
    file = named("neighbourhood", study.run.name, ending=".csv")
    download("Table (CSV)", lambda: tables.as_csv(table), file, is_quiet=False)


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
