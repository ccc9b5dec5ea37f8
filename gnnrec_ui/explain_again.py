"""Train without it: what really happens when the model is trained again without some interactions of this person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.explain.case import excluded_items
from gnnrec_core.explain.truth.retraining import Trained, check_retrainable, refits
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.render import theme
from gnnrec_ui import ask_again
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
    work = ask_again.retraining(study, *case) if chosen else None
    if work is not None and work.state in ("waiting", "running"):
        waiting_room(work, "Training without them", "again", lambda: _arrived(study, user_index, item_index, chosen))
    elif work is not None and work.error is not None:
        shell.show_error(work.error)
    elif work is not None and work.state == "done":
        _came_out(study, work.answer)
        return
    _ask_again(ask_again.retrain, (study, *case), not chosen)


def train_list_again(study: Study, user_index: int, removed: tuple[int, ...], k: int) -> None:
    """The whole list of a person after training without what was taken away, seed by seed as it arrives."""
    st.markdown("**Train without them**")
    try:
        check_retrainable(study.run)
    except UnsupportedError as error:
        st.caption(for_markdown(f"{error.message} {error.hint}"))
        return
    known = ask_again.trained_so_far(study, user_index, removed)
    if refits(study.run):
        _list(study, user_index, known, k, "refitted exactly")
        return
    seeds = st.slider("Trainings, each with another seed", 1, MOST_SEEDS, 1, key="_list_again_seeds")
    work = ask_again.list_retraining(study, user_index, removed, seeds)
    if work is not None and work.state in ("waiting", "running"):
        arrived = partial(_list_so_far, study, user_index, removed, k)
        waiting_room(work, "Training without them", "list_again", arrived)
        return
    if work is not None and work.error is not None:
        shell.show_error(work.error)
    if len(known) < seeds:
        _ask_again(ask_again.retrain_list, (study, user_index, removed, seeds), False)
    _list_so_far(study, user_index, removed, k)


def _ask_again(begin: Callable[..., None], arguments: tuple[Any, ...], nothing_chosen: bool) -> None:
    place = roles.workspace()
    st.button(
        "Train without them",
        on_click=begin,
        args=arguments,
        disabled=nothing_chosen or place.read_only,
        icon=":material/model_training:",
        help=roles.why_not(place)
        or "Trains the model twice a seed, once with everything, with the same random numbers. The page stays usable "
        "meanwhile; what comes out is kept with the run.",
    )


def _arrived(study: Study, user_index: int, item_index: int, chosen: list[int]) -> None:
    """Where the item stands in each training that is done, while the others run."""
    known = ask_again.trained_so_far(study, user_index, tuple(sorted(chosen)))
    if known:
        excluded = excluded_items(study.dataset, user_index)
        _ranks(
            [pair.seed for pair in known],
            [rank_of(pair.after, item_index, excluded) for pair in known],
            [rank_of(pair.control, item_index, excluded) for pair in known],
        )


def _list_so_far(study: Study, user_index: int, removed: tuple[int, ...], k: int) -> None:
    known = ask_again.trained_so_far(study, user_index, removed)
    n = len(known)
    _list(study, user_index, known, k, f"trained again, {n} seed{'s' * (n > 1)}")


def _list(study: Study, user_index: int, known: tuple[Trained, ...], k: int, how: str) -> None:
    """The list that the trainings give together, and the rank of each item in each of them."""
    if not known:
        return
    found = ask_again.list_trained_again(study, user_index, known, k)
    n, new = len(found.items), int((found.rank_before > k).sum())
    st.markdown(f"Trained without them, **{new} of {n}** items of the list are new ({for_markdown(how)}).")
    columns: dict[str, Any] = {
        "Rank": range(1, n + 1),
        "Title": [clean(study.dataset.title(int(item))) for item in found.items],
        "Now": found.rank_before,
    }
    for place, seed in enumerate(found.seeds):
        columns[f"Seed {seed}" if len(found.seeds) > 1 else "Without them"] = found.ranks[:, place]
    columns["With everything"] = [_span(row) for row in found.rank_control]
    st.dataframe(pd.DataFrame(columns), hide_index=True, alt="The list after training again", placeholder="–")
    st.caption(
        "Ordered by the mean score over the trainings. With everything: the ranks with the same seeds and nothing "
        "taken away, which is what luck alone does."
    )


def _span(ranks: Any) -> str:
    low, high = int(min(ranks)), int(max(ranks))
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _came_out(study: Study, found: Any) -> None:
    """Where the item stands after each training, beside the same seed with everything."""
    title = for_markdown(study.dataset.title(found.case.item_index))
    low, high = theme.ordinal(found.rank_low), theme.ordinal(found.rank_high)
    where = low if low == high else f"{low} to {high}"
    how = "refitted exactly" if found.exact else f"trained again, {len(found.after)} seed{'s' * (len(found.after) > 1)}"
    st.markdown(f"Trained without them, *{title}* stands **{where}** ({how}; now {theme.ordinal(found.case.rank)}).")
    seeds, after = [outcome.seed for outcome in found.after], [outcome.rank for outcome in found.after]
    _ranks(seeds, after, [outcome.rank for outcome in found.control])


def _ranks(seeds: Sequence[int], after: Sequence[int], control: Sequence[int]) -> None:
    frame = pd.DataFrame({"Seed": seeds, "Rank without them": after, "Rank with everything": control})
    st.dataframe(frame, hide_index=True, alt="Ranks after training again", placeholder="–")
