"""Results as Streamlit elements: charts, tables, the network."""
