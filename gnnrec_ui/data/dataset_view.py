"""A dataset as figures, problems and charts: the same for a stored one and for one that is being imported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.data.about.describe import Description, describe
from gnnrec_core.data.dataset import Problem
from gnnrec_core.render import theme
from gnnrec_core.render.charts import data_charts
from gnnrec_core.runs import jobs
from gnnrec_core.runs.entries import DatasetEntry
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui import readers
from gnnrec_ui.data.hints import in_the_app
from gnnrec_ui.frame import roles, shell
from gnnrec_ui.server import cache
from gnnrec_ui.show.charts import chart

_ICONS = {"error": "⛔", "warning": "⚠️", "info": "ℹ️"}


def described(entry: DatasetEntry) -> Description:
    """The description of a stored dataset, remembered by its fingerprint."""
    return _described(cache.dataset(str(entry.folder), cache.folder_key(entry.folder)), entry.fingerprint)


def problems_of(entry: DatasetEntry) -> tuple[Problem, ...]:
    """What was met when a stored dataset was imported."""
    return tuple(cache.dataset(str(entry.folder), cache.folder_key(entry.folder)).problems)


@st.cache_resource(max_entries=8, show_spinner="Looking at the dataset …")
def _described(_dataset: Any, fingerprint: str) -> Description:
    return describe(_dataset)


def overview(found: Description) -> None:
    """Sizes, density and concentration, in one row of figures."""
    span = _span(found.first_time, found.last_time)
    with st.container(horizontal=True):
        st.metric("People", f"{found.n_users:,}")
        st.metric("Items", f"{found.n_items:,}")
        st.metric("Interactions", f"{found.n_interactions:,}", help=span or "This log has no times.")
        st.metric("Density", theme.percent(found.density, 2), help="Interactions / (users × items).")
        st.metric(
            "Gini of popularity",
            theme.number(found.gini, 2),
            help="0: all items alike, 1: all on one item. Items' counts.",
        )
        st.metric(
            "Connected",
            theme.percent(found.largest_component, 1),
            help=f"Share of people and items in the largest of {found.n_components:,} connected parts.",
        )
    parts = ", ".join(f"{name} {count:,}" for name, count in found.n_by_split.items())
    facts = [f"Split: {parts}", f"{theme.percent(found.share_users_with_one)} of people have one interaction"]
    if span:
        facts.append(span)
    for name, kind, n_edges in found.relations:
        facts.append(f"relation {for_markdown(name)} ({kind}): {n_edges:,} edges")
    st.caption(" · ".join(facts))


def charts(found: Description, key: str) -> None:
    """Degrees, long tail, time and ratings, two in a row."""
    drawn = [
        (
            "How active people are, how known items are",
            data_charts.degree_chart(found.user_degrees, found.item_degrees),
        ),
        ("How much the most popular items hold", data_charts.long_tail_chart(found.item_degrees)),
    ]
    if found.per_month:
        drawn.append(("Interactions over time", data_charts.time_chart(found.per_month)))
    if found.rating_counts:
        drawn.append(("Ratings", data_charts.rating_chart(found.rating_counts)))
    for start in range(0, len(drawn), 2):
        for column, (title, figure) in zip(st.columns(2), drawn[start : start + 2], strict=False):
            with column:
                st.markdown(f"**{title}**")
                chart(figure, key=f"{key}_{title}", alt=title)


def attributes(found: Description) -> None:
    """What is known of users and items besides their interactions."""
    if found.attributes:
        table = pd.DataFrame([vars(attribute) for attribute in found.attributes])
        table["name"] = [clean(name).replace("_", " ") for name in table["name"]]
        table.iloc[:, 1] = ["person" if kind == "user" else kind for kind in table.iloc[:, 1]]
        table.columns = ["Attribute", "Of", "Type", "Known for", "Different values"]
        st.dataframe(table, hide_index=True, alt="Attributes of people and items", placeholder="–")


def problem_table(problems: Sequence[Problem]) -> None:
    """What was met on import, how often, where first, and what was done about it."""
    if not problems:
        st.success("Nothing had to be repaired or left out.", icon=":material/check:")
        return
    rows = [
        {
            "": _ICONS[problem.severity],
            "What": clean(in_the_app(problem.message)),
            "Count": problem.count,
            "Done": clean(problem.action),
            "Lines": ", ".join(f"{line:,}" for line in problem.lines[:5])
            or (f"{problem.line:,}" if problem.line else ""),
            "Column": clean(problem.column or ""),
            "Value": clean(problem.value or ""),
            "File": clean(problem.file or ""),
        }
        for problem in problems
    ]
    table = pd.DataFrame(rows)
    empty = [name for name in ("Lines", "Column", "Value", "File") if not table[name].any()]
    st.dataframe(
        table.drop(columns=empty),
        hide_index=True,
        column_config={"What": st.column_config.TextColumn(width="large")},
        alt="Problems met on import",
        placeholder="–",
    )


def manage(place: Workspace, entry: DatasetEntry) -> None:
    """Another name, or away with it (with undo)."""
    roles.say_refusal(place)
    if entry.shipped or place.read_only:
        return
    with st.form(f"rename_{entry.id}", border=False):
        name, save = st.columns([4, 1], vertical_alignment="bottom")
        typed = name.text_input("Name", entry.name, max_chars=120)
        if save.form_submit_button("Rename", width="stretch") and typed != entry.name:
            place.rename_dataset(entry.id, typed)
            st.rerun()
    n = readers.others("dataset", entry.id)
    looking = f"{n:,} other{'s' if n > 1 else ''} look{'' if n > 1 else 's'} at it now." if n else None
    if st.button("Delete this dataset", icon=":material/delete:", type="tertiary", help=looking):
        with shell.boundary():
            jobs.delete_dataset(place, entry.id)
            st.rerun()
    if looking:
        st.caption(looking)


def _span(first: int | None, last: int | None) -> str:
    if first is None or last is None:
        return ""
    return f"{datetime.fromtimestamp(first, UTC):%Y-%m-%d} to {datetime.fromtimestamp(last, UTC):%Y-%m-%d}"
