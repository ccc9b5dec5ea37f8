"""Several methods on one case, each with its measured verdict; and two models on one case."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from gnnrec_core.errors import LensError
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.explain.values import Explanation
from gnnrec_core.library import workspace
from gnnrec_core.text import clean, for_markdown
from gnnrec_core.viz import explain_charts, theme
from gnnrec_ui import ask, shell
from gnnrec_ui.charts import chart
from gnnrec_ui.study import Study, run_label

QUICK = ("ledger", "leave_one_out", "integrated_gradients", "saliency", "input_x_gradient", "attention", "random")


def methods(study: Study, user_index: int, item_index: int, target: str, k: int) -> None:
    """What the methods say of the same reasons. Slow ones run when asked for."""
    found: list[Explanation] = []
    refused: list[str] = []
    waiting = []
    for plugin in EXPLAINERS:
        if plugin.name == "paths":  # the ledger, opened up
            continue
        if plugin.name not in QUICK and not ask.is_explained(study, user_index, item_index, plugin.name, target, k):
            waiting.append(plugin)
            continue
        try:
            found.append(ask.explanation(study, user_index, item_index, plugin.name, target, k))
        except LensError as error:
            refused.append(f"{plugin.title}: {error.message}")
    titles = {plugin.name: plugin.title for plugin in EXPLAINERS}
    if found:
        chart(
            explain_charts.compared(found, titles),
            "Rows are the largest reasons of the first method; a cell is the share that a method gives it of its own "
            "total. Methods that agree have equal rows; “Random” is the control.",
            "compared",
        )
        _verdicts(found, titles)
    for plugin in waiting:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                f"Ask {plugin.title}",
                key=f"_ask_{plugin.name}",
                on_click=ask.ask_for,
                args=(study, user_index, item_index, plugin.name, target, k),
            )
            st.caption(f"{plugin.summary} Takes longer.")
    for sentence in refused:
        st.caption(f":material/block: {for_markdown(sentence)}")


def two_models(study: Study, user_index: int, item_index: int, target: str, k: int) -> None:
    """The same case in another run on the same data."""
    others = {
        entry.id: entry
        for entry in workspace().runs(study.run.dataset.fingerprint)
        if entry.record.state == "finished" and study.run_entry is not None and entry.id != study.run_entry.id
    }
    if not others:
        st.info("There is no second run on this dataset. Train one to compare.", icon=":material/model_training:")
        shell.link("train", "Go to Train")
        return
    chosen = st.selectbox("The other run", list(others), format_func=lambda name: run_label(others[name]), key="other")
    result = ask.compared(study, Study(study.dataset_entry, others[chosen]), user_index, item_index, target, k)
    here, there, moved = st.columns(3)
    here.metric("Rank here", f"{result.first.rank:,}")
    there.metric("Rank there", f"{result.second.rank:,}")
    moved.metric("Places lower there", theme.signed(float(result.rank_change), 0))
    frame = pd.DataFrame(
        {
            "Reason": [clean(pair.label) for pair in result.pairs],
            "Share here": [100 * pair.first.share if pair.first else None for pair in result.pairs],
            "Share there": [100 * pair.second.share if pair.second else None for pair in result.pairs],
        }
    )
    st.caption("Compare shares, not values: the scores of two models have different scales.")
    st.dataframe(
        frame,
        hide_index=True,
        column_config={name: st.column_config.NumberColumn(format="%.1f %%") for name in ("Share here", "Share there")},
        alt="Shares of the same reasons in two models",
    )


def _verdicts(found: list[Explanation], titles: dict[str, str]) -> None:
    rows = []
    for explanation in found:
        rows.append(
            {
                "Method": titles[explanation.method],
                "Sums to the score": "yes" if explanation.is_additive else "no",
                "Exact": "yes" if explanation.exact else "no",
                "Held fixed": ", ".join(explanation.frozen) or "nothing",
                "Largest reason": clean(explanation.contributions[0].label) if explanation.contributions else "–",
                "Seconds": round(explanation.seconds, 3),
            }
        )
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="What each method promises on this case")
