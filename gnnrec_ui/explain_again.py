"""Train without it: what really happens when the model is trained again without some interactions of this person."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.render import theme
from gnnrec_ui import ask
from gnnrec_ui.frame import roles, shell
from gnnrec_ui.frame.study import Study
from gnnrec_ui.server.slow_work import waiting_room

MOST_SEEDS = 5


def train_again(study: Study, user_index: int, item_index: int, suggested: tuple[int, ...]) -> None:
    """Choose interactions and seeds, train in a thread of its own, and show what came out, seed by seed."""
    dataset, history = study.dataset, study.run.graph.history(user_index).tolist()
    st.markdown("**Train without it**")
    if not history:
        st.caption("This person has no interactions that could be left out.")
        return
    chosen = st.multiselect(
        "Interactions to leave out",
        history,
        default=[item for item in suggested if item in history][:10] or history[:1],
        format_func=lambda item: clean(dataset.title(item)),
        key=f"_again_{user_index}_{item_index}",
    )
    seeds = st.slider("Trainings, each with another seed", 1, MOST_SEEDS, 1, key="_again_seeds")
    case = (user_index, item_index, tuple(sorted(chosen)), seeds)
    work = ask.retraining(study, *case) if chosen else None
    if work is not None and work.state in ("waiting", "running"):
        waiting_room(work, "Training without them", "again")
    elif work is not None and work.error is not None:
        shell.show_error(work.error)
    elif work is not None and work.state == "done":
        _came_out(study, work.answer)
        return
    place = roles.workspace()
    st.button(
        "Train without them",
        on_click=ask.retrain,
        args=(study, *case),
        disabled=not chosen or place.read_only,
        icon=":material/model_training:",
        help=roles.why_not(place)
        or "Trains the model twice a seed, once with everything, with the same random numbers. The page stays usable "
        "meanwhile; what comes out is kept with the run.",
    )


def _came_out(study: Study, found: Any) -> None:
    """Where the item stands after each training, beside the same seed with everything."""
    title = for_markdown(study.dataset.title(found.case.item_index))
    low, high = theme.ordinal(found.rank_low), theme.ordinal(found.rank_high)
    where = low if low == high else f"{low} to {high}"
    how = "refitted exactly" if found.exact else f"trained again, {len(found.after)} seed{'s' * (len(found.after) > 1)}"
    st.markdown(f"Trained without them, *{title}* stands **{where}** ({how}; now {theme.ordinal(found.case.rank)}).")
    st.dataframe(
        pd.DataFrame(
            {
                "Seed": [outcome.seed for outcome in found.after],
                "Rank without them": [outcome.rank for outcome in found.after],
                "Rank with everything": [outcome.rank for outcome in found.control],
            }
        ),
        hide_index=True,
        alt="Ranks after training again",
        placeholder="–",
    )
