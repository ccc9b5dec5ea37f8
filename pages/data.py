"""Look at a dataset, or make one of a file: nothing is stored before the last step."""

import streamlit as st

from gnnrec_core.base.text import for_markdown
from gnnrec_ui.damaged_view import damaged
from gnnrec_ui.data import dataset_view, import_view, suspicious_view
from gnnrec_ui.frame import pickers, roles, shell

with shell.page("data") as study:
    place = roles.workspace()
    views = {"dataset": "The chosen dataset", "import": "Import another"}
    view = pickers.choose_one("Show", views, "show", "dataset" if study.dataset_entry else "import")
    if view == "import":
        if place.read_only:
            st.info(f"{roles.why_not(place)} Datasets are shown here, and none is imported.", icon=":material/lock:")
        else:
            import_view.drop(place)
            token = st.query_params.get(import_view.PARAMETER)  # `drop` may have made one
            if token is not None:
                import_view.steps(place, token)
    elif study.dataset_entry is None:
        st.info("There is no dataset yet: choose “Import another”.", icon=":material/database:")
    else:
        entry = study.dataset_entry
        if st.session_state.pop("_stored", None) == entry.id:
            st.success("Stored. Train a model on it next.", icon=":material/check:")
            shell.link("train", "Go to Train", icon=":material/model_training:")
        st.subheader(for_markdown(entry.name), anchor=False)
        found = dataset_view.described(entry)
        dataset_view.overview(found)
        dataset_view.charts(found, entry.id)
        st.subheader("What was met on import", anchor=False)
        dataset_view.problem_table(dataset_view.problems_of(entry))
        st.subheader("Attributes", anchor=False)
        dataset_view.attributes(found)
        suspicious_view.suspicious_view(study)
        dataset_view.manage(place, entry)
    damaged(place, "datasets")
