"""All shared Streamlit code: shell, caches, pickers, graph component. Pages only choose, check, ask and show."""

import gc

from gnnrec_core.base import threads

threads.one_for_each_question()
gc.set_threshold(100_000, 20, 100)
"""Loading libraries leaves hardly any garbage, and looking for it took a fifth of a cold start; `server.garbage` looks
for all of it every few seconds."""
