"""How each method did on the sample, where the true reason of every interaction is known."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.library import PROJECT
from gnnrec_core.models import MODELS

RESULTS = PROJECT / "benchmarks" / "results" / "planted.json"


def planted_view() -> None:
    """Precision and AUC of each method against the planted reasons."""
    if not RESULTS.is_file():
        st.info("The scores against the planted reasons have not been computed here yet.", icon=":material/science:")
        st.code("python benchmarks/bench_planted.py", language="bash")
        return
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    st.markdown(
        "The readers of the sample are simulated, so it is known which earlier books share the cause of each new one. "
        "Each method explains books that were held out and that the model found; a perfect explanation would put the "
        "books with that cause first. A model can be right for other reasons than the reader's, so no method need "
        "reach 1."
    )
    st.dataframe(planted_table(found["figures"]["methods"]), hide_index=True, alt="Scores against planted reasons")
    st.caption(
        "AUC: probability that a book with the true cause gets a larger contribution than another book of the history "
        "(0.5 is chance). Precision: share of true ones among as many largest contributions. 95 % intervals over cases."
    )


def planted_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """One line a model and method, with the names that people read."""
    return pd.DataFrame(
        {
            "Model": MODELS[row["model"]].title,
            "Method": EXPLAINERS[row["method"]].title,
            "AUC": f"{row['auc']:.2f} [{row['auc_low']:.2f}, {row['auc_high']:.2f}]",
            "Precision": f"{row['precision']:.2f} [{row['precision_low']:.2f}, {row['precision_high']:.2f}]",
            "By chance": f"{row['expected_precision']:.2f}",
            "Cases": row["n_cases"],
        }
        for row in rows
    )
