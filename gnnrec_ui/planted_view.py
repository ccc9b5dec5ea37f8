"""How each method did on the sample, where the true reason of every interaction is known."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.library import PROJECT

RESULTS = PROJECT / "benchmarks" / "results" / "planted.json"


def planted_view() -> None:
    """Precision and AUC of each method against the planted reasons."""
    if not RESULTS.is_file():
        st.info("The scores against the planted reasons have not been computed here yet.", icon=":material/science:")
        st.code("python benchmarks/bench_planted.py", language="bash")
        return
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    st.dataframe(pd.DataFrame(found["methods"]), hide_index=True, alt="Scores against planted reasons")
