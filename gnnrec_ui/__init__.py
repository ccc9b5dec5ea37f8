"""All shared Streamlit code: shell, caches, pickers, graph component. Pages only choose, check, ask and show."""

from gnnrec_core.base import threads

threads.one_for_each_question()
