"""The guided demo: four steps through the real pages on the study at hand, and what Home says of that study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from gnnrec_core.base.text import for_label, for_markdown
from gnnrec_core.models import MODELS, title_of
from gnnrec_core.render import theme
from gnnrec_core.runs.entries import DatasetEntry, RunEntry
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui.frame import state

PARAMETER = "demo"
"""The step of the demo in the URL; it is not carried, so that the menu leads out of the demo."""
Link = Callable[..., None]
"""`shell.link`: page, label, icon and URL parameters."""


@dataclass(frozen=True)
class Step:
    """One step: what it is about, what to do on its page, and the page with its URL parameters."""

    title: str
    text: str
    look: str
    action: str
    icon: str
    page: str
    parameters: dict[str, str] = field(default_factory=dict)


STEPS = (
    Step(
        "Meet somebody",
        "One person: their history on the left, on the right what the model would show next, and "
        "below the graph between the two.",
        "Compare the list with the history. Click a node of the picture below to put it in the middle.",
        "See the list",
        ":material/recommend:",
        "recommend",
    ),
    Step(
        "Ask why",
        "The first item's score is taken apart into contributions of single interactions. They add up to the "
        "score, and each one was checked by scoring again without it.",
        "Follow the bars down: their sum is the lead. The table says where the item falls without each.",
        "Take the score apart",
        ":material/search_insights:",
        "explain",
    ),
    Step(
        "Change the past",
        "Take something out of the history or add to it. The graph is rebuilt, the list is ranked anew, and you "
        "see what moved: an explanation that can be tried out.",
        "Tick one of the reasons that you have just seen: the item falls as far as the explanation said.",
        "Try it",
        ":material/experiment:",
        "what_if",
    ),
    Step(
        "Ask for whom it works",
        "Accuracy by group with intervals and tests, what is never shown to anybody, and what a fix would cost, "
        "and whom.",
        "One group is served worse by construction: find it in the charts, click it, and meet its people. Then move "
        "the slider under “What a fix costs”. Choose the run “incumbent” above: lists of a shop whose model nobody "
        "knows are audited in the same way.",
        "Audit the model",
        ":material/balance:",
        "audit",
        {"group": "region"},
    ),
)
"""The story of one person, from their list to the people like them.

Without a person in hand, the pages choose one whose reasons can be seen to matter (`ask.telling_user`).
"""


def tell(link: Link) -> None:
    """The four steps as cards, two in a row."""
    for start in (0, 2):
        for number, column in enumerate(st.columns(2), start + 1):
            step = STEPS[number - 1]
            with column, st.container(border=True, height="stretch", key=f"step_{number}"):
                st.markdown(f"#### {number} · {step.title}")
                st.markdown(step.text)
                _go(link, number, step.action)


def guide(page: str, link: Link) -> None:
    """On a page that the demo has opened: what to look at, and the way to the next step."""
    asked = st.query_params.get(PARAMETER, "")
    number = state.whole(asked, 1, len(STEPS)) or 0
    if not number or STEPS[number - 1].page != page:
        return
    with st.container(border=True, key="guide"):
        told, onward = st.columns([3, 1], vertical_alignment="center")
        told.markdown(f"**Step {number} of {len(STEPS)} · {STEPS[number - 1].title}.** {STEPS[number - 1].look}")
        with onward:
            if number < len(STEPS):
                _go(link, number + 1, f"Next: {STEPS[number].title}")
            else:
                link("home", "Back to Home", icon=":material/home:")


def _go(link: Link, number: int, label: str) -> None:
    step = STEPS[number - 1]
    link(step.page, label, icon=step.icon, **{PARAMETER: number}, **step.parameters)


def key_figures(place: Workspace, dataset: DatasetEntry, run: RunEntry) -> None:
    """The study in one row: its sizes, and how well the model ranks what it had not seen, beside one
    list for all."""
    st.subheader(f"The study: {for_markdown(dataset.name)}", anchor=False)
    model = title_of(run.record.model)
    ndcg = _ndcg(run)
    alike = MODELS.having("personal", False)  # those that show everybody the same list
    other = next((r for r in place.runs(dataset.fingerprint) if r.record.model in alike), None)
    baseline = _ndcg(other) if other else None
    with st.container(horizontal=True):
        st.metric("People", f"{int(dataset.card['n_users']):,}")
        st.metric("Items", f"{int(dataset.card['n_items']):,}")
        st.metric("Interactions", f"{int(dataset.card['n_interactions']):,}")
        st.metric("Model", for_label(model))
        if ndcg is not None:
            gain = (
                f"{100 * (ndcg / baseline - 1):+.0f} % against {for_label(title_of(other.record.model))}"
                if other and baseline and run.record.model not in alike
                else None
            )
            st.metric(
                "NDCG@20, validation", theme.number(ndcg), gain, help="0: nothing found, 1: all found, at the top."
            )


def _ndcg(run: RunEntry) -> float | None:
    return (run.record.figures.get("validation") or {}).get("ndcg@20")
