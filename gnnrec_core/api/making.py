"""Verbs that make or open something: data, a trained run, lists from elsewhere, the dashboard."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gnnrec_core.api.run import OpenRun
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.store import load_dataset, save_dataset

if TYPE_CHECKING:
    import pandas as pd

    from gnnrec_core.runs.run import Run


def read(source: str | Path | pd.DataFrame, out: str | Path | None = None, **options: Any) -> Dataset:
    """Interactions as a dataset: from a file, a folder, a database URL, a table in memory, or a folder of ours.

    `options` are those of `data import` (`split="leave-last"`, `min_rating=4`, `user_col="uid"`, ...:
    `data.options.ImportOptions`). A table in memory (pandas or polars) is read like a Parquet file with its columns.
    With `out` the dataset is stored there too. Raises DataError or RequestError that say what is wrong, and where.
    """
    if isinstance(source, (str, Path)):
        folder = Path(source)
        if not options and (folder / "dataset.json").is_file():
            return load_dataset(folder)
        dataset = import_source(source, read_settings(ImportOptions, options))
    else:
        dataset = _from_table(source, options)
    if out is not None:
        save_dataset(dataset, Path(out))
    return dataset


def fit(
    data: Dataset | str | Path,
    model: str = "lightgcn",
    seed: int = 0,
    device: str = "auto",
    out: str | Path | None = None,
    **settings: Any,
) -> OpenRun:
    """Train `model` on `data` (a dataset, or anything that `read` takes); a run in memory, and on disk with `out`.

    `settings` are the model's (`n_layers=2`, `epochs=50`, ...; `gnnrec train --help` names them). The same seed gives
    the weights that `gnnrec train` gives. Raises RequestError (unknown model or setting, too little memory).
    """
    from gnnrec_core.runs import training

    dataset = data if isinstance(data, Dataset) else read(data)
    run = training.fit(dataset, model, settings, seed, device)
    return OpenRun.over(training.save(run, Path(out)) if out is not None else run)


def load(folder: str | Path, dataset: str | Path | None = None) -> OpenRun:
    """The run in `folder`, with its dataset (or the one in `dataset`, of the same data)."""
    from gnnrec_core.runs.run import load_run

    return OpenRun.over(load_run(Path(folder), None if dataset is None else Path(dataset)))


def from_lists(
    lists: pd.DataFrame | str | Path,
    data: Dataset | None = None,
    held_out: pd.DataFrame | None = None,
    history: pd.DataFrame | None = None,
    users: pd.DataFrame | None = None,
    items: pd.DataFrame | None = None,
) -> OpenRun:
    """A run made of ranked lists from anywhere, to audit, compare and show; it knows no scores of unlisted items.

    `lists` has the columns `user`, `item` and `rank` (1 is first) or `score` (higher is better). Either `data` is a
    dataset of ours, or `held_out` (`user`, `item`: what people chose later) says what the lists are judged on, with
    `history` (`user`, `item`: what they had before), `users` (`user` and attributes) and `items` (`item`, `title`,
    attributes) where there are such. Raises DataError where ids of the lists are unknown or columns are missing.
    """
    from gnnrec_core.runs.lists import dataset_of_tables, run_of_lists

    dataset = data if data is not None else dataset_of_tables(lists, held_out, history, users, items)
    return OpenRun.over(run_of_lists(lists, dataset))


def import_run(
    data: str | Path,
    out: str | Path,
    *,
    lists: str | Path | None = None,
    user_embeddings: str | Path | None = None,
    item_embeddings: str | Path | None = None,
    similarity: Literal["dot", "cosine"] = "dot",
    propagation: str | None = None,
    embeddings: str | Path | None = None,
    layers: int | None = None,
    layer_weights: Sequence[float] = (),
    item_item: str | Path | None = None,
    user_ids: str | Path | None = None,
    item_ids: str | Path | None = None,
    unknown: Literal["refuse", "drop"] = "refuse",
    check: str | Path | None = None,
    overwrite: bool = False,
) -> OpenRun:
    """A run in the folder `out` on the dataset folder `data`, made of what another library has trained.

    One of: `lists`; `user_embeddings` with `item_embeddings`; `propagation` ("lightgcn", "simgcl") with layer-0
    `embeddings` (users, then items) and `layers`; `item_item`. Ids stand in the files, in `user_ids` and `item_ids`
    (one a row), or the rows are in the order of the dataset. `check` names lists or scores of the source to compare
    with. `run.record.figures["imported"]` is the JSON of `gnnrec run import`. Nothing is unpickled. Raises DataError
    for files that do not fit, RequestError for options that do not go together.
    """
    from dataclasses import replace

    from gnnrec_core.runs.bringing import importing
    from gnnrec_core.runs.bringing.checking import check_against
    from gnnrec_core.runs.training import save
    from gnnrec_core.views.brought import import_json

    folder, dataset = Path(data), load_dataset(Path(data))
    ids = importing.IdFiles(*(None if path is None else Path(path) for path in (user_ids, item_ids)))
    if lists is not None:
        brought = importing.from_list_file(dataset, Path(lists), unknown)
    elif user_embeddings is not None and item_embeddings is not None:
        brought = importing.from_factors(
            dataset, Path(user_embeddings), Path(item_embeddings), ids, similarity, unknown
        )
    elif propagation is not None and embeddings is not None and layers is not None:
        brought = importing.from_propagation(
            dataset, Path(embeddings), layers, propagation, layer_weights, ids, unknown
        )
    elif item_item is not None:
        brought = importing.from_item_item(dataset, Path(item_item), ids, unknown)
    else:
        raise RequestError(
            "What to import is not complete.",
            "Give lists, user and item embeddings, a propagation with embeddings and layers, or an item-item matrix.",
        )
    run = brought.run
    compared = None if check is None else check_against(run, Path(check))
    told = import_json(brought, run, Path(out), compared)
    figured = type(run)(None, replace(run.record, figures={**run.record.figures, "imported": told}), dataset)
    figured.__dict__["model"] = run.model
    return OpenRun.over(save(figured, Path(out), overwrite, folder))


def app(runs: Run | str | Path | Iterable[Run | str | Path] = (), port: int = 8501, wait: bool = True) -> Any:
    """Open the dashboard in a browser: on the sample, or on these runs (in memory or folders).

    Serves until it is stopped (Ctrl-C); with `wait=False` returns the server's process at once.
    """
    from gnnrec_core.base.places import PROJECT
    from gnnrec_core.runs.dashboard import command_for

    several = [runs] if isinstance(runs, (str, Path)) or not isinstance(runs, Iterable) else list(runs)
    words, environment = command_for([_folder(run) for run in several], port)
    server = subprocess.Popen(words, cwd=PROJECT, env={**os.environ, **environment})
    if not wait:
        return server
    try:
        return server.wait()
    except KeyboardInterrupt:
        return server.wait()


def _folder(run: Run | str | Path) -> Path:
    """Where a run lies; one that is in memory is written to a folder of this session first."""
    from gnnrec_core.runs.training import save

    if isinstance(run, (str, Path)):
        return Path(run)
    if run.folder is not None:
        return run.folder
    stored = save(run, Path(tempfile.mkdtemp(prefix="gnnrec-")) / run.record.model)
    return stored.place


def _from_table(table: Any, options: Mapping[str, Any]) -> Dataset:
    """A table in memory by way of a Parquet file, so that the same checks and repairs apply."""
    import polars as pl

    frame = table if isinstance(table, pl.DataFrame) else None
    if frame is None and hasattr(table, "columns") and hasattr(table, "to_dict"):
        frame = pl.from_pandas(table)
    if frame is None:
        raise RequestError(
            f"A {type(table).__name__} cannot be read as interactions.",
            "Give a path, or a pandas or polars table with one row an interaction.",
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        frame.write_parquet(path)
        return import_source(path, read_settings(ImportOptions, {"name": "table", **options}))
