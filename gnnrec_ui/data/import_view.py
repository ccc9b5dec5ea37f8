"""The steps from a dropped file to a stored dataset. Nothing is stored before the last step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st

from gnnrec_core.base import progress
from gnnrec_core.base.errors import LensError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.data.about.describe import Description, describe
from gnnrec_core.data.about.leak import measure_leak
from gnnrec_core.data.apart.sandbox import draft_apart, preview_apart
from gnnrec_core.data.attributes import relation_choices
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.preview import Draft, Preview
from gnnrec_core.data.store import save_dataset
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui import import_reading
from gnnrec_ui.data import dataset_view, hints, import_files
from gnnrec_ui.data.hints import ROLES
from gnnrec_ui.frame import forms, shell, state
from gnnrec_ui.server import upload_budget
from gnnrec_ui.server.staging import MOST_BYTES, StagedFile, Upload, plain_names, source_of, stage

PARAMETER = "import"
GRAPH = (
    *("min_rating", "k_core", "min_user_interactions", "min_item_interactions", "since", "until"),
    *("weighting", "half_life_days", "duplicates", "negatives"),
)
SPLIT = ("split", "ratios", "validation_ratio")


def drop(place: Workspace) -> None:
    """Where files are dropped; what is dropped goes to staging and its token into the URL."""
    upload_budget.welcome()
    st.file_uploader(
        "Drop a log of interactions, or several files of one dataset",
        accept_multiple_files=True,
        max_upload_size=MOST_BYTES // 2**20,
        key="dropped",
        disabled=place.read_only,
        help="CSV or TSV, packed or not, Excel, Parquet, Arrow, JSON lines, SQLite, a ZIP of them, shards of one log, "
        "MovieLens, RecBole and LightGCN files; beside a log also "
        "files of users, items and edges between them. "
        "They stay on this server, and are stored only when you say so.",
    )
    if PARAMETER not in st.query_params:
        st.caption(
            "A log has one line for each interaction: who, with what, and where they are known, when and how much. The "
            "next steps find the columns, show what becomes of the lines, and store nothing before you say so. Train a "
            "model on the new dataset afterwards; the shipped one stays as it is."
        )
    staged: dict[str, StagedFile] = st.session_state.setdefault("_staged_files", {})
    dropped = st.session_state.get("dropped") or []
    files = {entry.file_id: entry if hasattr(entry, "name") else staged.get(entry.file_id) for entry in dropped}
    uploads: dict[str, Upload] = {  # a stored one is gone for good
        file_id: file for file_id, file in files.items() if file is not None
    }
    if not uploads or list(uploads) == list(staged):
        return
    fresh = [file for file_id, file in uploads.items() if file_id not in staged]
    upload_budget.check_room(place.home / "staging", sum(file.size for file in uploads.values()))
    token = st.query_params[PARAMETER] = stage(place, list(uploads.values()))
    upload_budget.note_staged(token)
    upload_budget.release(fresh)
    names = plain_names(list(uploads.values()))
    source = place.staging(token) / "source"
    st.session_state["_staged_files"] = {
        file_id: StagedFile(file.name, source / name)
        for (file_id, file), name in zip(uploads.items(), names, strict=True)
    }
    st.session_state["dataset_name"] = clean(Path(names[0]).stem.replace("_", " "))


def steps(place: Workspace, token: str) -> None:
    """All steps; an error is a sentence with the control that cures it, and the way out is always there."""
    try:
        _steps(place, token)
    except LensError as error:
        said = (hints.in_the_app(text) for text in (error.message, error.hint))
        shell.show_error(type(error)(*said, **error.details))
        import_reading.offer_cure(error)
    if PARAMETER in st.query_params:
        discard(place, token)


def _steps(place: Workspace, token: str) -> None:
    """Columns, graph choices with their effect, problems, distributions, and at last the button that stores."""
    staged = place.staging(token)
    source, beside = source_of(staged), dict[str, Any]()
    if import_files.is_unknown_folder(source):
        st.subheader("0 · What each file is", anchor=False)
        source, beside = import_files.choose_parts(source)
    st.subheader("1 · Which column is what", anchor=False)
    how = import_reading.controls()
    looking = read_settings(ImportOptions, {name: how[name] for name in how if name != "keep"} | _only_files(beside))
    columns = how | _columns(_preview(source, staged, looking.model_dump_json()))
    st.subheader("2 · What becomes of it", anchor=False)
    reading = read_settings(ImportOptions, {**columns, **beside}).model_dump_json()
    draft = _draft(source, staged, reading)
    plain, _ = _built(draft, str(source), reading, read_settings(ImportOptions, columns).model_dump_json())
    happened = import_reading.behaviours(plain, how.get("keep", ()))
    choices = read_settings(ImportOptions, {**columns, **happened, **_graph_choices(plain)}).model_dump_json()
    dataset, found = _built(draft, str(source), reading, choices)
    _effect(plain, dataset)
    st.subheader("3 · What was met, and what was done about it", anchor=False)
    dataset_view.problem_table(dataset.problems)
    for problem in dataset.problems:
        if problem.code == "no_header":
            import_reading.offer_settings(problem.message)
    st.subheader("4 · What it looks like", anchor=False)
    dataset_view.overview(found)
    dataset_view.charts(found, "draft")
    st.subheader("5 · Store it", anchor=False)
    _store(place, token, dataset)


def discard(place: Workspace, token: str) -> None:
    """The way out: remove what was dropped, with every choice made for it."""
    if st.button("Discard what was dropped", icon=":material/delete:", type="tertiary", disabled=place.read_only):
        place.discard_staging(token)
        _forget_choices()
        st.rerun()


@st.cache_resource(max_entries=4, show_spinner="Looking at the first rows …")
def _preview(source: Path, staged: Path, looking: str) -> Preview:
    return preview_apart(source, staged, ImportOptions.model_validate_json(looking))


def _only_files(beside: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in beside.items() if name == "files"}


@st.cache_resource(max_entries=2, show_spinner=False)
def _draft(source: Path, staged: Path, reading: str) -> Draft:
    with _bar():
        return draft_apart(source, staged, ImportOptions.model_validate_json(reading))


@st.cache_resource(max_entries=4, show_spinner=False)
def _built(_draft: Draft, source: str, reading: str, choices: str) -> tuple[Dataset, Description]:
    """What `choices` make of a source that was read as `reading` says: built once for all sessions and reruns."""
    with _bar():
        dataset = _draft.build(ImportOptions.model_validate_json(choices))
        progress.report(0.97, 1, "looking at it")
        return dataset, describe(dataset)


@contextmanager
def _bar() -> Iterator[None]:
    """A bar that is there as long as the work."""
    bar = st.progress(0.0, "Reading …")

    def said(share: float, what: str) -> None:
        bar.progress(min(1.0, share), f"{for_markdown(what.capitalize())} …")

    try:
        with progress.watched(said):
            yield
    finally:
        bar.empty()


def _columns(preview: Preview) -> dict[str, str]:
    """The guessed columns with the first rows; what a person chose otherwise."""
    facts = [f"read as {preview.format_title}", f"{len(preview.columns)} columns"]
    if preview.delimiter:
        facts.append(f"delimiter {'tab' if preview.delimiter == chr(9) else for_markdown(preview.delimiter)}")
        facts.append("first row holds names" if preview.has_header else "no row of names")
    st.caption(" · ".join(facts).capitalize())
    rows = preview.rows.to_pandas().map(clean)
    rows.columns = [clean(name) for name in rows.columns]
    st.dataframe(rows.head(8), hide_index=True, alt="The first rows of the file", placeholder="–")
    st.session_state[import_reading.COLUMNS] = tuple(preview.columns)
    if not preview.columns_by_name:
        return {}
    guesses = (preview.user, preview.item, preview.rating, preview.time)
    unsure = [label for label, guess in zip(list(ROLES.values())[:2], guesses[:2], strict=True) if guess is None]
    if unsure:
        st.info(
            f"No column name says which is the {' and the '.join(unsure).lower()}: please choose.",
            icon=":material/help:",
        )
    free = [name for name in preview.columns if name not in guesses]
    chosen = {}
    for column, (name, label), guess in zip(st.columns(4), ROLES.items(), guesses, strict=True):
        required = label in list(ROLES.values())[:2]
        options = [*preview.columns] if required else ["none", *preview.columns]
        default = guess or (free.pop(0) if required and free else options[0])
        with column:
            chosen[name] = forms.choose(label, options, f"import_{name}", default, clean)
    return chosen


def _graph_choices(plain: Dataset) -> dict[str, Any]:
    """Filters, weights, split and attribute nodes; only what differs from the defaults."""
    with st.expander("Filters and weights", expanded=True):
        chosen = forms.fields_form(ImportOptions, GRAPH, "import")
    with st.expander("Split into train, validation and test"):
        chosen |= forms.fields_form(ImportOptions, SPLIT, "import")
    users, items = relation_choices(plain.user_table), relation_choices(plain.item_table)
    for name, whose, choices in (("item_relations", "items", items), ("user_relations", "people", users)):
        if choices:
            chosen[name] = tuple(
                st.multiselect(
                    f"Attributes of {whose} that become nodes of the graph",
                    choices,
                    key=f"import_{name}",
                    bind="query-params",
                    format_func=clean,
                )
            )
    return chosen


def _effect(plain: Dataset, chosen: Dataset) -> None:
    """What the choices change, before anything is stored."""
    with st.container(horizontal=True):
        for label, before, after in (
            ("Users", plain.n_users, chosen.n_users),
            ("Items", plain.n_items, chosen.n_items),
            ("Interactions", len(plain.interactions), len(chosen.interactions)),
            *(
                (name.capitalize(), len(plain.interactions.rows(name)), len(chosen.interactions.rows(name)))
                for name in ("train", "validation", "test")
            ),
        ):
            delta = None if after == before else f"{after - before:+,} by your choices"
            st.metric(label, f"{after:,}", delta, delta_color="off")
    split = chosen.settings["split"]
    st.caption(
        f"Split: {for_markdown(split)}. Rows in the file: {chosen.settings['rows_in']:,}. "
        f"{for_markdown(measure_leak(chosen.interactions, split).meaning)}"
    )


def _store(place: Workspace, token: str, dataset: Dataset) -> None:
    st.session_state.setdefault("dataset_name", clean(dataset.name)[:100])
    with st.form("store", border=False):
        name, button = st.columns([4, 1], vertical_alignment="bottom")
        typed = name.text_input("Name", key="dataset_name", max_chars=120)
        if not button.form_submit_button("Store dataset", type="primary", width="stretch", disabled=place.read_only):
            return
    folder = place.staging(token)
    if not (folder / "dataset" / "dataset.json").is_file():
        save_dataset(dataset, folder / "dataset", overwrite=True)
    entry = place.store_dataset(folder / "dataset", typed)
    place.discard_staging(token)
    st.session_state["_stored"] = entry.id
    _forget_choices()
    state.choose("show", None)
    state.choose("dataset", entry.id)
    st.rerun()


def _forget_choices() -> None:
    st.session_state.pop("_staged_files", None)
    for key in [key for key in st.query_params if key.startswith("import")]:
        state.choose(key, None)
