"""The runs of a dataset as a table, and what can be done with those that are selected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.models import title_of
from gnnrec_core.runs import jobs
from gnnrec_core.runs.entries import RunEntry, Trashed
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui import readers
from gnnrec_ui.frame import shell
from gnnrec_ui.frame.study import run_label
from gnnrec_ui.train.training_time import spoken

MOST_TRASH_SHOWN = 5


def runs_table(runs: Sequence[RunEntry], states: Mapping[str, str] | None = None) -> pd.DataFrame:
    """One row a run: what it is, and how well it ranked the validation part. `states` is what the trainings above call
    their runs: a run that was cancelled and then killed is "cancelled" in both places."""
    rows = []
    for run in runs:
        figures = run.record.figures
        rows.append(
            {
                "Model": title_of(run.record.model),
                "Made": "shipped" if run.shipped else run.record.created[:16].replace("T", " "),
                **{_heading(name): value for name, value in (figures.get("validation") or {}).items()},
                "Epochs": figures.get("epochs_run"),
                "Took": spoken(float(figures["seconds"])) if figures.get("seconds") else "",
                "State": (states or {}).get(run.id, run.record.state),
                "Seed": run.record.seed,
                "Notes": clean(run.record.notes),
            }
        )
    return pd.DataFrame(rows)


def _heading(figure: str) -> str:
    """NDCG@20 as it is written on all pages, of the validation part."""
    return figure.replace("ndcg", "NDCG").replace("recall", "Recall")


def run_list(place: Workspace, fingerprint: str) -> None:
    """All runs on this data: select one to open, annotate or delete it, several to compare them."""
    runs = place.runs(fingerprint)
    if not runs:
        st.caption("No run on this dataset yet.")
    else:
        table = runs_table(runs, {status.job.id: status.state for status in jobs.statuses(place)})
        chosen = st.dataframe(
            table,
            hide_index=True,
            on_select="rerun",
            selection_mode="multi-row",
            key="runs_table",
            column_config={
                name: st.column_config.NumberColumn(format="%.4f") for name in map(str, table) if "@" in name
            },
            alt="Runs on this dataset with their validation figures",
            placeholder="–",
        )
        selected = [runs[row] for row in chosen["selection"]["rows"] if row < len(runs)]
        _actions(place, selected)
    orphans(place)
    _trash(place)


def orphans(place: Workspace) -> None:
    """Runs of data that were replaced or deleted: named, with what they miss, and a button that removes each."""
    for run in place.orphans():
        with st.container(horizontal=True, vertical_alignment="center", key=f"orphan_{run.id}"):
            st.caption(for_markdown(orphan_sentence(run)), width="content")
            if not place.read_only and st.button("Delete", key=f"delete_{run.id}", icon=":material/delete:"):
                place.delete_run(run.id)
                st.rerun()


def orphan_sentence(run: RunEntry) -> str:
    """What such a run was trained on, and that it is gone."""
    record = run.record
    return (
        f"The run {run.id} ({run_label(run)}) was trained on data with fingerprint {record.dataset_fingerprint[:12]} "
        f"({record.dataset_name}), which no dataset here has any more. Import the same source again, or delete the run."
    )


def _actions(place: Workspace, selected: Sequence[RunEntry]) -> None:
    if not selected:
        st.caption("Select a row to open, annotate or delete a run; select several to compare them.")
        return
    own = [run for run in selected if not run.shipped]
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(selected) == 1 and selected[0].is_usable:
            shell.link("recommend", "Open", icon=":material/arrow_forward:", run=selected[0].id)
        if len(selected) > 1:
            names = ",".join(run.id for run in selected)
            shell.link("compare", "Compare", icon=":material/compare_arrows:", runs=names)
        if own and not place.read_only:
            what = "Delete" if len(own) == 1 else f"Delete {len(own)} runs"
            if st.button(what, icon=":material/delete:", type="tertiary", help=_others(own)):
                with shell.boundary():
                    for run in own:
                        jobs.delete_run(place, run.id)
                    st.rerun()
    if len(own) == 1 and len(selected) == 1 and not place.read_only:
        _notes(place, own[0])


def _others(runs: Sequence[RunEntry]) -> str | None:
    """Who else looks at one of these runs now, for the help of the button."""
    n = max((readers.others("run", run.id) for run in runs), default=0)
    return f"{n:,} other{'s' if n > 1 else ''} look{'' if n > 1 else 's'} at it now." if n else None


def _notes(place: Workspace, run: RunEntry) -> None:
    with st.form(f"notes_{run.id}", border=False):
        notes = st.text_area("Notes on this run", run.record.notes, height=80)
        if st.form_submit_button("Save notes") and notes != run.record.notes:
            place.note_run(run.id, notes)
            st.rerun()


def _trash(place: Workspace) -> None:
    """What was deleted lately, each with a button that brings it back."""
    if place.read_only:
        return
    for entry in place.trash()[:MOST_TRASH_SHOWN]:
        with st.container(horizontal=True, vertical_alignment="center", key=f"trash_{entry.token}"):
            st.caption(f"Deleted: {for_markdown(_trash_label(entry))}", width="content")
            if st.button("Undo", key=f"undo_{entry.token}", icon=":material/undo:", type="tertiary"):
                place.restore(entry.token)
                st.rerun()


def _trash_label(entry: Trashed) -> str:
    return f"{'run' if entry.kind == 'runs' else 'dataset'} {entry.id}, {entry.deleted:%Y-%m-%d %H:%M} UTC"


def labels(runs: Sequence[RunEntry]) -> dict[str, str]:
    """What each run is called in menus and charts: short, and different for different runs."""
    named = {run.id: run_label(run) for run in runs}
    for more in (6, 1000):  # the end of the id, or all of it
        twice = Counter(named.values())
        named = {name: f"{text} ({name[-more:]})" if twice[text] > 1 else text for name, text in named.items()}
    return named
