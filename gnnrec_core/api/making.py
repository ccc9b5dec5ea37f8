"""Verbs that make or open something: data, a trained run, the dashboard."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    module: Any = None,
    **settings: Any,
) -> OpenRun:
    """Train `model` on `data` (a dataset, or anything that `read` takes); a run in memory, and on disk with `out`.

    `settings` are the model's (`n_layers=2`, `epochs=50`, ...; `gnnrec train --help` names them). The same seed gives
    the weights that `gnnrec train` gives. With `module` (a torch.nn.Module, a class of one, or "FILE.py:Class") that
    `(x, edge_index[, edge_attr]) -> [n_nodes, d]` is trained, whatever `model` says. Raises RequestError (unknown model
    or setting, too little memory).
    """
    from gnnrec_core.runs import training

    dataset = data if isinstance(data, Dataset) else read(data)
    kind: str | type[Any] = model
    if module is not None:
        from gnnrec_core.runs.bringing.modules import model_of

        kind, origin = model_of(module)
        settings = {**origin, **settings}
    run = training.fit(dataset, kind, settings, seed, device)
    if out is None:
        return OpenRun.over(run)
    training.save(run, Path(out))
    return load(out, module=module)


def load(folder: str | Path, dataset: str | Path | None = None, scorer: Any = None, module: Any = None) -> OpenRun:
    """The run in `folder`, with its dataset (or the one in `dataset`, of the same data).

    A run of a scorer is asked with `scorer` (a command, an address, or a function): what stands in the folder is never
    started by itself. The same holds for the code of a module (`module`: an object, or "FILE.py:Class").
    """
    from gnnrec_core.runs.run import load_run

    run = load_run(Path(folder), None if dataset is None else Path(dataset))
    if scorer is not None:
        from gnnrec_core.runs.bringing.scorers import with_scorer

        run = with_scorer(run, scorer)
    if module is not None:
        from gnnrec_core.runs.bringing.modules import with_module

        run = with_module(run, module)
    return OpenRun.over(run)


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
