"""One item from its own side: who gets it, what carries it, its rivals, and what would help."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.audit.groups import available_groupings
from gnnrec_core.audit.sources import PROVIDER_COLUMNS, column_values, first_column
from gnnrec_core.base.text import clean, for_label, for_markdown
from gnnrec_core.render import theme
from gnnrec_core.render.blocks import Table, Verdict
from gnnrec_core.render.charts.driver_chart import driver_chart
from gnnrec_core.views.whole.item_side import recourse_blocks
from gnnrec_core.whole.items.item_side import ItemSide
from gnnrec_core.whole.items.providers import ProviderSide
from gnnrec_core.whole.items.rate import load_rate
from gnnrec_ui.frame import forms, privacy, shell
from gnnrec_ui.frame.asking import answered, when_wanted
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import blocks, tables
from gnnrec_ui.show.charts import chart
from gnnrec_ui.show.downloads import download, named
from gnnrec_ui.whole.groups import groups_table

MORE = 5


def item_view(study: Study, item: int, k: int) -> None:
    """Everything about the item."""
    groupings = {choice.name: choice.title for choice in available_groupings(study.dataset)}
    group_by = forms.choose(
        "Who gets it, by", ["", *groupings], "group", name_of=lambda name: clean(groupings.get(name, "no group"))
    )
    run = study.run

    def question() -> ItemSide:
        from gnnrec_core.whole.items.item_side import item_side

        return item_side(run, item, k, group_by or None, most=0)

    found = answered(study, "Looking at everybody's ranking", ("item", item, k, group_by), question)
    if found is None:
        return
    side_view(study, found)
    st.subheader("What would bring it to more people", anchor=False)
    _recourse(study, found, item, k)
    _people(study, found)
    _over_time(study, item, k)
    _provider(study, item, k)


def side_view(study: Study, found: ItemSide) -> None:
    """Where it stands, for whom, what carries it there, and what keeps it from others."""
    _figures(found)
    groups_table(found.groups, found.hidden, "Share", "Who gets it, by group")
    st.subheader("What carries it there", anchor=False)
    if found.carried is not None:
        learned = theme.percent(found.carried.unassigned.share)
        reading = (
            "Signed share of its summed scores in the lists that hold it, by what these people have. "
            f"Not drawn: {learned} that no link of theirs carries."
        )
        chart(driver_chart(found.carried, 10), reading, "carried")
    if found.why_not:
        st.caption(for_markdown(found.why_not))
    st.subheader("What keeps it from others", anchor=False)
    _rivals(study, found)


def _over_time(study: Study, item: int, k: int) -> None:
    """Who got it as of earlier days; nothing where the log has no times."""
    run = study.run
    if run.dataset.interactions.timestamp is None:
        return

    def question() -> Any:
        from gnnrec_core.change.strips import item_strip

        return item_strip(run, item, k=k)

    help = "The graph as of six days of the log, and in whose lists the item stood then."
    found = when_wanted(study, "Over time", ":material/timeline:", help, ("item over time", item, k), question)
    if found is not None:
        from gnnrec_core.views.change.strips import item_strip_section

        blocks.draw((item_strip_section(found),), "over_time")


def _provider(study: Study, item: int, k: int) -> None:
    """Whoever made or sells it: exposure against merit, and their items."""
    run, dataset = study.run, study.dataset
    column = first_column(dataset, PROVIDER_COLUMNS)
    values = [] if column is None else column_values(dataset.item_table[[item]], column)[1]
    if column is None or not values:
        return
    value = values[0]

    def question() -> ProviderSide:
        from gnnrec_core.whole.items.providers import provider_side

        return provider_side(run, column, value, k)

    st.subheader(f"All of the same {for_markdown(column)}", anchor=False)
    found = when_wanted(
        study,
        "Exposure against merit",
        ":material/balance:",
        "How much exposure all their items get, against how often people chose them later.",
        ("provider", column, value, k),
        question,
    )
    if found is not None:
        st.markdown(for_markdown(found.sentence))
        rows = [
            {
                "Item": clean(dataset.title(each.item)),
                "People who have it": each.n_readers,
                "Lists": each.n_lists,
                "Share of their exposure": each.share,
            }
            for each in found.items
        ]
        percents = {"Share of their exposure": st.column_config.NumberColumn(format="percent")}
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            column_config=percents,
            alt="All items of the provider",
            placeholder="–",
        )


def _figures(found: ItemSide) -> None:
    share = found.n_listed / found.n_open if found.n_open else 0.0
    ranks = dict(found.ranks)
    with st.container(horizontal=True):
        st.metric("Have it", f"{found.n_readers:,}", help="People who have it in the train part.")
        st.metric(
            f"In lists of {int(found.k)}", f"{found.n_listed:,}", f"{theme.percent(share)} of those who could",
            delta_color="off", delta_arrow="off", help="Whose list may hold it: everybody who does not have it yet.",
        )  # fmt: skip
        st.metric("Median rank", f"{ranks['median']:,}" if ranks else "–", help="Over everybody who could get it.")
        st.metric(
            "Exposure", theme.number(found.exposure.value),
            f"{theme.number(found.exposure.low)} to {theme.number(found.exposure.high)}",
            delta_color="off", delta_arrow="off",
            help="Mean over people of 1 / log2(rank + 1) where it is listed, else 0; from 0 to 1. 95 % interval.",
        )  # fmt: skip


def _rivals(study: Study, found: ItemSide) -> None:
    if not found.rivals:
        st.caption("Nobody is near: no rank lies between the end of the list and five times its length.")
        return
    rows = [
        {"Rival": clean(study.dataset.title(r.item)), "Lists": r.n_lists, "Its mean lead": r.lead} for r in found.rivals
    ]
    st.caption(f"What stands at the last place of the lists of the {found.n_near:,} people who nearly get it.")
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Rivals of the item", placeholder="–")
    if found.kept_out is not None and found.kept_out.total < 0:
        with st.expander("What speaks for the rivals"):
            reading = "Share of the rivals' summed lead: blue speaks for the rivals, orange for this item."
            chart(driver_chart(found.kept_out, 10), reading, "kept-out")


def _recourse(study: Study, found: ItemSide, item: int, k: int) -> None:
    run, rate = study.run, load_rate(study.run)
    surely = rate is not None and st.toggle(
        "With a margin, so that it holds when the model is trained again",
        key="surely",
        bind="query-params",
        help="Aims at as many more lists as it took for nine in ten other items to gain what was wanted.",
    )

    def question() -> Any:
        from gnnrec_core.whole.items.item_side import item_side

        return item_side(run, item, k, more=MORE, surely=surely)

    helped = when_wanted(
        study,
        f"The fewest links that bring it to {MORE} more people",
        ":material/add_link:",
        "Adds people who have it and attributes, up to three, and recomputes everybody's list for each set.",
        ("recourse", item, k, surely, rate is None),
        question,
    )
    if helped is None:
        return
    for block in recourse_blocks(helped, study.dataset, privacy.name_user(study)):
        if isinstance(block, Verdict):
            st.markdown(for_markdown(block.text))
        elif isinstance(block, Table):
            rows = [dict(zip(block.columns, map(_cell, row), strict=True)) for row in block.rows]
            st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Links that were added", placeholder="–")
            st.caption(for_markdown(block.caption))
        else:
            st.caption(for_markdown(" ".join(getattr(block, "paragraphs", ()))))
    if rate is None and helped.recourse is not None and helped.recourse.level == "in this model":
        _measure(study, k)


def _measure(study: Study, k: int) -> None:
    """How often recourse of this run holds when it is trained again, measured once and kept with the run."""
    run = study.run

    def question() -> Any:
        from gnnrec_core.whole.items.measured import measure_recourse

        return measure_recourse(run, k=k, more=MORE)

    done = when_wanted(
        study,
        "Measure how often it holds",
        ":material/model_training:",
        "Finds links for 40 items and trains the model four times, with them and without. Kept with the run.",
        ("recourse rate", k),
        question,
        trains=True,
    )
    if done is not None:
        st.rerun()


def _cell(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _people(study: Study, found: ItemSide) -> None:
    """Who gets it; links only where ids are shown anyway."""
    if not found.gets:
        return
    st.subheader("Who gets it", anchor=False)
    name = privacy.name_user(study)
    ids = study.dataset.users.ids
    frame = pd.DataFrame([{"Person": clean(name(ids[user])), "Rank": rank} for user, rank in found.gets])
    st.dataframe(
        frame, hide_index=True, height=min(320, 37 * len(frame) + 40), alt="The first who get the item", placeholder="–"
    )
    file = named("who gets", study.dataset.title(found.item), "top", found.k, ending=".csv")
    download("Download (CSV)", lambda: tables.as_csv(frame), file)
    if privacy.are_ids_shown(study):
        with st.container(horizontal=True):
            for user, rank in found.gets[:6]:
                label = f"Why for {for_label(ids[user])} (rank {int(rank)})?"
                shell.link("explain", label, user=ids[user], item=study.dataset.items.ids[found.item])
