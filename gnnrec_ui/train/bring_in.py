"""Add a model or lists: what another library made, dropped here, becomes a run beside those that were trained.

The files are data and nothing else: no code is run for them, no process is started, and no address is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from gnnrec_core.base.errors import LensError, RequestError
from gnnrec_core.base.text import clean, for_label, for_markdown
from gnnrec_core.runs.bringing.apart import import_apart
from gnnrec_core.runs.entries import DatasetEntry
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import Run, load_run
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui.frame import forms, roles, shell, state
from gnnrec_ui.server import upload_budget
from gnnrec_ui.server.staging import MOST_BYTES, plain_names, stage


@dataclass(frozen=True)
class Kind:
    """What can be dropped: each role is an option of `run import`, with what a person reads and whether it must be."""

    title: str
    about: str
    roles: Mapping[str, tuple[str, bool]]
    fixed: Mapping[str, Any]


IDS = {"user_ids": ("User ids, one a row", False), "item_ids": ("Item ids, one a row", False)}
CHECK = {"check": ("Lists or scores of the source, to compare with", False)}
KINDS: dict[str, Kind] = {
    "lists": Kind(
        "Lists",
        "A table with user, item, and rank or score (CSV, Parquet, JSON lines).",
        {"lists": ("Lists", True)},
        {},
    ),
    "embeddings": Kind(
        "Final embeddings",
        "One table of users and one of items; a file of implicit, RecBole or Cornac may hold both.",
        {
            "user_embeddings": ("Users", True),
            "item_embeddings": ("Items", True),
            "user_biases": ("User biases", False),
            "item_biases": ("Item biases", False),
            **IDS,
            **CHECK,
        },
        {},
    ),
    "als": Kind(
        "Item embeddings of ALS",
        "implicit, LensKit and others: people are solved for from their items, so each score is a sum over them.",
        {"item_embeddings": ("Items", True), "item_ids": IDS["item_ids"], **CHECK},
        {},
    ),
    "lightgcn": Kind(
        "Layer-0 embeddings of LightGCN",
        "Users, then items, in one table; explained exactly, like our own.",
        {"embeddings": ("Embeddings", True), **IDS, **CHECK},
        {"propagation": "lightgcn"},
    ),
    "simgcl": Kind(
        "Layer-0 embeddings of SimGCL or XSimGCL",
        "Users, then items, in one table; explained exactly, like our own.",
        {"embeddings": ("Embeddings", True), **IDS, **CHECK},
        {"propagation": "simgcl"},
    ),
    "gat": Kind(
        "Layer-0 embeddings and attention of a linear GAT",
        "Users, then items, in one table; attention.source and attention.target in the same file or beside it.",
        {"embeddings": ("Embeddings", True), "attention": ("Attention", False), **IDS, **CHECK},
        {"propagation": "gat"},
    ),
    "item_item": Kind(
        "An item-item matrix",
        "SLIM, EASE, item neighbours: sparse .npz or dense .npy.",
        {"item_item": ("Matrix", True), "item_biases": ("Item biases", False), "item_ids": IDS["item_ids"], **CHECK},
        {},
    ),
}
NONE = "none"
NORMALISATIONS = ("symmetric", "rows", "columns", "none")
CONTROLS = {
    "unknown drop": "Leave out unknown ids",
    **{f"{what}-ids": IDS[f"{what}_ids"][0] for what in ("user", "item")},
    **{f"{what}-col": f"Column of the {what}" for what in ("user", "item", "rank")},
    "layers": "Layers",
}
"""Options that sentences of the library name, as this page calls them."""


def bring_in(place: Workspace, dataset: DatasetEntry) -> None:
    """Drop, say what each file is, check, look at the first list; the run stands in the list of runs then."""
    kind = KINDS[forms.choose("What you have", tuple(KINDS), "bring", name_of=lambda name: KINDS[name].title)]
    about, data = for_markdown(kind.about), for_markdown(dataset.name)
    st.caption(f"{about} Made from the train part of {data}; nothing in a file is run.")
    uploads = st.file_uploader(
        "Drop the files",
        accept_multiple_files=True,
        max_upload_size=MOST_BYTES // 2**20,
        key="brought",
        disabled=place.read_only,
        help="Files that would have to be unpickled (.pt, .pkl) are not opened; save their tensors with numpy.",
    )
    _said(place)
    if not uploads:
        return
    names = plain_names(uploads)
    chosen = _roles(kind, names)
    options = _options(kind)
    if st.button("Add", type="primary", icon=":material/add:", disabled=place.read_only, help=roles.why_not(place)):
        with shell.boundary():
            upload_budget.check_room(place.home / "staging", sum(upload.size for upload in uploads))
            token = stage(place, uploads)
            upload_budget.note_staged(token)
            try:
                folder = place.staging(token) / "source"
                files = {role: folder / name for role, name in chosen.items()}
                run_id = added(place, dataset, files, {**kind.fixed, **options})
            except LensError as error:
                raise type(error)(in_the_app(error.message), in_the_app(error.hint), **error.details) from error
            finally:
                place.discard_staging(token)
            state.choose("run", run_id)
            st.session_state["_brought"] = run_id
            st.rerun()


def added(place: Workspace, dataset: DatasetEntry, files: Mapping[str, Path], options: Mapping[str, Any]) -> str:
    """A run of the workspace out of these files; its id. Errors of `import_apart`; RequestError where read-only."""
    place.check_writable()
    folder = place.new_folder_for("runs")
    import_apart(dataset.folder, folder, {**files, **options})
    return folder.name


def in_the_app(text: str) -> str:
    """A sentence that names options of the command line, with the controls of this page in their place."""
    for option, control in CONTROLS.items():
        text = re.sub(rf"`?--{option}\b`?", f"“{control}”", text)
    return text


def _roles(kind: Kind, names: list[str]) -> dict[str, str]:
    """Which file is what: guessed from names, a person may say otherwise."""
    chosen = {}
    for column, (role, (title, required)) in zip(st.columns(len(kind.roles)), kind.roles.items(), strict=True):
        guess = next((name for name in names if role.split("_")[0] in name.lower()), None)
        options = names if required else [NONE, *names]
        with column:
            found = forms.choose(for_label(title), options, f"bring_{role}", guess or options[0], clean)
        if found != NONE:
            chosen[role] = found
    return chosen


def _options(kind: Kind) -> dict[str, Any]:
    """What else has to be known."""
    found: dict[str, Any] = {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if "lists" in kind.roles:
            for what in ("user", "item", "rank"):
                told = st.text_input(f"Column of the {what}", key=f"bring_{what}", placeholder=what, max_chars=200)
                if told.strip():
                    found[f"{what}_col"] = told.strip()
        if "propagation" in kind.fixed:
            found["layers"] = int(st.number_input("Layers", 0, 16, 3, help="A wrong number gives plausible nonsense."))
            usual = "rows" if kind.fixed["propagation"] == "gat" else "symmetric"
            of = st.selectbox("Normalisation", NORMALISATIONS, NORMALISATIONS.index(usual), key=f"bring_norm_{usual}")
            found |= {"normalisation": of} if of != usual else {}
        if "item_embeddings" in kind.roles and "user_embeddings" not in kind.roles:
            l2 = st.number_input("Regularisation", 0.0, 1e6, 0.01, format="%g")
            found["least_squares"] = f"{l2:g},{st.number_input('Confidence', 1.0, 1e6, 1.0, format='%g'):g}"
        if "user_embeddings" in kind.roles:
            found["similarity"] = st.selectbox("Compared by", ("dot", "cosine"))
        if st.checkbox("Leave out unknown ids", help="Rows of people and items that these data do not have."):
            found["unknown"] = "drop"
    return found


def _said(place: Workspace) -> None:
    """What the run that was added last can do, whether its check holds, and its first list."""
    run_id = st.session_state.get("_brought")
    if run_id is None:
        return
    try:
        run = load_run(place.run(run_id).folder)
    except RequestError:  # noted: deleted meanwhile
        st.session_state.pop("_brought")
        return
    told = run.record.figures["imported"]
    st.success(f"Added: {len(told['can'])} kinds of questions can be asked of it.", icon=":material/check:")
    check = told["check"]
    if check is not None:
        share = check["equal_lists"]
        (st.success if share == 1 else st.warning)(
            f"{share:.1%} of {check['n_users']:,} lists are those of the source"
            + ("." if check["max_difference"] is None else f"; largest difference {check['max_difference']:.3g}.")
        )
    missing = ", ".join(
        f"{len(told[f'missing_{kind}']):,} {kind}" for kind in ("users", "items") if told[f"missing_{kind}"]
    )
    if missing:
        st.caption(f"Without a row: {missing}.")
    if told["n_dropped"]:
        st.caption(f"{told['n_dropped']:,} rows of unknown ids were left out.")
    _first_list(run)
    with st.expander("What it cannot be asked, and why"):
        for entry in told["cannot"]:
            st.caption(f"**{for_markdown(entry['what'])}**: {for_markdown(entry['why'])}")
    shell.link("audit", "Audit it", icon=":material/balance:", run=run_id)


def _first_list(run: Run) -> None:
    """The list of the first person who has one, to see at a glance whether it makes sense."""
    for start in range(0, min(run.dataset.n_users, 1024), 64):
        lists = recommend(run, np.arange(start, min(start + 64, run.dataset.n_users)), min(5, run.dataset.n_items))
        shown = np.flatnonzero(lists.item_index[:, 0] >= 0)
        if len(shown):
            items = [int(item) for item in lists.item_index[shown[0]] if item >= 0]
            titles = " · ".join(for_markdown(run.dataset.title(item)) for item in items)
            st.caption(f"The first list begins with: {titles}")
            return
    st.warning("The lists of the first people are empty.", icon=":material/warning:")
