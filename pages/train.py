"""Train a model on the chosen dataset, watch it, and keep the runs in order."""

import streamlit as st

from gnnrec_core.base.text import for_markdown
from gnnrec_ui.frame import roles, shell
from gnnrec_ui.train.jobs_view import trainings

with shell.page("train") as study:
    place, dataset = roles.workspace(), study.dataset_entry
    assert dataset is not None  # the frame has checked it

    new = st.container()  # filled second: who comes back wants to see first how the training does
    roles.say_refusal(place, "Starting, stopping and deleting is for editors.")
    st.subheader("Trainings", anchor=False)
    trainings(place)
    # Loaded second, as they need more libraries.
    from gnnrec_ui.damaged_view import damaged
    from gnnrec_ui.train.bring_in import bring_in
    from gnnrec_ui.train.new_training import ask_about_twin, begin, choose_training, expected_time
    from gnnrec_ui.train.runs_view import run_list

    with new:
        st.subheader(f"New training on {for_markdown(dataset.name)}", anchor=False)
        plan = choose_training(dataset)
        if plan is not None:
            start, time = st.columns([1, 3], vertical_alignment="center")
            begins = start.button(
                "Start training",
                type="primary",
                icon=":material/play_arrow:",
                width="stretch",
                disabled=place.read_only,
                help=roles.why_not(place),
            )
            with time:
                expected_time(place, dataset, plan)
            with shell.boundary():
                if begins:
                    begin(place, dataset, plan.request)
                ask_about_twin(place, dataset, plan.request)
        with st.expander(
            "Add a model or lists made elsewhere", icon=":material/upload:", expanded="bring" in st.query_params
        ):
            bring_in(place, dataset)

    st.subheader("Runs", anchor=False)
    run_list(place, dataset.fingerprint)
    damaged(place, "runs")
