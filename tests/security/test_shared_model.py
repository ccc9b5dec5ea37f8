"""One loaded run under many threads: every answer is the one that a single thread gets."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import numpy as np
import pytest

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.data.store import save_dataset
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.explain.explaining import explain
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import train
from tests.worlds import random_dataset

CASES = ((0, 1), (3, 5), (7, 2))


@pytest.fixture(scope="module", params=["lightgcn", "gat"])
def run(request, tmp_path_factory):
    home = tmp_path_factory.mktemp("shared")
    save_dataset(random_dataset(n_users=12, n_items=20, per_user=6), home / "d")
    train(home / "d", request.param, {"epochs": 2, "embedding_dim": 8}, home / "r", device="cpu")
    return load_run(home / "r")


def ask(run, question):
    """The answer to one question: names, and the numbers that belong to them."""
    kind, user, item = question
    if kind == "recommend":
        found = recommend(run, np.array([user]), 5)
        return found.item_index.ravel().tolist(), found.score.ravel()
    if kind == "scores":
        return [], run.model.score(np.array([user])).ravel()
    parts = sorted(explain(run, user, item, kind, k=3, check_top=1).contributions, key=lambda part: part.label)
    return [part.label for part in parts], np.array([part.value for part in parts])


def same(left, right) -> bool:
    """Equal but for the order in which floats were added."""
    return left[0] == right[0] and np.allclose(left[1], right[1], rtol=1e-4, atol=1e-5)


def questions(run):
    """Every method that serves this model, lists and scores, for a few cases; with the answers that one thread gets."""
    known = {}
    for kind in ("recommend", "scores", *EXPLAINERS.names):
        for case in CASES:
            try:
                known[kind, *case] = ask(run, (kind, *case))
            except UnsupportedError:
                break
    return known


def wrong_answers(run, n: int, n_threads: int = 8) -> tuple[list, int]:
    known = questions(run)
    assert len(known) > 20
    gate = threading.Barrier(n_threads)
    asked = list(islice(cycle(known), n))

    def work(part):
        gate.wait()
        return [question for question in part if not same(ask(run, question), known[question])]

    with ThreadPoolExecutor(n_threads) as pool:
        found = pool.map(work, [asked[start::n_threads] for start in range(n_threads)])
        return [question for wrong in found for question in wrong], len(asked)


def test_two_hundred_answers_under_eight_threads_are_right(run):
    assert wrong_answers(run, 100) == ([], 100)  # for each of two models


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_four_thousand_answers_under_eight_threads_are_right(run):
    assert wrong_answers(run, 2000) == ([], 2000)
