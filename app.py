"""The app: `streamlit run app.py`."""

from gnnrec_ui import shell

shell.start()
