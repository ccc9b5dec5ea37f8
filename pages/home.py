"""The guided demo."""

import streamlit as st

from gnnrec_ui import shell

with shell.page("home") as study:
    st.title("GNNRec Lens", anchor=False)
