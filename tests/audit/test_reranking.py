"""Re-rankers against naive versions, and what a move of a slider says."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from gnnrec_core.audit.evidence import Categories, Evidence
from gnnrec_core.audit.rerankers import RERANKERS, minimum_protected
from gnnrec_core.audit.rerankers.exposure_target import protected_share
from gnnrec_core.audit.rerankers.protocol import Candidates
from gnnrec_core.audit.segments import head
from gnnrec_core.audit.stats.spread import SMOOTHING
from gnnrec_core.audit.studies.mitigation import completed, mitigate, prepare, save
from gnnrec_core.base.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.base.settings import describe_settings
from gnnrec_core.data.store import save_dataset
from gnnrec_core.models.ops.checkpoint import load_tensors, save_tensors
from gnnrec_core.ranking.recommendations import Recommendations
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import train
from tests.audit.small_runs import sample, trained
from tests.worlds import random_dataset

K = 6


def candidates(n=40, n_items=30, c=15, n_labels=4, seed=0) -> Candidates:
    rng = np.random.default_rng(seed)
    items = np.stack([rng.permutation(n_items)[:c] for _ in range(n)])
    score = -np.sort(-rng.random((n, c)), axis=1)
    items[0, 5:], score[0, 5:] = -1, -np.inf  # a user with few candidates
    train = sp.csr_array(rng.random((n, n_items)) < 0.2)
    labels = rng.random((n_items, n_labels)) < 0.4
    labels[np.arange(n_items), rng.integers(0, n_labels, n_items)] = True
    popularity = np.bincount(train.indices, minlength=n_items)
    lists = Recommendations(np.arange(n), items, score)
    genres = Categories("genre", tuple("abcd"[:n_labels]), sp.csr_array(labels))
    return Candidates(lists, Evidence(lists, train, sp.csr_array(train.shape, dtype=bool), popularity, n, genres))


WORLD = candidates()


def rerank(method, k=K, world=WORLD, **values):
    kind = RERANKERS.load(method)
    return kind().rerank(world, kind.settings_type(**values), k)


def variants(method):
    """The neutral settings, alone and with each choice of every field that has choices."""
    kind = RERANKERS.load(method)
    yield dict(kind.neutral)
    for field in describe_settings(kind.settings_type):
        for choice in field.choices or ():
            yield {**kind.neutral, field.name: choice}


@pytest.mark.parametrize("method", RERANKERS.names)
def test_at_strength_zero_the_lists_are_those_of_the_model(method):
    for settings in variants(method):
        assert np.array_equal(rerank(method, **settings).item_index, WORLD.lists.item_index[:, :K]), settings


@pytest.mark.parametrize("method", RERANKERS.names)
def test_lists_hold_candidates_only_and_none_twice(method):
    lists = rerank(method)
    for row, (items, score) in enumerate(zip(lists.item_index, lists.score, strict=True)):
        shown = items[items >= 0]
        assert len(set(shown)) == len(shown) == min(K, int(WORLD.present[row].sum()))
        assert set(shown) <= set(WORLD.lists.item_index[row]) and np.all(np.diff(score[: len(shown)]) <= 1e-6)


def test_the_penalty_by_hand():
    strength, popularity = 0.3, np.log1p(WORLD.evidence.popularity)
    for row in range(1, 10):
        value = WORLD.scaled[row] - strength * (popularity / popularity.max())[WORLD.items[row]]
        expected = WORLD.items[row][np.argsort(-value, kind="stable")[:K]]
        assert rerank("popularity_penalty", strength=strength).item_index[row].tolist() == expected.tolist()


@pytest.mark.parametrize("by", ["genre", "popularity"])
@pytest.mark.parametrize("strength", [0.3, 0.9])
def test_calibrated_lists_are_those_of_the_naive_greedy_search(by, strength):
    from gnnrec_core.audit.rerankers.calibrated import _item_shares

    shares, lists = _item_shares(WORLD, by), rerank("calibrated", by=by, strength=strength)
    for row in range(len(WORLD.items)):
        history = WORLD.evidence.train[[row]].indices
        target = shares[history].sum(0)
        target = target / target.sum() if target.sum() else target
        left = [place for place in range(WORLD.items.shape[1]) if WORLD.present[row, place]]
        filled, chosen = np.zeros(shares.shape[1]), []
        while left and len(chosen) < K:
            values = []
            for place in left:
                q = (filled + shares[WORLD.items[row, place]]) / (len(chosen) + 1)
                mixed = (1 - SMOOTHING) * q + SMOOTHING * target
                inside = target > 0
                distance = (target[inside] * np.log(target[inside] / mixed[inside])).sum()
                values.append((1 - strength) * float(WORLD.scaled[row, place]) - strength * distance)
            best = left.pop(int(np.argmax(values)))
            chosen.append(int(WORLD.items[row, best]))
            filled += shares[WORLD.items[row, best]]
        assert [item for item in lists.item_index[row] if item >= 0] == chosen, row


def test_fa_star_ir_keeps_its_minimum_in_every_prefix_and_the_order_in_each_queue():
    lists, protected = rerank("fa_star_ir", share=0.8, alpha=0.2), ~head(WORLD.evidence.popularity)
    needed = minimum_protected(K, 0.8, 0.2)
    for row in range(1, len(lists)):
        items = lists.item_index[row]
        own = np.cumsum(protected[items])
        possible = (protected[WORLD.items[row]] & WORLD.present[row]).sum()
        assert np.all(own >= np.minimum(needed, possible))
        for flag in (True, False):
            places = [WORLD.items[row].tolist().index(item) for item in items if protected[item] == flag]
            assert places == sorted(places)


def test_the_exposure_target_is_met_with_the_least_amount():
    protected = ~head(WORLD.evidence.popularity)
    queues = WORLD.queues("tail")
    before = protected_share(queues, 0.0, K)
    target = (before + 1) / 2
    lists = rerank("exposure_target", share=target)
    weight = (lists.item_index >= 0) / np.log2(np.arange(2, K + 2))
    reached = (weight * protected[np.maximum(lists.item_index, 0)]).sum() / weight.sum()
    assert target - 1e-9 <= reached <= target + 0.03


def test_the_share_is_counted_right_without_making_lists():
    protected = ~head(WORLD.evidence.popularity)
    weight = 1 / np.log2(np.arange(2, K + 2))
    for amount in (0.0, 0.13, 0.4):
        value = WORLD.scaled + np.where(protected[WORLD.items], np.float32(amount), np.float32(0))
        order = np.argsort(-np.where(WORLD.present, value, -np.inf), axis=1, kind="stable")[:, :K]
        shown = np.take_along_axis(WORLD.present, order, axis=1)
        items = np.take_along_axis(WORLD.items, order, axis=1)
        expected = (shown * protected[items] * weight).sum() / (shown * weight).sum()
        assert protected_share(WORLD.queues("tail"), amount, K) == pytest.approx(expected, abs=1e-6)


def test_segments_by_label_and_unknown_ones():
    assert WORLD.protected("genre=a").tolist() == (WORLD.evidence.categories.dense[:, 0] > 0).tolist()
    with pytest.raises(RequestError, match="no segment"):
        rerank("fa_star_ir", segment="genre=zzz")
    bare = Candidates(WORLD.lists, WORLD.evidence.with_lists(WORLD.lists))
    object.__setattr__(bare.evidence, "categories", None)
    with pytest.raises(UnsupportedError, match="no genres"):
        rerank("calibrated", world=bare, by="genre")


@pytest.fixture(scope="module")
def bench():
    return prepare(trained(sample(), "itemknn"), 10, "region", n_candidates=50)


def test_a_setting_that_changes_nothing_says_so(bench):
    found = mitigate(bench, "popularity_penalty", {"strength": 0.0})
    assert all(abs(change.value) < 1e-12 for change in found.changes if np.isfinite(change.value))
    assert found.losers.n == 0 and np.isnan(found.change("ndcg").low) and found.change("ndcg").value == 0


def test_a_penalty_lowers_popularity_and_says_who_pays(bench):
    found = mitigate(bench, "popularity_penalty", {"strength": 0.6})
    before, after = bench.base, found.evidence
    assert found.change("arp").value < 0 < found.change("long_tail_share").low
    loss = np.nan_to_num(METRIC(before)) - np.nan_to_num(METRIC(after))
    assert found.losers.n == (loss > 1e-12).sum() and found.losers.share == pytest.approx(found.losers.n / 800)
    worst = found.losers.users[0]
    assert loss[worst] == loss.max() and found.losers.before[0] - found.losers.after[0] == pytest.approx(loss.max())
    assert found.change("ndcg").value == pytest.approx(np.nanmean(METRIC(after)) - np.nanmean(METRIC(before)))
    assert set(found.losers.by_group) == {"North", "South", "East", "West", "Islands"}


def METRIC(evidence):
    from gnnrec_core.audit.metrics import METRICS

    return METRICS["ndcg"].compute(evidence)


def test_every_group_has_its_figures_before_and_after(bench):
    found = mitigate(bench, "fa_star_ir", {"share": 0.5})
    islands = next(g for g in found.groups if (g.metric, g.group) == ("ndcg", "Islands"))
    rows = bench.grouping.member[:, bench.grouping.labels.index("Islands")]
    assert islands.after == pytest.approx(np.nanmean(METRIC(found.evidence)[rows]))
    assert islands.gap_before == pytest.approx(
        np.nanmean(METRIC(bench.base)[rows]) - np.nanmean(METRIC(bench.base)[~rows])
    )
    json.dumps(found.to_dict(), default=float)


def test_a_wrong_setting_or_k_is_refused(bench):
    with pytest.raises(RequestError, match="strength"):
        mitigate(bench, "popularity_penalty", {"strength": 7})
    with pytest.raises(RequestError, match="re-ranker"):
        mitigate(bench, "penalty")
    with pytest.raises(RequestError, match="out of 50 candidates"):
        prepare(bench.run, 60, n_candidates=50)


def test_the_candidates_that_are_left_follow_the_list():
    lists, wide = np.array([[7, 3], [1, -1]]), np.array([[3, 5, 7, 9], [1, -1, -1, -1]])
    assert completed(lists, wide).tolist() == [[7, 3, 5, 9], [1, -1, -1, -1]]


def test_a_setting_becomes_a_run_like_any_other(tmp_path: Path):
    save_dataset(random_dataset(40, 50), tmp_path / "data")
    train(tmp_path / "data", "popularity", None, tmp_path / "base")
    bench = prepare(load_run(tmp_path / "base"), 5, n_candidates=20)
    found = mitigate(bench, "popularity_penalty", {"strength": 0.9})
    save(bench, found, tmp_path / "new")
    run = load_run(tmp_path / "new")
    assert run.record.settings["base_run"] == "base" and run.record.settings["method"] == "popularity_penalty"
    assert json.loads(run.record.settings["method_settings"]) == {"strength": 0.9}
    lists = recommend(run, np.arange(40), 5)
    assert np.array_equal(lists.item_index, found.evidence.lists.item_index)
    assert np.isfinite(run.model.score(np.arange(3))).all()
    with pytest.raises(RequestError, match="exists already"):
        save(bench, found, tmp_path / "new")
    with pytest.raises(UnsupportedError, match="not trained"):
        type(run.model).create(run.dataset, run.settings, 0, "cpu")


def test_stored_lists_that_do_not_fit_are_refused(tmp_path: Path):
    save_dataset(random_dataset(40, 50), tmp_path / "data")
    train(tmp_path / "data", "popularity", None, tmp_path / "base")
    bench = prepare(load_run(tmp_path / "base"), 5, n_candidates=20)
    save(bench, mitigate(bench, "fa_star_ir"), tmp_path / "new")
    path = tmp_path / "new" / "model.safetensors"
    tensors, card = load_tensors(path)
    kept = {name: card[name] for name in ("model", "settings", "dataset_fingerprint")}
    save_tensors(path, {"item_index": tensors["item_index"] + 50}, kept)
    with pytest.raises(RunError, match="do not fit"):
        _ = load_run(tmp_path / "new").model
