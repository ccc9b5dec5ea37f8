"""A run that has forgotten one person or item, with a receipt that says how thoroughly.

"refit": fitted anew, exact. "again": trained anew with common random numbers. "kept": row, interactions and side edges
are gone, and what the others learned from them stays. That is quick and leaves nearly the lists of a training without
them, and yet it is no forgetting: the membership test tells it at once (AUC above 0.9).

Membership test: half of the forgotten history is given to both runs (`runs.fold_in`), and the other half's scores less
those of a run that never saw them (difficulty calibration, Watson et al. 2022) are ranked among the same of lookalikes:
items that were not in the history and that the run that never saw them scores nearest. Among all items the luck of a
seed, which moves items that are alike together, would look like memory. An area under the curve of 0.5 says that
nothing is left to tell. What was trained again is held against a training without them with another seed, as it would
be no test against itself; then single people still lie .07 (sd) around 0.5.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.sources import ranked
from gnnrec_core.base.errors import LensError, RequestError, UnsupportedError
from gnnrec_core.base.plain import plain
from gnnrec_core.change.leaving import node_of, rows_of, without_entity, without_side_edges
from gnnrec_core.change.moved import held, level_of, moved, refuse_place
from gnnrec_core.data.dataset import IntArray, without_rows
from gnnrec_core.explain.truth.kept_scores import epochs_of
from gnnrec_core.explain.truth.retraining import refits
from gnnrec_core.models import model_type
from gnnrec_core.models.protocol import PersonalRecommender
from gnnrec_core.ranking.intervals import Interval, auc_interval
from gnnrec_core.ranking.overlap import rank_biased_overlap
from gnnrec_core.ranking.topk import check_k
from gnnrec_core.runs.fold_in import fold_in
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.training import fit_model, save

RECEIPT = "forgetting.json"
METHODS = ("refit", "kept", "again")
LOOKALIKES = 20
"""Items that each of the forgotten history is held against."""
ROUNDING = 1e-6
"""Differences of scores below this share of the largest score are rounding in float32."""


@dataclass(frozen=True)
class Against:
    """The run that has forgotten beside one that was trained without them: the largest difference of any score of
    anybody else, and the mean overlap (rank-biased, and as a share of the top k) of the others' lists.

    `membership` is the AUC of the test above, `membership_before` that of the run that had not forgotten; None for an
    item, or where the history is too short or the model has no list for strangers.
    """

    largest_difference: float
    overlap: float
    share_kept: float
    k: int
    membership: Interval | None
    membership_before: Interval | None


@dataclass(frozen=True)
class Receipt:
    """What was removed, how, which files differ from those of the old run, and how thorough it was. Names nobody."""

    kind: str
    n_interactions: int
    n_side_edges: int
    method: str
    means: str
    against: Against | None
    files: tuple[str, ...]
    fingerprint_before: str
    fingerprint_after: str

    def to_dict(self) -> dict[str, Any]:
        """As `forgetting.json` holds it."""
        found: dict[str, Any] = plain(asdict(self))
        return found


def forget(
    run: Run,
    kind: str,
    index: int,
    out: Path,
    method: str = "",
    compare: bool = True,
    k: int = 10,
    overwrite: bool = False,
) -> tuple[Run, Receipt]:
    """Write into `out` the run without a "user" or "item", its dataset in `out/dataset`, and the receipt.

    `method` is one of `METHODS` ("": "refit" where the model refits, else "again"); `compare` fills `against`,
    which takes one more training where the model does not refit. RequestError where `out` exists or the method is not,
    UnsupportedError where the model cannot forget that way.
    """
    refuse_place(run, out, overwrite)
    method = method_of(run, method)
    check_k(k, run.dataset.n_items - (kind == "item"))
    found = forgotten(run, kind, index, method)
    against = _against(run, found, kind, index, method, k) if compare else None
    receipt = Receipt(
        kind=kind,
        n_interactions=len(rows_of(run.dataset, kind, index)),
        n_side_edges=sum(len(r) for r in run.dataset.relations) - sum(len(r) for r in found.dataset.relations),
        method=method,
        means=_means(method),
        against=against,
        files=(),
        fingerprint_before=run.dataset.fingerprint,
        fingerprint_after=found.dataset.fingerprint,
    )
    who = "person" if kind == "user" else "item"
    note = f"Derived from the run {run.name} by forgetting one {who} ({method}); see {RECEIPT}."
    named = held(run, found.model, found.dataset, run.record.seed, note)

    def beside(made: Path) -> dict[str, Any]:
        return {RECEIPT: replace(receipt, files=_changed(run, made)).to_dict()}

    stored = save(named, out, overwrite, beside=beside)
    return stored, replace(receipt, files=_changed(run, out))


def forgotten(run: Run, kind: str, index: int, method: str, seed: int | None = None) -> Run:
    """The run without the person or item, in memory, on the data without them."""
    dataset, model_kind = without_entity(run.dataset, kind, index), model_type(run.record.model)
    if method == "refit":
        return moved(run, dataset, "again")
    node, seed = node_of(run.dataset, kind, index), run.record.seed if seed is None else seed
    source: Any = run.model
    if method == "again":
        base = without_side_edges(run.dataset, node)
        rows = rows_of(run.dataset, kind, index)
        source = model_kind.create_without(base, run.settings, seed, "cpu", rows)
        fit_model(source, most=epochs_of(run))
    tensors = source.tensors()
    tensors[run.model.own_rows] = np.delete(tensors[run.model.own_rows], node, axis=0)
    return held(run, model_kind.restore(dataset, run.settings, tensors), dataset, run.record.seed)


def method_of(run: Run, asked: str = "") -> str:
    """How this run forgets: as asked, else as exactly as it can.

    RequestError for an unknown way, UnsupportedError where the model cannot.
    """
    if asked not in ("", *METHODS):
        raise RequestError(f"Nothing is forgotten by {asked!r}.", f"Choose {', '.join(METHODS)}.", value=asked)
    level_of(run, "again" if asked == "again" else "")
    if refits(run):
        return "refit"
    if asked == "refit":
        raise UnsupportedError(f"A {run.record.model} run does not refit at once.", "Choose kept or again.")
    if not isinstance(run.model, PersonalRecommender):
        raise UnsupportedError(
            f"People have no row of their own in a {run.record.model} run.", "Train on the data without the person."
        )
    return asked or "again"


def _means(method: str) -> str:
    return {
        "refit": "fitted anew on the data without them: exact",
        "again": "trained anew on the data without them, with the same random draws",
        "kept": "their row, interactions and side edges are gone; what others' embeddings learned from them stays",
    }[method]


def _against(run: Run, found: Run, kind: str, index: int, method: str, k: int) -> Against:
    """The forgetting run beside one trained without them: `found` itself where it is that, a separate fit on the data
    in which the id still stands where the model refits."""
    others = np.delete(np.arange(run.dataset.n_users), index) if kind == "user" else np.arange(run.dataset.n_users)
    items = np.delete(np.arange(run.dataset.n_items), index) if kind == "item" else np.arange(run.dataset.n_items)
    if method == "refit":
        rows = rows_of(run.dataset, kind, index)
        truth = moved(run, without_rows(run.dataset, rows), "again")
        theirs = truth.model.score(others)[:, items]
    else:
        truth = forgotten(run, kind, index, "again") if method == "kept" else found
        theirs = truth.model.score(np.arange(len(others)))
    own = found.model.score(np.arange(len(others)))
    lists = [ranked(found.dataset, _table(scores), k).item_index for scores in (own, theirs)]
    shared = (lists[0][:, :, None] == lists[1][:, None, :]).any(2)
    before = after = None
    if kind == "user":
        history = run.graph.history(index)
        other = forgotten(run, kind, index, "again", run.record.seed + 1) if method == "again" else truth
        after, before = _membership(found, other, history), _membership(run, other, history)
    return Against(
        float(np.abs(own.astype(np.float64) - theirs).max()),
        float(np.nanmean(rank_biased_overlap(lists[0], lists[1]))),
        float(shared[lists[0] >= 0].mean()),
        int(lists[0].shape[1]),
        after,
        before,
    )


def _table(scores: NDArray[Any]) -> Any:
    return lambda users: scores[users].copy()


def _membership(run: Run, truth: Run, history: IntArray) -> Interval | None:
    """AUC with which the rest of the history stands out in the scores that a stranger with half of it would get."""
    if len(history) < 4:
        return None
    shuffled = np.random.default_rng(0).permutation(history)
    halves = [shuffled[::2], shuffled[1::2]]
    areas = []
    try:
        for given, rest in (halves, halves[::-1]):
            scores = [_strangers_scores(one, given) for one in (run, truth)]
            signal = scores[0] - scores[1]
            signal = np.round(signal / (ROUNDING * max(float(np.abs(scores[1]).max()), 1e-300)))
            areas.append(_area(signal, scores[1], rest, np.delete(np.arange(len(signal)), history)))
    except LensError:
        return None
    return auc_interval(float(np.mean(areas)), len(history), min(LOOKALIKES, len(signal) - len(history)))


def _strangers_scores(run: Run, given: IntArray) -> NDArray[np.float64]:
    """Scores of all items `[n_items]` for somebody new with the items `given`, whose own are 0."""
    found = fold_in(run, given, run.dataset.n_items)
    scores = np.zeros(run.dataset.n_items)
    scores[found.item_index] = found.score
    return scores


def _area(signal: NDArray[np.float64], alike: NDArray[np.float64], inside: IntArray, outside: IntArray) -> float:
    """P(the signal of one of `inside` is larger than that of one of its lookalikes), ties count half: the `LOOKALIKES`
    of `outside` that are nearest in `alike`."""
    won = []
    for item in inside.tolist():
        near = outside[np.argsort(np.abs(alike[outside] - alike[item]), kind="stable")[:LOOKALIKES]]
        won.append(np.mean(signal[item] > signal[near]) + np.mean(signal[item] == signal[near]) / 2)
    return float(np.mean(won))


def _changed(run: Run, out: Path) -> tuple[str, ...]:
    """Files under `out` whose bytes no file of that name of the old run and its dataset has."""
    old = {} if run.folder is None else _digests(run.folder)
    if run.folder is not None:
        data = (run.folder.resolve() / run.record.dataset_path).resolve()
        old |= {f"dataset/{name}": digest for name, digest in _digests(data).items()}
    return tuple(sorted(name for name, digest in _digests(out).items() if old.get(name) != digest and name != RECEIPT))


def _digests(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file() and "retrained" not in file.parts)
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
