"""A recommendation list as rows of links: rank, title, score and popularity, each title opens the explanation."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from gnnrec_core.base.text import for_label, for_markdown
from gnnrec_core.render import theme
from gnnrec_core.render.blocks import Table, Text
from gnnrec_core.runs.recommend import Chosen
from gnnrec_ui.frame import shell
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import tables
from gnnrec_ui.taken.heard import stands_for

MOST_MISSED = 5
HIT = ":material/task_alt:"


def recommended(
    study: Study,
    user_index: int,
    items: list[int],
    scores: list[float],
    hits: Collection[int],
    stays: Sequence[float] | None = None,
) -> None:
    """The list of one person, best first; `hits` are marked: what the person chose later. `stays`: how likely each item
    is in the list of a training with another seed, where that was measured."""
    dataset, graph = study.dataset, study.run.graph
    user = dataset.users.ids[user_index]
    popularity = [int(graph.popularity[item]) for item in items]
    titles = [dataset.title(item) for item in items]
    later = [item in hits for item in items]
    rows = tuple(zip(range(1, len(items) + 1), titles, scores, popularity, later, strict=True))
    columns = ("rank", "title", "score", "in so many histories", "chosen later")
    with stands_for(lambda: (Table(columns, rows),)), st.container(key="list", gap=None):
        for rank, (item, score) in enumerate(zip(items, scores, strict=True), start=1):
            facts = [f"**{HIT} chosen later**"] if item in hits else []
            facts += [f"score {theme.number(score)}", f"in {int(graph.popularity[item]):,} histories"]
            if stays is not None:
                facts.append(f"{theme.percent(stays[rank - 1], 0)} likely to stay with another seed")
            about = for_markdown(tables.item_line(dataset, item, 2))
            with st.container(key=f"row_{rank}", gap=None):
                shell.link(
                    "explain", f"{rank:d}. {for_label(dataset.title(item))}", user=user, item=dataset.items.ids[item]
                )
                st.caption(" · ".join([*facts, about] if about else facts))


def judged(study: Study, user_index: int, chosen: Sequence[Chosen], k: int) -> None:
    """How the list did: what the person chose later, found or missed, and why the nearest misses were missed."""
    if not chosen:
        st.caption("Nothing of this person was held out, so nothing says whether the list is right.")
        return
    missed = [each for each in chosen if each.rank > k]
    found = len(chosen) - len(missed)
    later = f"{len(chosen):,} item{'' if len(chosen) == 1 else 's'}"
    known = f"{HIT} Later this person chose {later} (test part, unknown to the model)"
    st.caption(f"{known}: {found:,} in this list." + (" Missed:" if missed else ""))
    dataset = study.dataset
    said = tuple(
        f"{dataset.title(each.item_index)} was chosen later, and stands {theme.ordinal(each.rank)}."
        for each in missed[:MOST_MISSED]
    )
    with stands_for(lambda: (Text(said),)), st.container(key="missed", gap=None):
        for each in missed[:MOST_MISSED]:
            title = for_label(dataset.title(each.item_index))
            shell.link(
                "explain",
                f"{title}, {theme.ordinal(each.rank)}: why not?",
                icon=":material/search_off:",
                user=dataset.users.ids[user_index],
                item=dataset.items.ids[each.item_index],
                view="What would change it",
            )
    if len(missed) > MOST_MISSED:
        st.caption(f"And {len(missed) - MOST_MISSED:,} more, further down.")
