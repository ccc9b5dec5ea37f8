"""What each explanation method is, what it promises, and how it did against planted truth."""

import streamlit as st

from gnnrec_core.explain import EXPLAINERS
from gnnrec_ui import shell

with shell.page("methods"):
    for plugin in EXPLAINERS:
        st.subheader(plugin.title, anchor=False)
        st.write(plugin.summary)
