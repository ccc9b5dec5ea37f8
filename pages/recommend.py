"""What the model would show a person next, beside what the person has, and the graph around them."""

import streamlit as st

from gnnrec_core.base.text import for_markdown
from gnnrec_ui import ask, ask_again
from gnnrec_ui.frame import pickers, shell
from gnnrec_ui.neighbourhood_view import neighbourhood_view
from gnnrec_ui.show import lists, tables
from gnnrec_ui.show.downloads import download, named

with shell.page("recommend") as study:
    person, length = st.columns([6, 1], vertical_alignment="bottom")
    with person:
        user = pickers.choose_user(study)
    with length:
        k = pickers.choose_k(10, study.dataset.n_items)
    found = ask.recommendations(study, user, k)
    items = [int(item) for item in found.item_index[0] if item >= 0]
    scores = [float(score) for score in found.score[0, : len(items)]]
    dataset, graph = study.dataset, study.run.graph
    st.caption(for_markdown(tables.person_line(dataset, graph, user)))

    history, recommended = st.columns([1, 1], gap="large")
    with history, st.container(key="history"):
        st.subheader("Their history", anchor=False)
        past = tables.history_table(dataset, user)
        if past.empty:
            st.info("Nothing yet: the list rests on what the model learned of everybody.", icon=":material/person_add:")
        else:
            st.dataframe(
                past,
                hide_index=True,
                height=min(640, 37 * len(past) + 40),
                column_order=tables.shown_first(past),
                column_config={
                    name: st.column_config.Column(width=pixels) for name, pixels in tables.HISTORY_WIDTHS.items()
                },
                alt="History of the person",
                placeholder="–",
            )
    with recommended:
        st.subheader("Recommended", anchor=False)
        if items:
            later = ask.chosen_later(study, user)
            lists.recommended(
                study,
                user,
                items,
                scores,
                {each.item_index for each in later},
                ask_again.staying(study, user, items, k),
            )
            lists.judged(study, user, later, k)
            download(
                "Download the list (CSV)",
                lambda: tables.as_csv(tables.list_table(dataset, graph, items, scores)),
                named("recommendations", dataset.name, "top", k, ending=".csv"),
            )
        else:
            st.info("This person has every item already.", icon=":material/check:")

    st.subheader("The graph around them", anchor=False)
    neighbourhood_view(study, user, items)
