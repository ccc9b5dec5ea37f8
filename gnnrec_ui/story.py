"""The guided demo: four steps that open the real pages on the study at hand."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from gnnrec_core.library import DatasetEntry, RunEntry, Workspace
from gnnrec_core.models import MODELS
from gnnrec_core.text import for_markdown
from gnnrec_core.viz import theme
from gnnrec_ui import shell


@dataclass(frozen=True)
class Step:
    """One step: what to do, what to look at there, and the page with its URL parameters."""

    title: str
    text: str
    action: str
    icon: str
    page: str
    parameters: dict[str, str]


def steps() -> tuple[Step, ...]:
    """The story of one person, from their list to the people like them.

    Without a person in hand, the pages choose one whose reasons can be seen to matter (`ask.telling_user`).
    """
    return (
        Step(
            "Meet somebody",
            "One person: their history on the left, on the right what the model would show next, and "
            "below the graph between the two.",
            "See the list",
            ":material/recommend:",
            "recommend",
            {},
        ),
        Step(
            "Ask why",
            "The first item's score is taken apart into contributions of single interactions. They add up to the "
            "score, and each one was checked by scoring again without it.",
            "Take the score apart",
            ":material/search_insights:",
            "explain",
            {},
        ),
        Step(
            "Change the past",
            "Take something out of the history or add to it. The graph is rebuilt, the list is ranked anew, and you "
            "see what moved: an explanation that can be tried out.",
            "Try it",
            ":material/experiment:",
            "what_if",
            {},
        ),
        Step(
            "Ask for whom it works",
            "Accuracy by group with intervals and tests, what is never shown to anybody, and what a fix would cost, "
            "and whom.",
            "Audit the model",
            ":material/balance:",
            "audit",
            {"group": "region"},
        ),
    )


def tell() -> None:
    """The four steps as cards, two in a row."""
    told = steps()
    for start in (0, 2):
        for number, (column, step) in enumerate(zip(st.columns(2), told[start : start + 2], strict=True), start + 1):
            with column, st.container(border=True, height="stretch", key=f"step_{number}"):
                st.markdown(f"#### {number} · {step.title}")
                st.markdown(step.text)
                shell.link(step.page, step.action, icon=step.icon, **step.parameters)


def key_figures(place: Workspace, dataset: DatasetEntry, run: RunEntry) -> None:
    """The study in one row: its sizes, and how well the model ranks what it had not seen, beside popularity."""
    st.subheader(f"The study: {for_markdown(dataset.name)}", anchor=False)
    model = MODELS[run.record.model].title if run.record.model in MODELS else run.record.model
    ndcg = _ndcg(run)
    baseline = next((_ndcg(r) for r in place.runs(dataset.fingerprint) if r.record.model == "popularity"), None)
    with st.container(horizontal=True):
        st.metric("People", f"{int(dataset.card['n_users']):,}")
        st.metric("Items", f"{int(dataset.card['n_items']):,}")
        st.metric("Interactions", f"{int(dataset.card['n_interactions']):,}")
        st.metric("Model", model)
        if ndcg is not None:
            gain = (
                f"{100 * (ndcg / baseline - 1):+.0f} % against popularity"
                if baseline and run.record.model != "popularity"
                else None
            )
            st.metric(
                "NDCG@20, validation", theme.number(ndcg), gain, help="0: nothing found, 1: all found, at the top."
            )


def _ndcg(run: RunEntry) -> float | None:
    return (run.record.figures.get("validation") or {}).get("ndcg@20")
