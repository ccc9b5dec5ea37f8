"""Rounds of feedback: chances worked out by hand, a flat control, and figures that know their direction."""

import json

import numpy as np
import pytest
import scipy.sparse as sp

from gnnrec_core.base.errors import RequestError
from gnnrec_core.change.rounds import choice_chances, rounds
from gnnrec_core.change.shaking import with_interactions
from gnnrec_core.cli import main
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import fit
from tests.audit.small_runs import SAMPLE, sample
from tests.worlds import make_dataset

RUNS = SAMPLE.parent / "runs"


def test_chances_of_a_choice_are_those_that_are_stated():
    """One person with item 0; popularity ranks 1 before 2 before 3; taste for 1, 2, 3 weighs 1, 2, 4."""
    world = make_dataset([(0, 0, "train"), (1, 1, "train"), (2, 1, "train"), (2, 2, "train"), (0, 3, "test")])
    run = fit(world, "popularity")
    had = sp.csr_array(np.array([[1, 0, 0, 0]] + [[0, 1, 1, 0]] * 2, dtype=bool))
    wanted = np.array([[8.0, 1.0, 2.0, 4.0]] * 3)
    own = choice_chances(run, had, wanted, 2, 0.0)[0]
    assert own == pytest.approx([0, 1 / 7, 2 / 7, 4 / 7])
    look = np.array([1.0 * 1.0, 2.0 / np.log2(3)])  # list of two: item 1 first, item 2 second
    listed = np.array([0, look[0], look[1], 0]) / look.sum()
    assert choice_chances(run, had, wanted, 2, 0.75)[0] == pytest.approx(0.75 * listed + 0.25 * own)


def test_to_choose_again_makes_an_interaction_heavier():
    world = make_dataset([(0, 0, "train"), (0, 1, "train"), (1, 1, "train")])
    more = with_interactions(world, np.array([0, 1]), np.array([1, 0])).interactions
    found = dict(zip(zip(more.user_index.tolist(), more.item_index.tolist(), strict=True), more.weight, strict=True))
    assert found == {(0, 0): 1, (0, 1): 2, (1, 1): 1, (1, 0): 1}


def test_without_influence_nothing_drifts_and_with_it_people_leave_their_taste():
    found = rounds(load_run(RUNS / "itemknn"), 3, group_by="region", seeds=2)
    tracks = {track.name: track for track in found.tracks}
    for track in found.tracks:
        assert abs(track.control_change.value) <= 0.01 and len(track.mean) == len(track.control) == 4
    assert tracks["distance"].change.low > 0 and 0 < tracks["distance"].mean[0] < 1
    assert tracks["concentration"].mean[-1] > tracks["concentration"].control[-1]
    sizes = {group.group: group.n_users for group in found.groups}
    assert sizes["Islands"] == 84 and sum(sizes.values()) == sample().n_users
    again = rounds(load_run(RUNS / "itemknn"), 3, group_by="region", seeds=2)
    assert again == found


def test_numbers_out_of_range_are_refused():
    run = load_run(RUNS / "popularity")
    for wrong in ({"n": 0}, {"seeds": 1}, {"influence": 0.0}, {"sharpness": -1.0}):
        with pytest.raises(RequestError):
            rounds(run, **{"n": 1, **wrong})


def test_the_command_prints_figures_by_round(capsys):
    words = ["rounds", str(RUNS / "itemknn"), "--n", "1", "--seeds", "2"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [len(track["mean"]) for track in found["tracks"]] == [2] * 4 and found["level"] == "again"
    assert main(words) == 0 and "Round by round" in capsys.readouterr().out
