"""GNNRec Lens: explain, audit and show graph recommenders. Importing this never imports torch or Streamlit."""

__version__ = "0.2.0"
