"""How well each level agrees with training again, as the benchmark measured it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.base.checked import parse, read_bytes
from gnnrec_core.base.places import PROJECT
from gnnrec_core.ranking.intervals import share_bounds
from gnnrec_core.render import theme

RESULTS = PROJECT / "benchmarks" / "results" / "retraining.json"
TITLES = {"in_this_model": "In this model", "foretold": "Foretold"}
WORLDS = {"lightgcn": "LightGCN, sample", "gat": "GAT, sample", "ml100k": "LightGCN, MovieLens 100K"}
"""What the benchmark calls its trainings, and what people do."""


def retraining_view() -> None:
    """A row for each model and level: order, size and in-or-out, against models that were really trained."""
    if not RESULTS.is_file():
        st.info("The levels have not been held against training again here yet.", icon=":material/science:")
        return
    figures: dict[str, Any] = parse(read_bytes(RESULTS))["figures"]
    st.dataframe(
        retraining_table(figures),
        hide_index=True,
        column_config={
            "Order of scores": st.column_config.NumberColumn(format="%.2f"),
            "Order of leads": st.column_config.NumberColumn(format="%.2f"),
            "Range holds": st.column_config.NumberColumn(format="percent"),
        },
        placeholder="–",
        alt="Agreement with training again",
    )
    st.caption(
        "24 people, ten of whose interactions were left out and trained without, for the items at rank 1 to 10. "
        "Order: mean rank correlation of ten changes, 1 is best; two seeds agree to about 0.9. In or out right: "
        "whether the item is still in the top 10 when its three strongest reasons go, with its 95\u00a0% interval. "
        "Range holds: good is 80\u00a0%."
    )


def retraining_table(figures: dict[str, Any]) -> pd.DataFrame:
    """One row for each world and level."""
    rows = []
    for name, found in figures.items():
        single, strong = found["agreement"], found["strong_sets"]
        for level, title in TITLES.items():
            rows.append(
                {
                    "Trained again": WORLDS.get(name, name),
                    "Level": title,
                    "Order of scores": single["spearman_score"][level],
                    "Order of leads": single["spearman_margin"][level],
                    "In or out right": _share(strong["in_or_out_right"][level], strong["n"]),
                    "Range holds": single["coverage_of_80_percent_interval"] if level == "foretold" else None,
                }
            )
    return pd.DataFrame(rows)


def _share(share: float, n: int) -> str:
    """A share of `n` cases with its 95 % interval (Clopper and Pearson)."""
    low, high = share_bounds(round(share * n), n, 0.025)
    return f"{theme.percent(share, 0)} ({theme.percent(low, 0)} to {theme.percent(high, 0)})"
