"""Suspicious people: each reason on a world where it is planted, and an attack on the sample with what is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.coherence import LEAST, coherence, incoherence_limit, pushed_items
from gnnrec_core.data.dataset import Dataset, Interactions, Vocabulary
from gnnrec_core.data.sample import make_sample
from gnnrec_core.data.suspicious import REASONS, Suspect, find_suspicious
from gnnrec_core.runs.without_people import lists_without
from tests.worlds import make_dataset


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return make_sample()[0]


def _with_profiles(dataset: Dataset, profiles: list[np.ndarray]) -> Dataset:
    """The dataset with one more person a profile (all in train, without times), and without side edges."""
    log, n, more = dataset.interactions, dataset.n_users, len(profiles)
    users = np.concatenate([log.user_index, np.repeat(np.arange(n, n + more), [len(p) for p in profiles])])
    items = np.concatenate([log.item_index, *profiles])
    split = np.concatenate([log.split, np.zeros(len(items) - len(log), np.int8)])
    ids = (*dataset.users.ids, *(f"fake-{number}" for number in range(more)))
    table = pl.DataFrame({"user_index": range(n + more), "user_id": ids})
    return replace(
        dataset,
        users=Vocabulary("user", ids),
        user_table=table,
        relations=(),
        interactions=Interactions(users, items, np.ones(len(users), np.float32), split),
    )


def _attack(dataset: Dataset, n: int, power: float) -> tuple[Dataset, int]:
    """`n` profiles of median length around one item of middling popularity; the others are drawn as popularity to
    `power` (0: random attack, 1: average attack)."""
    rng = np.random.default_rng(0)
    popularity = np.bincount(dataset.interactions.item_index, minlength=dataset.n_items).astype(float)
    target = int(np.argsort(-popularity)[dataset.n_items // 2])
    chance = popularity**power
    size = int(np.median(np.bincount(dataset.interactions.user_index)))
    draws = [rng.choice(dataset.n_items, size, replace=False, p=chance / chance.sum()) for _ in range(n)]
    return _with_profiles(dataset, [np.unique(np.append(draw, target)) for draw in draws]), target


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_a_planted_attack_is_found(sample: Dataset, power: float) -> None:
    """40 profiles among 800 people: of those named at least nine in ten are planted, and nine in ten are named."""
    attacked, target = _attack(sample, 40, power)
    found = find_suspicious(attacked)
    assert found.pushed == (target,)
    planted = found.users >= sample.n_users
    assert planted.mean() >= 0.9 and planted.sum() >= 36
    assert all(suspect.reason == "pushed" and suspect.score >= 1 for suspect in found.suspects)
    without = lists_without(attacked, found.users, k=10, watched=found.pushed)
    assert without.n_others == attacked.n_users - len(found.suspects)
    (item,) = without.items
    assert item["item"] == sample.items.ids[target]
    assert 0 < without.first_changed <= without.changed <= without.n_others and without.overlap < 1


def test_a_clean_log_gives_nobody(sample: Dataset) -> None:
    assert find_suspicious(sample).suspects == ()


def test_coherence_is_what_its_definition_says() -> None:
    """Held against the definition written out, person by person, without matrices."""
    rng = np.random.default_rng(3)
    held = rng.random((30, 40)) < np.linspace(0.6, 0.1, 40)
    held[0] = held[1] = False
    held[1, :LEAST] = True
    found = coherence(sp.csr_array(held))
    order = np.argsort(-held.sum(0), kind="stable")
    n = held.sum(0)
    assert np.isnan(found[0]) and not np.isnan(found[1:]).all()
    for person in range(1, 30):
        own = np.flatnonzero(held[person])
        others = np.delete(held, person, axis=0).astype(float)

        def score(item: int, own: np.ndarray = own, others: np.ndarray = others) -> float:
            rest = [j for j in own if j != item]
            readers = n[item] - (item in own)
            together = sum((others[:, j] @ others[:, item]) / np.sqrt(n[j]) for j in rest)
            return float(together / np.sqrt(max(readers, 1)) * len(own) / len(rest))

        places = []
        for item in own:
            at = int(np.flatnonzero(order == item)[0])
            near = [order[p] for p in range(at - 10, at + 11) if 0 <= p < 40 and not held[person, order[p]]]
            if near:
                mine = score(item)
                theirs = np.array([score(other) for other in near])
                places.append(np.mean(np.where(np.isclose(theirs, mine, rtol=1e-5), 0.5, mine > theirs)))
        assert found[person] == pytest.approx(np.mean(places), abs=0.02)


def test_one_taste_hangs_together_and_two_do_not() -> None:
    held = np.zeros((9, 12), bool)
    held[:4, :6] = held[4:8, 6:] = True
    held[8, [0, 1, 2, 6, 7, 8]] = True
    found = coherence(sp.csr_array(held))
    assert (found[:8] == 1.0).all() and found[8] < 0.5
    assert np.isnan(coherence(sp.csr_array(held[:, : LEAST - 1]))).all()
    assert incoherence_limit(np.array([12]))[0] == pytest.approx(0.5 + 1.645 / 12)


def test_an_item_is_pushed_where_incoherent_people_meet() -> None:
    """100 items with 10 readers each of whom one is incoherent, and one item all of whose ten readers are."""
    held = np.zeros((109, 101), bool)
    for item in range(100):
        held[[(item + step) % 99 for step in range(9)] + [99 + item % 10], item] = True
    held[99:, 100] = True
    incoherent = np.arange(109) >= 99
    assert pushed_items(sp.csr_array(held), incoherent).tolist() == [100]
    assert not len(pushed_items(sp.csr_array(held[:, :100]), incoherent))


def _timed(times: list[int]) -> Dataset:
    """One person with these times beside two with three slow interactions."""
    triples = [(0, item, "train") for item in range(len(times))]
    triples += [(user, item, "train") for user in (1, 2) for item in range(user, 9, 3)]
    slow = np.arange(len(triples) - len(times)) * 86_400
    return make_dataset(triples, timestamp=np.concatenate([np.array(times), slow]))


def _only(dataset: Dataset) -> Suspect:
    (suspect,) = find_suspicious(dataset).suspects
    return suspect


def test_bursts_and_clocks() -> None:
    rng = np.random.default_rng(0)
    burst = _only(_timed(np.cumsum(rng.permutation([0.2] * 40 + [1.2] * 40)).astype(int).tolist()))
    assert (burst.user_index, burst.reason) == (0, "burst") and burst.measure > 60
    assert burst.score == pytest.approx(burst.measure / 60)
    even = _only(_timed([100 * place for place in range(22)]))
    assert (even.reason, even.measure, even.score) == ("clock", 0.0, pytest.approx(100))
    assert not find_suspicious(_timed(np.cumsum(rng.exponential(500, 50)).astype(int).tolist())).suspects


def test_copies_are_found_exactly_from_the_limit_on() -> None:
    """10 items in common of 12 in all is 0.83; 9 of 12 is 0.75."""

    def world(common: int, own: int) -> Dataset:
        triples = [(0, item, "train") for item in range(common + own)]
        triples += [(1, item, "train") for item in [*range(common), *range(30, 30 + 12 - common - own)]]
        return make_dataset([*triples, (2, 50, "train"), (2, 51, "train")], n_items=60)

    found = find_suspicious(world(10, 1)).suspects
    assert [(s.user_index, s.reason, round(s.measure, 4)) for s in found] == [
        (0, "copies", 0.8333),
        (1, "copies", 0.8333),
    ]
    assert not find_suspicious(world(9, 2)).suspects


def test_volume() -> None:
    triples = [(0, item, "train") for item in range(120)] + [(u, u, "train") for u in range(1, 9)]
    heavy = _only(make_dataset(triples))
    assert (heavy.user_index, heavy.reason, heavy.limit) == (0, "volume", 100) and heavy.score == 1.2


def test_what_cannot_be_measured_is_said() -> None:
    found = find_suspicious(make_dataset([(0, 0, "train"), (1, 1, "train")]))
    assert found.skipped == {"burst": "the log has no times", "clock": "the log has no times"}
    assert list(found.by_reason) == list(REASONS)


def test_only_models_of_one_computation_are_made_anew(sample: Dataset) -> None:
    with pytest.raises(RequestError, match="by luck"):
        lists_without(sample, np.array([0]), "lightgcn")


def test_lists_without_people_by_hand() -> None:
    """Two people make item 3 the most popular; without them item 0 is, and nobody else has either."""
    triples = [(0, 1, "train"), (1, 1, "train"), (2, 2, "train"), (3, 0, "train"), (3, 3, "train")]
    dataset = make_dataset([*triples, (4, 3, "train"), (4, 2, "train"), (5, 0, "train"), (5, 3, "train")])
    found = lists_without(dataset, np.array([4, 5]), "popularity", k=1, watched=(3,))
    # Before: item 3 has 3, items 0, 1 and 2 have 2. After: item 1 has 2, the others 1.
    assert (found.n_others, found.n_left_out) == (4, 2)
    assert found.items[0]["lists_before"] == 3  # users 0, 1 and 2; user 3 has it
    assert found.items[0]["lists_after"] == 0
    assert (found.changed, found.first_changed, found.overlap) == (3, 3, 0.25)
