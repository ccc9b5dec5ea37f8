"""Recourse put to the test: links are found for many items, and the model is trained again with all of them at once."""

from __future__ import annotations

import time

import numpy as np

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.models.protocol import RefittingRecommender
from gnnrec_core.ranking.topk import check_k
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.items.links import Link, Trained, trained_with
from gnnrec_core.whole.items.rate import RecourseRate, root_of, save_rate
from gnnrec_core.whole.items.recourse import Recourse, recourse
from gnnrec_core.whole.items.standing import Standing, standing

FEWEST, SURE = 10, 0.1


def measure_recourse(
    run: Run, n_items: int = 40, k: int = 10, more: int = 5, most: int = 3, seed: int = 0
) -> RecourseRate:
    """Find recourse for `n_items` items drawn at random, train with the links of all of them, with as many links drawn
    at random, and without any; keep what came out beside the run.

    UnsupportedError for a model whose every answer is a training; RequestError for fewer than 10 items.
    """
    check_k(k, run.dataset.n_items)
    if n_items < FEWEST:
        raise RequestError(f"{n_items} items are too few to say how often recourse holds.", f"Choose {FEWEST} or more.")
    if isinstance(run.model, RefittingRecommender):
        raise UnsupportedError(
            f"Nothing is to be measured for {run.record.model!r}: each of its answers is fitted anew.",
            "Ask for recourse.",
        )
    start = time.perf_counter()
    with progress.part(0, 3):
        found = _answers(run, n_items, k, more, most, seed)
    if len(found) < FEWEST:
        raise RequestError(
            f"Only {len(found)} of {n_items} items had links that bring them into more lists.", "Try more items."
        )
    rng = np.random.default_rng((seed, 7))
    links = {item: way.steps[-1].links for item, (_, way) in found.items()}
    chance = {item: _drawn(rng, now, len(links[item])) for item, (now, _) in found.items()}
    with progress.part(1, 3):
        trained = trained_with(run, links, k, 1)
    with progress.part(2, 3):
        control = trained_with(run, chance, k, 1)
    rate = rate_of(run, {item: way for item, (_, way) in found.items()}, trained, control, (k, more, most), start)
    save_rate(rate, run)
    return rate


def rate_of(
    run: Run,
    ways: dict[int, Recourse],
    trained: dict[int, Trained],
    control: dict[int, Trained],
    asked: tuple[int, int, int],
    start: float,
) -> RecourseRate:
    """The figures of answers that all gain something in the model, and of their trainings."""
    in_model = np.array([way.steps[-1].n_after - way.steps[-1].n_before for way in ways.values()], np.float64)
    again = np.array([_gain(trained[item]) for item in ways], np.float64)
    chance = np.array([_gain(control[item]) for item in ways], np.float64)
    wanted = np.array([way.goal - way.steps[-1].n_before for way in ways.values()], np.float64)
    root = np.array([root_of(way.steps[-1].n_before, way.steps[-1].n_after) for way in ways.values()])
    kept = float((in_model * again / root**2).sum() / (in_model**2 / root**2).sum())
    low, high = np.quantile((again - kept * in_model) / root, (SURE, 1 - SURE), method="inverted_cdf")
    k, more, most = asked
    return RecourseRate(
        run.dataset.fingerprint, run.record.created, k, more, most, len(ways),
        float((again > 0).mean()), float((again >= np.minimum(wanted, in_model)).mean()), float((chance > 0).mean()),
        kept, float(low), float(high), time.perf_counter() - start,
    )  # fmt: skip


def _answers(run: Run, n_items: int, k: int, more: int, most: int, seed: int) -> dict[int, tuple[Standing, Recourse]]:
    """Of items drawn at random those for which links were found that gain lists in the model."""
    found = {}
    known = np.flatnonzero(run.graph.popularity > 0)
    drawn = np.random.default_rng((seed, 3)).permutation(known)[:n_items]
    for done, item in enumerate(drawn.tolist()):
        with progress.part(done, len(drawn)):
            now = standing(run, item, k)
            way = recourse(run, item, now, more, most, seed)
        if way.steps and way.steps[-1].n_after > way.steps[-1].n_before:
            found[item] = now, way
    return found


def _drawn(rng: np.random.Generator, now: Standing, n: int) -> tuple[Link, ...]:
    people = rng.choice(np.flatnonzero(now.open), n, replace=False)
    return tuple(Link("interaction", int(user)) for user in people)


def _gain(trained: Trained) -> int:
    return trained.n_after[0] - trained.n_before[0]
