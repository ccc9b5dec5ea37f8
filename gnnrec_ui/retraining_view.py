"""How well each level agrees with training again, as the benchmark measured it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.base.checked import parse, read_bytes
from gnnrec_core.base.places import PROJECT
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.ranking.intervals import share_bounds
from gnnrec_core.render import theme

RESULTS = PROJECT / "benchmarks" / "results" / "retraining.json"
TITLES = {
    "in_this_model": "In this model",
    "foretold": "Foretold",
    "foretold_attention_anew": "Foretold, attention computed anew",
    "one_seed_for_the_others": "One seed for the others",
}
WORLDS = {
    "lightgcn": "LightGCN, sample",
    "gat": "GAT, sample",
    "ml100k": "LightGCN, MovieLens 100K",
    "graphsage": "GraphSAGE, sample",
}
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
        },
        placeholder="–",
        alt="Agreement with training again",
    )
    st.caption(
        "24 people, ten of whose interactions were left out and trained without, for the items at rank 1 to 10. "
        "Order: mean rank correlation of ten changes, 1 is best; how well one seed orders the changes of the others "
        "says how well the truth itself is known. In or out right: whether the item is still in the top 10 when its "
        "three strongest reasons go, with its 95\u00a0% interval. Range holds: good is 80\u00a0%."
    )
    if not (methods := methods_table(figures)).empty:
        with st.expander("Each method against training again"):
            st.dataframe(methods, hide_index=True, placeholder="–", alt="Methods against training again")
            st.caption(
                "Mean rank correlation of what each method says of single interactions with what the item's score "
                "loses when the model is trained without each; 1 is best, 0 is chance."
            )


def retraining_table(figures: dict[str, Any]) -> pd.DataFrame:
    """One row for each world and level."""
    rows = []
    for name, found in figures.items():
        single, strong = found["agreement"], found.get("strong_sets")
        for level, title in TITLES.items():
            if level not in single["spearman_score"]:
                continue
            right = None if strong is None else strong["in_or_out_right"].get(level)
            rows.append(
                {
                    "Trained again": WORLDS.get(name, name),
                    "Level": title,
                    "Order of scores": single["spearman_score"][level],
                    "Order of leads": single["spearman_margin"][level],
                    "In or out right": None if right is None else _share(right, strong["n"]),
                    "Range holds": theme.percent(single["coverage_of_80_percent_interval"], 0)
                    if level == "foretold"
                    else None,
                }
            )
    return pd.DataFrame(rows)


def methods_table(figures: dict[str, Any]) -> pd.DataFrame:
    """One row for each explanation method, one column for each world that it was measured on; best first."""
    columns = {
        WORLDS.get(name, name): {method: row["spearman"] for method, row in found["methods"].items()}
        for name, found in figures.items()
        if "methods" in found
    }
    if not columns:
        return pd.DataFrame()
    table = pd.DataFrame(columns).sort_values(next(iter(columns)), ascending=False).round(2)
    table.insert(0, "Method", [EXPLAINERS[method].title for method in table.index])
    return table.reset_index(drop=True)


def _share(share: float, n: int) -> str:
    """A share of `n` cases with its 95 % interval (Clopper and Pearson)."""
    low, high = share_bounds(round(share * n), n, 0.025)
    return f"{theme.percent(share, 0)} ({theme.percent(low, 0)} to {theme.percent(high, 0)})"
