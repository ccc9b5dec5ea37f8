"""One item from its own side: who gets it, what carries it, what keeps it from others, what would help."""

import numpy as np
import streamlit as st

from gnnrec_core.base.text import for_markdown
from gnnrec_ui.frame import pickers, shell
from gnnrec_ui.show import tables
from gnnrec_ui.whole.item_view import item_view

with shell.page("item") as study:
    which, length = st.columns([6, 1], vertical_alignment="bottom")
    with which:
        popular = np.argsort(-study.run.graph.popularity, kind="stable")[:50].tolist()
        item = pickers.choose_item(study, (), offered=popular)
    with length:
        k = pickers.choose_k(10, study.dataset.n_items)
    st.caption(for_markdown(tables.item_line(study.dataset, item)))
    item_view(study, item, k)
