"""Ways to make a run smaller: fewer bits a number, fewer edges, fewer dimensions. None of them trains.

bits         every table in 8 or 4 bits (`models.rounded`)
edges        the graph without its weakest interactions: those with the smallest w / sqrt(d_u d_i), of which a
             neighbour takes least; each person and item keeps its strongest (`models.pruned`)
dimensions   a small LightGCN distilled from the large one: layer-0 embeddings E W with orthonormal W `[d, d']`.
             Propagation is linear, so its final embeddings are Z W; W holds the directions in which scores vary
             most, the first eigenvectors of C_u C_i + C_i C_u with C = Z^T Z over people and over items
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.graph import RecGraph
from gnnrec_core.models import MODELS
from gnnrec_core.models.ops.spectral import EMBEDDING
from gnnrec_core.models.protocol import PropagationRecommender, Tensors
from gnnrec_core.models.pruned import KEPT, Pruned, PrunedSettings, on_edges
from gnnrec_core.models.rounded import Rounded, RoundedSettings, read_back, rounded
from gnnrec_core.runs.run import Run

EDGE_BYTES = 8
"""Two ends of four bytes."""


@dataclass(frozen=True)
class Smaller:
    """A smaller model, and what a run of it stores: the name of its model, settings, tensors. `bytes` are those of what
    became smaller (`of`: tables or edges)."""

    model: Any
    kind: str
    settings: dict[str, Any]
    tensors: Tensors
    of: str
    bytes_before: int
    bytes_after: int


def in_bits(run: Run, bits: float) -> Smaller:
    """Its tables in 8 or 4 bits. UnsupportedError where there is no table."""
    if bits not in (4, 8):
        raise RequestError(f"{bits:g} bits are not offered.", "Choose 8 or 4.", value=bits)
    tensors = run.model.tensors()
    kept = rounded(tensors, int(bits))
    if kept.keys() == tensors.keys():
        raise UnsupportedError(f"{run.record.model} has no table to round.", "Compress a run with embeddings.")
    model = type(run.model).restore(run.dataset, run.model.settings, read_back(kept, int(bits)))
    settings = RoundedSettings(**_base(run), bits=int(bits))
    return Smaller(model, Rounded.name, settings.model_dump(), kept, "tables", _bytes(tensors), _bytes(kept))


def with_fewer_edges(run: Run, share: float) -> Smaller:
    """On this share of its interactions. UnsupportedError where nothing passes over edges."""
    if not 0 < share < 1:
        raise RequestError(f"A share of {share:g} edges cannot be kept.", "Choose one between 0 and 1.", value=share)
    if not isinstance(run.model, PropagationRecommender):
        raise UnsupportedError(f"{run.record.model} passes nothing over edges.", "Prune a run of LightGCN or GAT.")
    model: Any = run.model
    kept, tensors = thinned(run.graph, share, run.record.seed), model.tensors()
    model = on_edges(type(model).restore(run.dataset, model.settings, tensors), kept)
    settings = PrunedSettings(**_base(run), share=share)
    stored = {**tensors, KEPT: np.packbits(kept)}
    sizes = EDGE_BYTES * len(kept), EDGE_BYTES * int(kept.sum())
    return Smaller(model, Pruned.name, settings.model_dump(), stored, "edges", *sizes)


def with_fewer_dimensions(run: Run, width: float) -> Smaller:
    """Distilled into this many dimensions; the same model, so its run is one like any other. UnsupportedError where
    embeddings are not all that it has, RequestError where the width is not smaller."""
    tensors, model = run.model.tensors(), run.model
    linear = isinstance(model, PropagationRecommender) and tensors.keys() == {EMBEDDING}
    if not linear or not model.propagation().symmetric:
        raise UnsupportedError(
            f"{run.record.model} is not linear in embeddings alone, so it cannot be turned into a smaller one.",
            "Distil a run of LightGCN.",
        )
    size = tensors[EMBEDDING].shape[1]
    if not 1 <= width < size or width != int(width):
        raise RequestError(f"{width:g} dimensions cannot be taken.", f"Choose 1 to {size - 1}.", value=width)
    final, n_users = model.propagation().final.astype(np.float64), run.dataset.n_users
    people, items = final[:n_users], final[n_users : n_users + run.dataset.n_items]
    product = (people.T @ people) @ (items.T @ items)
    directions = np.linalg.eigh(product + product.T)[1][:, ::-1][:, : int(width)]
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(int(width))])
    table = (tensors[EMBEDDING].astype(np.float64) @ directions).astype(np.float32)
    settings = read_settings(type(model.settings), {**model.settings.model_dump(), "embedding_dim": int(width)})
    small = type(model).restore(run.dataset, settings, {EMBEDDING: table})
    stored = {EMBEDDING: table}
    return Smaller(small, run.record.model, settings.model_dump(), stored, "tables", _bytes(tensors), _bytes(stored))


@dataclass(frozen=True)
class Way:
    """One way: what its `amount` is, and a few to choose from."""

    title: str
    about: str
    make: Callable[[Run, float], Smaller]
    amounts: tuple[float, ...]
    words: str


WAYS: dict[str, Way] = {
    "bits": Way("Fewer bits a number", "bits of each number", in_bits, (8, 4), "{:g} bits a number"),
    "edges": Way(
        "Fewer edges",
        "share of interactions kept in the graph",
        with_fewer_edges,
        (0.75, 0.5, 0.25),
        "{:.0%} of the edges",
    ),
    "dimensions": Way(
        "A distilled small model", "numbers for each node", with_fewer_dimensions, (32, 16, 8), "{:g} dimensions"
    ),
}


def smaller(run: Run, way: str, amount: float) -> Smaller:
    """The run made smaller. UnsupportedError where the run or its model cannot, RequestError for an unknown way."""
    if way not in WAYS:
        raise RequestError(f"There is no way {way!r}.", f"Choose {', '.join(WAYS)}.", value=way)
    check_has_tables(run)
    return WAYS[way].make(run, amount)


def check_has_tables(run: Run) -> None:
    """UnsupportedError where no training made this run."""
    if run.record.model not in MODELS:
        raise UnsupportedError(f"A run of {run.record.model} holds no trained tables.", "Compress a trained run.")


def told(way: str, amount: float) -> str:
    """What was done, in words.

    >>> told("edges", 0.5)
    '50% of the edges'
    """
    return WAYS[way].words.format(amount)


def thinned(graph: RecGraph, share: float, seed: int) -> NDArray[np.bool_]:
    """Which undirected edges stay `[n_edges / 2]`: all side edges, and of each person's interactions this share, drawn
    with the seed, at least one."""
    half = graph.n_edges // 2
    people, edges = graph.edge_index[0, :half], np.flatnonzero(graph.edge_type[:half] == 0)
    drawn = np.random.default_rng(seed).random(len(edges))
    order = edges[np.lexsort((drawn, people[edges]))]
    counts = np.bincount(people[edges], minlength=graph.n_nodes)
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    wanted = np.maximum(1, np.rint(share * counts))
    kept: NDArray[np.bool_] = np.array(graph.edge_type[:half] != 0)
    kept[order[place < wanted[people[order]]]] = True
    return kept


def _base(run: Run) -> dict[str, Any]:
    told = json.dumps(run.record.settings, sort_keys=True)
    return {"base_run": run.name, "base_model": run.record.model, "base_settings": told}


def _bytes(tensors: Tensors) -> int:
    return sum(int(value.nbytes) for value in tensors.values())
