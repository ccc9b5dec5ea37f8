"""Luck: what of the chosen run's lists another seed would have kept."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.render import theme
from gnnrec_ui import ask_again
from gnnrec_ui.frame import roles, shell
from gnnrec_ui.frame.study import Study
from gnnrec_ui.server.slow_work import waiting_room

N_SEEDS = 3


def luck_view(study: Study) -> None:
    """What is known of the run's luck, and a button that trains with other seeds where nothing is."""
    if study.run_entry is None:
        st.caption("Choose a run to see what of its lists is luck.")
        return
    work = ask_again.luck_work(study)
    if work is not None and work.state in ("waiting", "running"):
        waiting_room(work, f"Training with {N_SEEDS} other seeds", "luck")
        return
    if work is not None and work.error is not None:
        shell.show_error(work.error)
        return
    found = work.answer if work is not None and work.state == "done" else ask_again.known_luck(study)
    if found is None:
        place = roles.workspace()
        st.button(
            f"Train with {N_SEEDS} other seeds",
            on_click=ask_again.ask_luck,
            args=(study, N_SEEDS),
            icon=":material/casino:",
            disabled=place.read_only,
            help=roles.why_not(place)
            or "Nothing is removed; only the random numbers differ. The page stays usable meanwhile, and the answer "
            "is kept with the run.",
        )
        return
    _shares(found)


def _shares(found: Any) -> None:
    has_reason = found.same_reason is not None
    reason = f", and for {theme.percent(found.same_reason, 0)} its strongest reason" if has_reason else ""
    st.markdown(
        f"Of a top {found.k}, **{theme.percent(found.overlap, 0)}** ({_span(found, found.overlap)}) stays when only "
        f"the seed changes; the first item stays first for {theme.percent(found.same_first, 0)} "
        f"({_span(found, found.same_first)}) of people{reason}."
    )
    st.dataframe(
        pd.DataFrame(
            {
                "Rank": [e.rank for e in found.by_rank],
                "Stays": [e.stays for e in found.by_rank],
                "95 % interval": [_span(found, e.stays) for e in found.by_rank],
            }
        ),
        hide_index=True,
        column_config={"Stays": st.column_config.NumberColumn(format="percent")},
        alt="Share of items that stay in the list, by rank",
        placeholder="–",
    )
    if found.figures:
        gaps = pd.DataFrame(
            {
                "Gap between a group and all others": [e.name for e in found.figures],
                "In this run": [e.value for e in found.figures],
                "Other seeds": [f"{theme.number(e.low)} to {theme.number(e.high)}" for e in found.figures],
                "Same sign": [e.same_sign for e in found.figures],
            }
        )
        st.dataframe(
            gaps,
            hide_index=True,
            column_config={
                "In this run": st.column_config.NumberColumn(format="%.4f"),
                "Same sign": st.column_config.NumberColumn(format="percent"),
            },
            alt="Gaps between groups over the seeds",
            placeholder="–",
        )
    seeds = f"{found.seeds} training{'s' * (found.seeds > 1)} with other seeds"
    st.caption(f"Mean over {found.n_users:,} people and {seeds}; higher is better, 100\u00a0% is no luck at all.")


def _span(found: Any, share: float) -> str:
    """The 95 % interval over people of a share."""
    span = found.interval(share)
    return f"{theme.percent(span.low, 0)} to {theme.percent(span.high, 0)}"
