"""The comparison as a table of figures and a list of paired differences."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import streamlit as st

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.studies.comparing import Comparison
from gnnrec_core.audit.studies.frontier import comparison_points
from gnnrec_core.audit.verdicts import figure, p_text, span_text
from gnnrec_core.base.plain import plain
from gnnrec_core.base.text import for_markdown, for_option
from gnnrec_core.models import MODELS, title_of
from gnnrec_core.ranking.intervals import Interval
from gnnrec_core.render.charts import audit_charts
from gnnrec_core.runs.entries import RunEntry
from gnnrec_core.runs.workspace import Workspace
from gnnrec_core.views.lists import published_sections
from gnnrec_ui.frame import forms, state
from gnnrec_ui.show import blocks, figures, tables
from gnnrec_ui.show.charts import chart
from gnnrec_ui.show.downloads import download, named
from gnnrec_ui.train import runs_view

MOST_RUNS = 8
COLUMNS = ("ndcg", "recall", "hit_rate", "mrr")
GLOBAL_COLUMNS = ("coverage",)
AGAINST = ("coverage", "gini", "long_tail_share", "arp", "novelty", "upd", "calibration_js")


def choose_runs(place: Workspace, fingerprint: str) -> tuple[RunEntry, ...]:
    """Several runs of one dataset, `?runs=ID,ID` in the URL; the first is what the others are compared with."""
    runs = {run.id: run for run in place.runs(fingerprint) if run.is_usable}
    labels = runs_view.labels(list(runs.values()))
    default = ",".join(list(runs)[:2])
    gone = state.gone("runs", lambda text: all(name in runs for name in text.split(",") if name))
    if gone is not None:
        missing = list(dict.fromkeys(name for name in gone.split(",") if name and name not in runs))[:MOST_RUNS]
        state.notice(
            f"The link names {'runs' if len(missing) > 1 else 'a run'} that this dataset does not have: "
            f"{', '.join(for_markdown(name) for name in missing)}. The others are compared."
        )
        state.choose("runs", ",".join(state.names(gone, runs, MOST_RUNS)) or None)
    wanted = state.follow("runs", lambda text: bool(state.names(text, runs, MOST_RUNS)) or not text, default)
    st.session_state["runs_chosen"] = state.names(wanted, runs, MOST_RUNS)
    asked = len([name for name in wanted.split(",") if name])
    if asked > len(st.session_state["runs_chosen"]):
        st.caption(
            f"The address names {asked:,} runs; compared are those that are here, each once, {MOST_RUNS} at the most."
        )
    chosen = st.multiselect(
        "Runs",
        list(runs),
        key="runs_chosen",
        format_func=lambda name: for_option(labels[name]),
        max_selections=MOST_RUNS,
    )
    st.session_state["runs"] = ",".join(chosen)
    state.settle("runs", ",".join(chosen), default)
    return tuple(runs[name] for name in chosen)


def names_of(found: Comparison, runs: tuple[RunEntry, ...]) -> dict[str, str]:
    """What each row of the comparison is called on screen."""
    labels = runs_view.labels(runs)
    own = [row.name for row in found.rows if not row.is_baseline]
    called = {name: labels[run.id] for name, run in zip(own, runs, strict=True)}
    return {row.name: called.get(row.name, f"{_baseline(row.name)} (baseline)") for row in found.rows}


def table(found: Comparison, names: dict[str, str]) -> None:
    """One row a run or baseline; each accuracy figure with its interval over users."""
    rows = [
        (names[row.name], {**row.metrics, **{m: Interval(row.items[m]) for m in GLOBAL_COLUMNS if m in row.items}})
        for row in found.rows
    ]
    st.subheader("How good each is", anchor=False)
    figures.table(rows, [m for m in (*COLUMNS, *GLOBAL_COLUMNS) if any(m in row for _, row in rows)], "Run")
    st.caption(f"Lists of {found.k}, {found.split} part; below each figure its 95 % interval over people.")
    for warning in found.warnings:
        st.warning(for_markdown(warning), icon=":material/warning:")


def published(found: Comparison, names: dict[str, str]) -> None:
    """What others published on the same data and split, beside these runs; or why nothing is compared."""
    known = found.published
    if known is not None:
        called = replace(known, rows=tuple({**row, "run": names[row["run"]]} for row in known.rows))
        blocks.draw(published_sections(called), "published")


def differences(found: Comparison, names: dict[str, str]) -> None:
    """For one figure: each run against the first and against the baselines, on the same people."""
    st.subheader("Differences", anchor=False)
    tested = list(dict.fromkeys(difference.metric for difference in found.differences))
    metric = forms.choose("Figure", tested, "metric", name_of=figures.title)
    st.caption(for_markdown(METRICS[metric].definition))
    of_metric = [difference for difference in found.differences if difference.metric == metric]
    rows = [
        {
            "Run": names[d.run],
            "Against": names[d.other],
            "Difference": f"{figure(d.value, True)} ({span_text(d.low, d.high)})",
            "Adjusted p": p_text(d.p_adjusted).removeprefix("= "),
            "Finding": d.decision.finding,
            "Better for": d.n_better,
            "Worse for": d.n_worse,
            "People": d.n_users,
        }
        for d in of_metric
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Paired differences", placeholder="–")
    st.caption(
        "Differences are paired. Intervals and p hold for all that is tested here: what leaves out 0 is a finding."
    )


def frontier(found: Comparison, names: dict[str, str]) -> None:
    """Accuracy against another figure: what no other run or baseline beats in both."""
    heading, choice = st.columns([2, 1], vertical_alignment="bottom")
    known = found.rows[0].metrics.keys() | found.rows[0].items.keys()
    with choice:
        against = forms.choose("NDCG against", [m for m in AGAINST if m in known], "against", name_of=figures.title)
    with heading:
        st.subheader("What accuracy is paid for", anchor=False)
        st.caption(for_markdown(figures.definition(against)))
    points = [replace(point, name=_short(names[point.name])) for point in comparison_points(found, against)]
    figure = audit_charts.frontier_chart(points, against)
    chart(figure, key="frontier", alt=f"NDCG against {against}")


def _short(name: str) -> str:
    return name.removesuffix(" (baseline)").removesuffix(" · shipped")


def _runs(found: Comparison) -> list[str]:
    return [row.name for row in found.rows if not row.is_baseline]


def downloads(found: Comparison) -> None:
    """The whole comparison as JSON, the differences as CSV."""
    with st.container(horizontal=True):
        download(
            "Comparison (JSON)",
            lambda: json.dumps(plain(found.to_dict()), indent=1, ensure_ascii=False),
            named("comparison of", *_runs(found), ending=".json"),
        )
        download(
            "Differences (CSV)",
            lambda: tables.as_csv(pd.DataFrame([d.to_dict() for d in found.differences])),
            named("differences of", *_runs(found), ending=".csv"),
        )


def _baseline(name: str) -> str:
    model = name.removeprefix("baseline: ")
    return title_of(model) if model in MODELS else model.capitalize()
