"""All shared Streamlit code: shell, caches, pickers, graph component. Pages only choose, check, ask and show."""
