"""What drives all lists: a chart of the largest drivers, groups side by side, and what one driver decides."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from gnnrec_core.audit.groups import available_groupings
from gnnrec_core.audit.segments import BINS
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.render import theme
from gnnrec_core.render.charts.driver_chart import driver_chart
from gnnrec_core.views.whole.drivers import SIGNED, drivers_json, headline
from gnnrec_core.whole.decided import LEVELS
from gnnrec_core.whole.drivers import PATH, Drivers
from gnnrec_core.whole.sorting import sorting_names
from gnnrec_ui.frame import forms, pickers, privacy, shell
from gnnrec_ui.frame.asking import answered, when_wanted
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show.charts import as_table, chart
from gnnrec_ui.whole.differences_view import differences_view

TITLES = {"item": "Item", "relation": "Kind of link", "age": "Age", "popularity": "Popularity", PATH: "Path"}
TARGETS = {"score": "Score", "margin": "Lead"}
SHOWN, GROUPED = 15, 12
LEVEL_TITLES = {name: name.capitalize() for name in LEVELS}
LEVEL_HELP = (
    "In this model: embeddings kept. Foretold: of a model trained without these links of the person. Trained again: "
    "trained once without the driver for everybody."
)


def drivers_view(study: Study, k: int) -> None:
    """Choices, chart, groups, and one driver looked at."""
    by, target, segment, group_by = _choices(study)
    run = study.run

    def question() -> Drivers:
        from gnnrec_core.whole.drivers import drivers

        return drivers(run, k, by, target, group_by or None, segment or None)  # type: ignore[arg-type]

    found = answered(study, "Summing ledgers", ("drivers", k, by, target, segment, group_by), question)
    if found is None:
        return
    st.markdown(for_markdown(headline(found)))
    for sentence in found.warnings:
        st.warning(for_markdown(sentence), icon=":material/warning:")
    figure = driver_chart(found.everybody, SHOWN)
    learned = theme.percent(found.everybody.unassigned.share)
    reading = (
        f"{SIGNED} Not drawn: {learned} that no link carries. Whiskers: 95 % intervals over people. In this model: "
        "nothing is trained again."
    )
    chart(figure, reading, "drivers", table=_table(found))
    if found.groups:
        _side_by_side(found)
    if found.hidden:
        st.caption(f"{int(found.hidden)} of the groups are not shown: too few people.")
    differences_view(study, found)
    if by != PATH and found.everybody.drivers:
        _one_driver(study, found, k)


def _choices(study: Study) -> tuple[str, str, str, str]:
    names = [*sorting_names(study.dataset), PATH]
    groupings = {choice.name: choice.title for choice in available_groupings(study.dataset)}
    by, target, segment, group = st.columns([3, 2, 3, 3], vertical_alignment="bottom")
    with by:
        chosen = forms.choose("Sorted by", names, "by", name_of=lambda name: clean(TITLES.get(name, name.capitalize())))
    with target:
        explained = pickers.choose_one(
            "Of the", TARGETS, "target", help="The score, or its lead over the item at rank k + 1, which it displaces."
        )
    with segment:
        places = forms.choose(
            "Places that hold", ["", *BINS], "segment", name_of=lambda name: f"{name} items" if name else "any item"
        )
    with group:
        grouped = forms.choose(
            "Group people by", ["", *groupings], "group", name_of=lambda name: clean(groupings.get(name, "no group"))
        )
    return chosen, explained, places, grouped


def _table(found: Drivers) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"Driver": each.name, "Share": each.share, "From": each.low, "To": each.high, "People": each.n_lists}
            for each in (*found.everybody.drivers, found.everybody.unassigned)
        ]
    )


def _side_by_side(found: Drivers) -> None:
    """The shares of each group, largest difference between two groups first."""
    st.subheader("By group", anchor=False)
    names = [each.name for each in found.everybody.drivers[: 4 * GROUPED]] + [found.everybody.unassigned.name]
    columns = {
        part.group: {each.name: each.share for each in (*part.drivers, part.unassigned)} for part in found.groups
    }
    rows = []
    for name in names:
        shares = [columns[group].get(name, math.nan) for group in columns]
        spread = max(shares) - min(shares) if all(map(math.isfinite, shares)) else math.nan
        rows.append({"Driver": clean(name), **dict(zip(map(clean, columns), shares, strict=True)), "Spread": spread})
    frame = pd.DataFrame(rows).sort_values("Spread", ascending=False, na_position="last").head(GROUPED)
    percents = {name: st.column_config.NumberColumn(format="percent") for name in frame.columns[1:]}
    st.caption(
        f"Share of each group's own total; those with the largest spread between groups first. A dash: too few people "
        f"of the group, or of all others, have it. People: "
        f"{', '.join(f'{for_markdown(part.group)} {part.n_users:,}' for part in found.groups)}."
    )
    st.dataframe(frame, hide_index=True, column_config=percents, alt="Shares of drivers by group", placeholder="–")
    as_table(lambda: _group_table(found), "drivers-by-group", "All drivers by group with their intervals")


def _group_table(found: Drivers) -> pd.DataFrame:
    content = drivers_json(found)
    return pd.DataFrame([{"group": part["group"], **each} for part in content["groups"] for each in part["drivers"]])


def _one_driver(study: Study, found: Drivers, k: int) -> None:
    st.subheader("What one driver decides", anchor=False)
    names = [each.name for each in found.everybody.drivers[:200]]
    chosen = forms.choose("Driver", names, "driver", name_of=clean)
    driver = next(each for each in found.everybody.drivers if each.name == chosen)
    run, by = study.run, found.by
    share = f"{theme.percent(driver.share)} ({theme.percent(driver.low)} to {theme.percent(driver.high)})"
    st.caption(f"{share} of the total; {driver.n_lists:,} of {found.everybody.n_users:,} people have it.")
    if driver.item is not None:
        shell.link("item", "This item from its own side", ":material/inventory_2:", item=driver.item)

    level = pickers.choose_one("What “without it” means", LEVEL_TITLES, "level", help=LEVEL_HELP)

    def question() -> Any:
        from gnnrec_core.whole.decided import decided_by

        return decided_by(run, chosen, by, k, level=level)

    decided = when_wanted(
        study,
        "Who would lose an item without it?",
        ":material/person_remove:",
        "Takes it away from each of up to 100 people who have it, drawn at random, and ranks all items again.",
        ("decided", by, chosen, k, level),
        question,
        trains=level == "trained again",
    )
    if decided is not None:
        st.markdown(f"{for_markdown(decided.sentence)} On average {decided.items_lost:.2f} items are lost.")
        _cases(study, decided.cases)


def _cases(study: Study, users: tuple[int, ...]) -> None:
    """Links to the lists of those who lost most; not where links would say who is behind a pseudonym."""
    if not users:
        return
    if not privacy.are_ids_shown(study):
        st.caption("Their lists are not linked here, as a link would say who they are.")
        return
    with st.container(horizontal=True):
        for user in np.array(users)[:6].tolist():
            raw = study.dataset.users.ids[user]
            shell.link("recommend", for_markdown(raw), ":material/person:", user=raw)
