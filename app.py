"""The app: `streamlit run app.py`."""

from gnnrec_ui.frame import shell

shell.start()
