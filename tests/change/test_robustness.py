"""Shaken data: overlap against independent code, what is changed is what is said, controls are flat."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.change.robustness import robustness
from gnnrec_core.change.shaking import shake
from gnnrec_core.cli import main
from gnnrec_core.explain.truth.retraining import train_without
from gnnrec_core.ranking.overlap import jaccard, rank_biased_overlap
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import Run, load_run
from gnnrec_core.runs.training import fit
from tests.audit.small_runs import sample

RUNS = Path(__file__).resolve().parents[2] / "sample_data" / "runs"


@pytest.fixture(scope="module")
def knn():
    return load_run(RUNS / "itemknn")


def rbo_by_sets(first, second, p):
    """Webber et al. (2010), equation 30 for lists of one length, written with sets of prefixes."""
    k = len(first)
    shared = [len(set(first[:d]) & set(second[:d])) for d in range(1, k + 1)]
    return shared[-1] / k * p**k + (1 - p) / p * sum(x / d * p**d for d, x in enumerate(shared, 1))


def test_overlaps_equal_an_independent_implementation():
    rng = np.random.default_rng(0)
    first = np.array([rng.permutation(30)[:10] for _ in range(50)])
    second = np.array([rng.permutation(30)[:10] for _ in range(50)])
    for p in (0.5, 0.9):
        expected = [rbo_by_sets(a.tolist(), b.tolist(), p) for a, b in zip(first, second, strict=True)]
        assert rank_biased_overlap(first, second, p) == pytest.approx(expected, abs=1e-12)
    sets = [(set(a.tolist()), set(b.tolist())) for a, b in zip(first, second, strict=True)]
    assert jaccard(first, second) == pytest.approx([len(a & b) / len(a | b) for a, b in sets])
    short = np.array([[3, 1, -1], [-1, -1, -1]])
    assert rank_biased_overlap(short, short).tolist()[0] == pytest.approx(1.0)
    assert np.isnan(rank_biased_overlap(short, short)[1]) and np.isnan(jaccard(short, short)[1])


def test_rank_list_stability_equals_fits_by_hand(knn):
    """The mean over draws of what dropping one row by hand does, on the same draws."""
    found = robustness(knn, "one", n_draws=3, seed=5)
    rng, means, owns = np.random.default_rng((5, 41)), [], []
    users = np.arange(knn.dataset.n_users)
    before = recommend(knn, users, 10).item_index
    for _ in range(3):
        shaken = shake(knn.dataset, "one", 0.05, rng)
        model = fit(shaken.dataset, "itemknn", knn.settings).model
        after = recommend(Run.of(model, knn.dataset), users, 10).item_index
        each = [rbo_by_sets(a.tolist(), b.tolist(), 0.9) for a, b in zip(before, after, strict=True)]
        means.append(np.mean(each))
        owns.append(each[knn.dataset.interactions.user_index[shaken.gone[0]]])
    assert found.overlap.value == pytest.approx(np.mean(means), abs=1e-9)
    assert found.own is not None and found.own.value == pytest.approx(np.mean(owns), abs=1e-9)


def test_what_is_changed_is_what_is_said():
    data, rng = sample(), np.random.default_rng(1)
    own = set(zip(data.interactions.user_index.tolist(), data.interactions.item_index.tolist(), strict=True))
    n = data.interactions.n_by_split["train"]
    for kind, size in (("drop", n - round(0.1 * n)), ("add", n + round(0.1 * n)), ("rewire", n)):
        shaken = shake(data, kind, 0.1, rng)
        log = shaken.dataset.interactions
        pairs = set(zip(log.user_index.tolist(), log.item_index.tolist(), strict=True))
        assert log.n_by_split["train"] == size and shaken.n_changed == round(0.1 * n)
        assert log.n_by_split["test"] == data.interactions.n_by_split["test"]
        assert len(pairs - own) == (0 if kind == "drop" else round(0.1 * n))
        if kind == "rewire":  # nobody has more or fewer
            assert np.array_equal(np.bincount(log.user_index), np.bincount(data.interactions.user_index))
    with pytest.raises(RequestError, match="no shaking"):
        shake(data, "stir", 0.1, rng)
    with pytest.raises(RequestError, match="cannot be changed"):
        shake(data, "drop", 0.0, rng)


def test_hubs_go_whole_and_noise_moves_what_it_says_and_nothing_else(knn):
    dataset, rng = knn.dataset, np.random.default_rng(5)
    log, rows = dataset.interactions, dataset.interactions.rows("train")
    shaken = shake(dataset, "hubs", 0.1, rng)
    gone = np.unique(log.item_index[shaken.gone])
    counts = np.bincount(log.item_index[rows], minlength=dataset.n_items)
    assert counts[gone].min() >= np.delete(counts, gone).max() and counts[gone].sum() == shaken.n_changed
    assert abs(shaken.n_changed - 0.1 * len(rows)) <= counts.max() / 2 + 1
    for kind, name in (("times", "timestamp"), ("ratings", "rating")):
        other = shake(dataset, kind, 0.2, rng).dataset.interactions
        old, new = getattr(log, name).astype(float), getattr(other, name).astype(float)
        assert (new[log.split != 0] == old[log.split != 0]).all()
        assert old[rows].min() <= new[rows].min() and new[rows].max() <= old[rows].max()
        moved = (new - old)[rows] / np.ptp(old[rows])
        assert 0.1 < moved.std() < 0.2  # clipped at both ends
        assert np.array_equal(other.item_index, log.item_index)
    with pytest.raises(RequestError, match="no ratings"):
        bare = replace(dataset, interactions=replace(log, rating=None))
        shake(bare, "ratings", 0.2, rng)


def test_more_noise_moves_more_and_nothing_moves_nothing(knn):
    little, much = (robustness(knn, "drop", share, n_draws=2) for share in (0.02, 0.3))
    assert 1 > little.overlap.value > much.overlap.value and little.jaccard.value > much.jaccard.value
    assert little.exposure.value > much.exposure.value and little.control == pytest.approx(1.0)
    same = robustness(knn, "seed", n_draws=2)  # it has no luck
    assert same.overlap.value == pytest.approx(1.0) and same.accuracy.value == 0 and same.level == "again"


def test_random_groups_are_flat_and_small_groups_are_hidden(knn):
    found = robustness(knn, "rewire", 0.1, group_by="region", n_draws=2)
    for group in found.groups:
        assert group.low < 0 < group.high and group.low == pytest.approx(-group.high, abs=0.02)
    sizes = dict(zip(knn.dataset.user_table["region"].value_counts().iter_rows(), range(99), strict=False))
    assert {(g.group, g.n_users) for g in found.groups} <= set(sizes)
    assert found.least_stable[0] == int(np.nanargmin(found.per_user))


def test_another_seed_is_a_training(monkeypatch):
    """LightGCN: the overlap is that of the lists of a model trained with the next seed."""
    data = sample()
    run = fit(data, "lightgcn", {"epochs": 2, "embedding_dim": 8, "n_layers": 1, "start": "random"})
    found = robustness(run, "seed", n_draws=1)
    users = np.arange(data.n_users)
    other = train_without(run, np.zeros(0, np.int64), run.record.seed + 1)
    lists = [recommend(one, users, 10).item_index for one in (run, Run.of(other, data))]
    assert found.overlap.value == pytest.approx(float(rank_biased_overlap(*lists).mean())) and found.level == "again"
    kept = robustness(run, "drop", 0.05, n_draws=1)
    assert kept.level == "kept" and "in this model" in kept.words


def test_the_command_prints_figures_with_intervals(capsys):
    words = ["robustness", str(RUNS / "itemknn"), "--kind", "drop", "--share", "0.05", "--draws", "1"]
    assert main([*words, "--group-by", "region", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"value", "low", "high"} == found["overlap"].keys() and found["control"]["overlap"] == pytest.approx(1)
    assert len(found["least_stable"]) == 10 and found["groups"]
    assert main(words) == 0 and "lists overlap by" in capsys.readouterr().out
    assert main(["robustness", str(RUNS / "itemknn"), "--kind", "stir"]) == 2
