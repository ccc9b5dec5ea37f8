"""What would change it: the fewest interactions without which the item leaves, or with which it enters."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gnnrec_core.base.text import for_markdown
from gnnrec_core.render import theme
from gnnrec_core.render.charts import explain_charts
from gnnrec_ui import ask
from gnnrec_ui.explain_again import train_again
from gnnrec_ui.frame import shell
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show.charts import chart


def change(study: Study, user_index: int, item_index: int, rank: int, k: int) -> None:
    """Counterfactual for an item inside the list, why-not for one outside."""
    if rank <= k:
        _leaves(study, user_index, item_index, k)
    else:
        _enters(study, user_index, item_index, k)


def _leaves(study: Study, user_index: int, item_index: int, k: int) -> None:
    found = ask.counterfactual(study, user_index, item_index, k)
    title = for_markdown(study.dataset.title(item_index))
    titles = [for_markdown(study.dataset.title(item)) for item in found.removed]
    if found.found:
        st.markdown(
            f"Without **{_joined(titles)}**, *{title}* falls from {theme.ordinal(found.case.rank)} to "
            f"**{theme.ordinal(found.rank_after)}** and leaves the top {k}, in this model as it stands."
        )
    else:
        st.markdown(
            f"**No set of up to {found.limit} of this person's interactions was found that takes *{title}* out of the "
            f"top {k}.** The furthest it was pushed is {theme.ordinal(found.rank_after)}"
            + (f", without {_joined(titles)}." if titles else ".")
        )
    _figures(found)
    st.caption(
        f"Recomputed on the graph without them; they stay out of the list themselves. "
        f"{found.checked_smaller_sets:,} smaller sets were tried: {found.minimality}. "
        f"The model was not trained again for this; trained again, it may differ. {for_markdown(found.told)}"
    )
    _trained_again(study, found, title)
    if found.removed:
        shell.link(
            "what_if",
            "Try it in What if",
            icon=":material/experiment:",
            user=study.dataset.users.ids[user_index],
            off=",".join(str(item) for item in found.removed),
        )


def _trained_again(study: Study, found: Any, title: str) -> None:
    """About how few suffice once the model is trained again, and the way to find out."""
    again = found.trained_again
    if again is not None:
        names = _joined([for_markdown(study.dataset.title(item)) for item in again.removed])
        n = len(again.removed)
        level = "refitted exactly" if again.exact else "foretold"
        st.markdown(
            f"If the model is trained again, about **{n}** suffice{'s' * (n == 1)}: without {names}, *{title}* stands "
            f"about {theme.ordinal(again.rank_foretold)} ({level})."
        )
    train_again(study, found.case.user_index, found.case.item_index, found.removed if again is None else again.removed)


def _enters(study: Study, user_index: int, item_index: int, k: int) -> None:
    found = ask.why_not(study, user_index, item_index, k)
    dataset = study.dataset
    title = for_markdown(dataset.title(item_index))
    titles = [for_markdown(dataset.title(item)) for item in found.added]
    st.markdown(f"*{title}* stands {theme.ordinal(found.case.rank)}, outside the top {k}.")
    if found.found:
        where = f"**{theme.ordinal(found.rank_after)}** in this model as it stands"
        st.markdown(f"With **{_joined(titles)}** in the history it rises to {where}.")
        if found.rank_foretold is not None:
            st.markdown(f"Trained with them, it stands about {theme.ordinal(found.rank_foretold)} (foretold).")
    else:
        best = f" The furthest is {theme.ordinal(found.rank_after)}, with **{_joined(titles)}**." if titles else ""
        st.markdown(f"No set of up to {found.limit} additions was found that lifts it in.{best}")
    _figures(found)
    reference = found.case.reference_item
    other = for_markdown(dataset.title(reference)) if reference is not None else "the last of the list"
    chart(
        explain_charts.waterfall(found.contrast),
        f"What each interaction does for {title} less what it does for {other}, at the end of the list.",
        "contrast",
    )


def _figures(found: Any) -> None:
    case = found.case
    with st.container(horizontal=True, gap="medium"):
        for label, value in (
            ("Rank now", f"{case.rank:,}"),
            ("Rank then", f"{found.rank_after:,}"),
            ("Score now", theme.number(case.score)),
            ("Score then", theme.number(found.score_after)),
        ):
            st.metric(label, value, width="content")


def _joined(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names) or "nothing"
    return f"{', '.join(names[:-1])} and {names[-1]}"
