"""Verbs that bring in what was made elsewhere: lists, files of another library, a scorer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gnnrec_core.api.making import read
from gnnrec_core.api.run import OpenRun
from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.data.store import load_dataset

if TYPE_CHECKING:
    import pandas as pd
    import torch

Scorer = Callable[[str, list[str], "list[str] | None"], Any]


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
    from gnnrec_core.runs.bringing.lists import dataset_of_tables, run_of_lists

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
    normalisation: Literal["symmetric", "rows", "columns", "none"] | None = None,
    self_loops: bool = False,
    attention: str | Path | None = None,
    least_squares: tuple[float, float] | None = None,
    user_biases: str | Path | None = None,
    item_biases: str | Path | None = None,
    item_item: str | Path | None = None,
    scorer: str | Scorer | None = None,
    user_ids: str | Path | None = None,
    item_ids: str | Path | None = None,
    unknown: Literal["refuse", "drop"] = "refuse",
    check: str | Path | None = None,
    list_date: str | None = None,
    list_cutoff: int | None = None,
    columns: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> OpenRun:
    """A run in the folder `out` on the dataset folder `data`, made of what another library has trained.

    One of: `lists`; `user_embeddings` with `item_embeddings` (and biases); `item_embeddings` with `least_squares` (l2,
    confidence) of ALS, which solves for people; `propagation` ("lightgcn", "simgcl", "gat") with layer-0 `embeddings`
    (users, then items) and `layers`, `normalisation` and `self_loops`; `item_item` (and `item_biases`); `scorer` (a
    command, an address or a function, asked once for everybody now). Ids stand in the files, in `user_ids` and
    `item_ids` (one a row), or the rows are in the order of the dataset. Tensors of a .pt file are read in a child
    process, and nothing else of it. `check` names lists or scores of the source to compare with.
    Where lists have a column `date` or `cutoff`, `list_date` and `list_cutoff` choose one (else the last, the
    largest); `columns` ({"user": "uid", "item": "sku", "rank": "pos"}) says what the table calls its own.
    `run.record.figures["imported"]` is the JSON of `gnnrec run import`. Raises DataError for
    files that do not fit, RequestError for options that do not go together.
    """
    from dataclasses import replace

    from gnnrec_core.runs.bringing import importing
    from gnnrec_core.runs.bringing.checking import check_against
    from gnnrec_core.runs.bringing.list_tables import Chosen
    from gnnrec_core.runs.bringing.scorers import run_of_scorer
    from gnnrec_core.runs.training import save
    from gnnrec_core.views.brought import import_json

    folder, dataset = Path(data), load_dataset(Path(data))
    of_users, of_items, heads = (None if path is None else Path(path) for path in (user_biases, item_biases, attention))
    ids = importing.IdFiles(*(None if path is None else Path(path) for path in (user_ids, item_ids)))
    if lists is not None:
        brought = importing.from_list_file(
            dataset, Path(lists), unknown, Chosen(list_date, list_cutoff, tuple((columns or {}).items()))
        )
    elif user_embeddings is not None and item_embeddings is not None:
        brought = importing.from_factors(
            dataset, Path(user_embeddings), Path(item_embeddings), ids, similarity, unknown, (of_users, of_items)
        )
    elif least_squares is not None and item_embeddings is not None:
        brought = importing.from_least_squares(dataset, Path(item_embeddings), *least_squares, ids, unknown)
    elif propagation is not None and embeddings is not None and layers is not None:
        brought = importing.from_propagation(
            dataset,
            Path(embeddings),
            layers,
            propagation,
            layer_weights,
            ids,
            unknown,
            normalisation,
            self_loops,
            heads,
        )
    elif scorer is not None:
        brought = importing.Brought(run_of_scorer(scorer, dataset))
    elif item_item is not None:
        brought = importing.from_item_item(dataset, Path(item_item), ids, unknown, of_items)
    else:
        raise RequestError(
            "What to import is not complete.",
            "Give lists, user and item embeddings, item embeddings with least squares, a propagation with embeddings "
            "and layers, an item-item matrix, or a scorer.",
        )
    run = brought.run
    compared = None if check is None else check_against(run, Path(check))
    told = import_json(brought, run, Path(out), compared)
    figured = type(run)(None, replace(run.record, figures={**run.record.figures, "imported": told}), dataset)
    figured.__dict__["model"] = run.model
    return OpenRun.over(save(figured, Path(out), overwrite, folder))


def from_scorer(data: Dataset | str | Path, scorer: str | Scorer, timeout: float = 60.0) -> OpenRun:
    """A run that asks any recommender: a function, a command, or an address ("https://...").

    A function is called as `scorer(user, history, items)` with ids and `items` None, and returns one score for each
    item in the order of `data.items`. A command reads one JSON line `{"user", "history", "items"}` and writes one
    `{"scores": [..]}`; an address is sent the same by POST. Each answer may take `timeout` seconds. Explanations ask
    again with shorter histories (`leave_one_out`, `shapley`), counterfactuals too, and say how often. Raises DataError
    for answers that are no scores, RequestError for a command that cannot be started.
    """
    from gnnrec_core.runs.bringing.scorers import run_of_scorer

    dataset = data if isinstance(data, Dataset) else read(data)
    return OpenRun.over(run_of_scorer(scorer, dataset, timeout))


def from_module(module: torch.nn.Module, data: Dataset | str | Path, x: Any = None) -> OpenRun:
    """A run of a trained torch module `(x, edge_index[, edge_attr]) -> [n_nodes, d]`, explained as a PyG module.

    `x` `[n_nodes, d]` has a row for each user, then for each item, in the order of `data` (None: the module's only
    embedding of that size). edge_index holds the train interactions both ways, items counted on from the users.
    Raises DataError where the module does not give one embedding a node.
    """
    from gnnrec_core.runs.bringing.modules import run_of_module

    dataset = data if isinstance(data, Dataset) else read(data)
    return OpenRun.over(run_of_module(module, dataset, x))
