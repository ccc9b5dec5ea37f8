"""How each method did on the sample, where the true reason of every interaction is known."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.base.checked import parse, read_bytes
from gnnrec_core.base.places import PROJECT
from gnnrec_core.base.text import for_markdown
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.models import MODELS
from gnnrec_core.render.charts.planted_chart import planted_chart
from gnnrec_ui.show.charts import chart

RESULTS = PROJECT / "benchmarks" / "results" / "planted.json"


def planted_view() -> None:
    """AUC and precision of each method against the planted reasons, as the benchmark measured them."""
    if not RESULTS.is_file():
        st.info("The methods have not been scored against the planted reasons here yet.", icon=":material/science:")
        return
    found: dict[str, Any] = parse(read_bytes(RESULTS))
    figures = found["figures"]
    titles = {plugin.name: plugin.title for registry in (EXPLAINERS, MODELS) for plugin in registry}
    chart(
        planted_chart(figures["methods"], titles),
        "Readers of the sample are simulated, so the reason of each interaction is known. AUC is the chance that a "
        "true reason stands above another interaction: further right is better, the dotted line is chance, bars are "
        "95\u00a0% intervals.",
        "planted",
        table=planted_table(figures["methods"], titles),
    )
    unserved = st.expander("Which methods a model does not serve", key="_not_served", on_change="rerun")
    if unserved.open:
        with unserved:
            for model, refusals in figures["not_served"].items():
                for method, reason in refusals.items():
                    st.caption(f"{titles.get(method, method)} on {titles.get(model, model)}: {for_markdown(reason)}")


def planted_table(rows: list[dict[str, Any]], titles: dict[str, str]) -> pd.DataFrame:
    """The same figures as a table."""
    return pd.DataFrame(
        [
            {
                "Model": titles.get(row["model"], row["model"]),
                "Method": titles.get(row["method"], row["method"]),
                "AUC": row["auc"],
                "from": row["auc_low"],
                "to": row["auc_high"],
                "Precision": row["precision"],
                "By chance": row["expected_precision"],
                "Cases": row["n_cases"],
            }
            for row in rows
        ]
    )
