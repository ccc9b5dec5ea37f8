"""All items by how they are shown, one item from its own side (who gets it, what carries it, what would help), and an
item that is not in the data yet."""

import numpy as np
import streamlit as st

from gnnrec_core.base.text import for_markdown
from gnnrec_ui.frame import pickers, shell
from gnnrec_ui.show import tables
from gnnrec_ui.whole.cockpit_view import choose_fix, cockpit_view
from gnnrec_ui.whole.item_view import item_view
from gnnrec_ui.whole.new_item_view import new_item_view

with shell.page("item") as study:
    views = {"all": "All items", "one": "One item", "new": "A new item"}
    first = "one" if "item" in st.query_params else "all"
    chosen, which, length = st.columns([4, 4.4, 1.4], vertical_alignment="bottom")
    with chosen:
        view = pickers.choose_one("Look at", views, "view", first, is_labelled=False)
    with length:
        k = pickers.choose_k(10, study.dataset.n_items)
    if view == "all":
        with which:
            fix = choose_fix()
        cockpit_view(study, k, fix)
    elif view == "new":
        new_item_view(study, k)
    else:
        with which:
            popular = np.argsort(-study.run.graph.popularity, kind="stable")[:50].tolist()
            item = pickers.choose_item(study, (), offered=popular)
        st.caption(for_markdown(tables.item_line(study.dataset, item)))
        item_view(study, item, k)
