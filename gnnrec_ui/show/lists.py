"""A recommendation list as rows of links: rank, title, score and popularity, each title opens the explanation."""

from __future__ import annotations

import streamlit as st

from gnnrec_core.base.text import for_label, for_markdown
from gnnrec_core.render import theme
from gnnrec_core.render.blocks import Table
from gnnrec_ui.frame import shell
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import tables
from gnnrec_ui.taken.heard import stands_for


def recommended(study: Study, user_index: int, items: list[int], scores: list[float]) -> None:
    """The list of one person, best first."""
    dataset, graph = study.dataset, study.run.graph
    user = dataset.users.ids[user_index]
    popularity = [int(graph.popularity[item]) for item in items]
    titles = [dataset.title(item) for item in items]
    rows = tuple(zip(range(1, len(items) + 1), titles, scores, popularity, strict=True))
    columns = ("rank", "title", "score", "in so many histories")
    with stands_for(lambda: (Table(columns, rows),)), st.container(key="list", gap=None):
        for rank, (item, score) in enumerate(zip(items, scores, strict=True), start=1):
            facts = [f"score {theme.number(score)}", f"in {int(graph.popularity[item]):,} histories"]
            about = for_markdown(tables.item_line(dataset, item, 2))
            with st.container(key=f"row_{rank}", gap=None):
                shell.link(
                    "explain", f"{rank:d}. {for_label(dataset.title(item))}", user=user, item=dataset.items.ids[item]
                )
                st.caption(" · ".join([*facts, about] if about else facts))
