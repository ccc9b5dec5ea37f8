"""Rounds of feedback: chances worked out by hand, a flat control, and figures that know their direction."""

import json

import numpy as np
import pytest
import scipy.sparse as sp

from gnnrec_core.base.errors import RequestError
from gnnrec_core.change.choosing import Choices, People, choices, distances, exposure, figures
from gnnrec_core.change.rounds import rounds
from gnnrec_core.change.shaking import with_interactions
from gnnrec_core.cli import main
from gnnrec_core.ranking.topk import rank_items
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import fit
from gnnrec_core.views.change.rounds import rounds_sections
from tests.audit.small_runs import SAMPLE, sample
from tests.worlds import make_dataset

RUNS = SAMPLE.parent / "runs"


def test_chances_of_a_choice_are_those_that_are_stated():
    """One person with item 0; popularity ranks 1 before 2 before 3; taste for 1, 2, 3 weighs 1, 2, 4."""
    world = make_dataset([(0, 0, "train"), (1, 1, "train"), (2, 1, "train"), (2, 2, "train"), (0, 3, "test")])
    run = fit(world, "popularity")
    had = sp.csr_array(np.array([[1, 0, 0, 0]] + [[0, 1, 1, 0]] * 2, dtype=bool))
    wanted = np.array([[8.0, 1.0, 2.0, 4.0]] * 3)
    free, lists = np.where(had.toarray(), 0.0, wanted), rank_items(run.model.score, np.arange(3), had, 2)
    own = choices(lists, free, wanted, 0.0).taken[0]
    assert own == pytest.approx([0, 1 / 7, 2 / 7, 4 / 7])
    look = np.array([1.0, 1.0 / np.log2(3)])  # list of two: item 1 first, item 2 second
    listed = np.array([0, look[0] * 1.0, look[1] * 2.0, 0]) / (look[0] + 2 * look[1])
    found = choices(lists, free, wanted, 0.75)
    assert found.taken[0] == pytest.approx(0.75 * listed + 0.25 * own)
    assert found.seen[0] == pytest.approx(0.75 * np.array([0, *(look / look.sum()), 0]) + 0.25 * own)


def test_figures_and_exposure_of_a_round_by_hand():
    """Two items of one label each; person 0 likes label 0 alone. Item 1 has two providers."""
    people = People(
        taste=np.array([[1.0, 0.0], [1.0, 1.0]]),
        profile=np.array([[1.0, 0.0], [0.5, 0.5]]),
        labels=np.eye(2),
        popularity=np.array([3.0, 1.0]),
        head=np.array([True, False]),
        providers=("a", "b"),
        provided=sp.csr_array(np.array([[1.0, 0.0], [0.5, 0.5]])),
    )
    found = Choices(np.array([[0.8, 0.2], [0.6, 0.4]]), np.array([[0.5, 0.5], [0.9, 0.1]]))
    distance = distances(people, found.taken)
    assert distance == pytest.approx([0.2, 0.1])
    told = figures(people, found, distance)
    assert told["popularity"] == pytest.approx(0.7 * 3 + 0.3 * 1) and told["head"] == pytest.approx(0.7)
    assert told["diversity"] == pytest.approx(((1 - 0.64 - 0.04) + (1 - 0.36 - 0.16)) / 2)
    assert told["distance"] == pytest.approx(0.15)
    assert exposure(people, found) == pytest.approx([0.85, 0.15])  # item 0: 1.4 of 2, item 1: 0.6 of 2 by halves


def test_to_choose_again_makes_an_interaction_heavier():
    world = make_dataset([(0, 0, "train"), (0, 1, "train"), (1, 1, "train")])
    more = with_interactions(world, np.array([0, 1]), np.array([1, 0])).interactions
    found = dict(zip(zip(more.user_index.tolist(), more.item_index.tolist(), strict=True), more.weight, strict=True))
    assert found == {(0, 0): 1, (0, 1): 2, (1, 1): 1, (1, 0): 1}


def test_without_influence_nothing_drifts_and_with_it_people_leave_their_taste():
    found = rounds(load_run(RUNS / "itemknn"), 3, group_by="region", seeds=2)
    tracks = {track.name: track for track in found.lists.tracks}
    for track in found.lists.tracks:
        assert abs(track.control_change.value) <= 0.01 and len(track.mean) == len(track.control) == 4
    assert tracks["distance"].change.low > 0 and 0 < tracks["distance"].mean[0] < 1
    assert tracks["concentration"].mean[-1] > tracks["concentration"].control[-1]
    sizes = {group.group: group.n_users for group in found.lists.groups}
    assert sizes["Islands"] == 84 and sum(sizes.values()) == sample().n_users
    again = rounds(load_run(RUNS / "itemknn"), 3, group_by="region", seeds=2)
    assert again == found


def test_every_arm_has_its_bands_and_a_reranker_is_held_against_the_same_draws():
    found = rounds(load_run(RUNS / "itemknn"), 2, group_by="region", seeds=2, mitigations=("fa_star_ir", "fa_star_ir"))
    (fair,) = found.mitigations
    assert (found.lists.name, fair.name, found.n_providers) == ("", "fa_star_ir", 467)
    for own, other in zip(found.lists.tracks, fair.tracks, strict=True):
        assert own.against is None and other.against is not None and own.control == other.control
        assert other.against.value == pytest.approx(other.mean[-1] - own.mean[-1])
        assert all(
            low <= mean <= high for low, mean, high in zip(own.low, own.mean, own.high, strict=True) if low == low
        )
    head = next(track for track in fair.tracks if track.name == "head")
    assert head.against is not None and head.against.high < 0  # protected items take the places of the head
    for group in found.lists.groups:
        assert len(group.gap) == len(group.control_gap) == 3
        assert group.gap[-1] - group.gap[0] == pytest.approx(group.more_than_others.value)
        assert group.control_gap[-1] == pytest.approx(group.control_gap[0], abs=1e-12)
    gains = [provider.change.value for provider in found.lists.providers]
    assert len(gains) == 20 and gains == sorted(gains, reverse=True) and gains[0] > 0 > gains[-1]
    text = " ".join(section.title for section in rounds_sections(found))
    assert "Providers" in text and "Re-rankers over the rounds" in text and "By region" in text


def test_numbers_out_of_range_are_refused():
    run = load_run(RUNS / "popularity")
    for wrong in ({"n": 0}, {"seeds": 1}, {"influence": 0.0}, {"sharpness": -1.0}):
        with pytest.raises(RequestError):
            rounds(run, **{"n": 1, **wrong})
    with pytest.raises(RequestError, match="re-ranker"):
        rounds(run, 1, mitigations=("magic",))


def test_the_command_prints_figures_by_round(capsys):
    words = ["rounds", str(RUNS / "itemknn"), "--n", "1", "--seeds", "2"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [len(track["mean"]) for track in found["tracks"]] == [2] * 6 and found["level"] == "again"
    assert main(words) == 0 and "Round by round" in capsys.readouterr().out
