"""What this is, a guided demo of six cases, and the study at hand."""

import streamlit as st

from gnnrec_ui.explain import first_answer
from gnnrec_ui.frame import roles, shell, story

with shell.page("home") as study:
    place = roles.workspace()
    st.title("Why does the recommender show this, and is that right?", anchor=False)
    st.markdown(
        "GNNRec Lens explains and audits graph recommenders. **Every explanation is checked**: its numbers add up to "
        "the score, and what it claims is recomputed on the changed graph."
    )
    if study.dataset_entry is None:
        st.info("There is no dataset yet.", icon=":material/database:")
        shell.link("data", "Import one", icon=":material/upload:")
    elif study.run_entry is None:
        st.info("This dataset has no trained model yet.", icon=":material/model_training:")
        shell.link("train", "Train one", icon=":material/model_training:")
    else:
        example = first_answer.room()
        story.tell(study, shell.open_page)
        story.key_figures(place, study.dataset_entry, study.run_entry)
        if study.dataset_entry.shipped:
            st.caption("The shipped books are real; their readers are simulated, so that the true reasons are known.")
    st.subheader("Bring your own", anchor=False)
    with st.container(horizontal=True):
        shell.link("data", "Import interactions", icon=":material/upload:", show="import")
        shell.link("train", "Train a model", icon=":material/model_training:")
        shell.link("methods", "How the methods work", icon=":material/menu_book:")
    roles.say_refusal(place)
    if study.run_entry is not None:
        first_answer.answer(example, study)
