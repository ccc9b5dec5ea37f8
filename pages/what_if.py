"""What if this person had read something else, and what about somebody new?"""

import streamlit as st

from gnnrec_ui.frame import pickers, serving, shell
from gnnrec_ui.what_if_view import change_history, somebody_new

VIEWS = {"change": "Change a history", "new": "Somebody new"}

NEEDS: serving.ViewNeeds = {"change": ("changed graph",), "new": ("new person",)}

with shell.page("what_if") as study:
    refusals = serving.refused(study, NEEDS)
    chosen = pickers.choose_one("Who", VIEWS, "who", refusals=refusals)
    with st.container(key=f"who_{chosen}"):
        if chosen in refusals:
            serving.instead(study, refusals[chosen], "what_if", who=chosen)
        elif chosen == "change":
            change_history(study)
        else:
            somebody_new(study)
