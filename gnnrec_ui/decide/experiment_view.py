"""Experiments on the Decide page: how large one must be, and what its log says."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from gnnrec_core.base.settings import read_settings
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.decide.ab.desk import plan_experiment
from gnnrec_core.decide.ab.log import LogSettings, read_log
from gnnrec_core.decide.ab.planning import PlanSettings
from gnnrec_core.decide.ab.reading import ReadSettings, read_experiment
from gnnrec_core.decide.ab.traits import traits_of
from gnnrec_core.views.decide.experiment import plan_sections, reading_sections
from gnnrec_ui.decide.shared import choose_column, dropped_log, take_away
from gnnrec_ui.frame import forms
from gnnrec_ui.frame.asking import answered
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import blocks

PLAN = ("effect", "power", "arms", "segments", "days", "looks")
READ = ("adjust", "planned_people")
COLUMNS = "what_the_columns_are"


def plan_view(study: Study) -> None:
    """Plan on a log where one is dropped, on what the chosen run would have found otherwise."""
    rules = read_settings(PlanSettings, forms.fields_form(PlanSettings, PLAN, "plan"))
    held = dropped_log("plan_log")
    columns = _columns(held[0], "plan", fewest_arms=1) if held else None
    run = study.run
    found = answered(
        study,
        "Drawing people",
        ("ab plan", held and held[1], _plain(columns), _plain(rules)),
        lambda: plan_experiment([run], read_log(held[0], columns, 1) if held and columns else None, rules),
    )
    if found is not None:
        sections = plan_sections(found)
        blocks.draw(sections, "plan")
        take_away("How large an experiment", sections, "plan.html")


def read_view(study: Study) -> None:
    """Read a log that is dropped; the chosen run says what it knows of its people."""
    held = dropped_log("read_log")
    if held is None:
        st.info(
            "One row an exposure, or one a person: who, which arm, what came of it. With a time, effects are shown by "
            "day; with columns known from before, intervals are narrower.",
            icon=":material/upload_file:",
        )
        return
    table, fingerprint = held
    columns = _columns(table, "read", fewest_arms=2)
    groups = st.multiselect("Groups of people", table.columns, key="read_groups", format_func=clean)
    rules = read_settings(ReadSettings, forms.fields_form(ReadSettings, READ, "read"))
    knows = st.toggle("The chosen run knows these people", key="read_run", help="Groups, what to expect, and reasons.")
    run = study.run if knows else None

    def read() -> Any:
        log = read_log(table, columns)
        return read_experiment(log, rules, traits_of(log, groups, run))

    asked = ("ab read", fingerprint, knows, _plain(columns), tuple(groups), _plain(rules))
    found = answered(study, "Reading the experiment", asked, read)
    if found is not None:
        sections = reading_sections(found)
        blocks.draw(sections, "read")
        take_away(" against ".join(found.arms[::-1]), sections, "experiment.html")


def _columns(table: pl.DataFrame, prefix: str, fewest_arms: int) -> LogSettings:
    """Which columns hold what; what is likely is chosen already."""
    names = table.columns
    user, arm, time = st.columns(3)
    with user:
        who = choose_column("Person", names, f"{prefix}_user", ("user", "user_id", "person", "customer"))
    with arm:
        which = choose_column("Arm", names, f"{prefix}_arm", ("arm", "variant", "group", "bucket"), fewest_arms == 1)
    with time:
        when = choose_column("Time", names, f"{prefix}_time", ("time", "timestamp", "date", "day"), True)
    rest = [name for name in names if name not in (who, which, when) and table[name].dtype != pl.Boolean]
    first = [name for name in rest if name.lower() in ("outcome", "clicks", "revenue", "converted")] or rest[:1]
    outcomes = st.multiselect("Outcomes, summed a person", rest, first, key=f"{prefix}_outcomes", format_func=clean)
    ratio = st.text_input(
        "Ratios", key=f"{prefix}_ratios", placeholder="clicks/views", help="TOP/BOTTOM, several with spaces."
    )
    before = st.multiselect("Known from before", rest, key=f"{prefix}_before", format_func=clean)
    wanted = [*outcomes, *ratio.split()]
    if not wanted:
        st.caption("Choose an outcome.")
        st.stop()
    st.caption(f"{len(table):,} rows; {for_markdown(who)} is who, {for_markdown(', '.join(wanted))} what came of it.")
    return read_settings(
        LogSettings,
        {"user": who, "arm": which or "arm", "time": when or None, "outcomes": wanted, "before": before},
    )


def _plain(settings: Any) -> tuple[tuple[str, Any], ...]:
    return () if settings is None else tuple(settings.model_dump().items())
