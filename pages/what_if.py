"""What if this person had read something else, and what about somebody new?"""

import streamlit as st

from gnnrec_ui.frame import pickers, shell
from gnnrec_ui.what_if_view import change_history, somebody_new

VIEWS = {"change": "Change a history", "new": "Somebody new"}

with shell.page("what_if") as study:
    chosen = pickers.choose_one("Who", VIEWS, "who")
    with st.container(key=f"who_{chosen}"):
        if chosen == "change":
            change_history(study)
        else:
            somebody_new(study)
