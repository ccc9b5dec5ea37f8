"""Fake accounts: counted by hand in a world of popularity, and never among the people who are looked at."""

import json

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.change.attack import PROFILES, attack
from gnnrec_core.cli import main
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import fit
from tests.audit.small_runs import SAMPLE
from tests.worlds import make_dataset

RUNS = SAMPLE.parent / "runs"


def test_as_many_accounts_as_the_lead_push_an_item_into_all_lists():
    """Items 0, 1, 2 have 4, 3, 0 people; item 2 leads a list of one where it is more popular than what people lack."""
    pairs = [(user, 0, "train") for user in range(4)] + [(user, 1, "train") for user in (1, 2, 3)] + [(4, 3, "train")]
    run = fit(make_dataset(pairs, n_users=5, n_items=4), "popularity")
    # Who has 0 and 1 lacks 2 and 3: item 2 (0 people) passes item 3 (1 person) with 2 accounts that do not have it.
    found = attack(run, 2, "bandwagon", n_people=3, k=1, n_fakes=(0, 1, 2), size=1)
    assert [step.n_people for step in found.steps] == [0, 3, 3]  # at 1 to 1 the lower index stands first
    assert (found.needed, found.steps[0].lists_kept, found.size) == (1, 1.0, 1)


def test_more_accounts_reach_more_and_each_profile_is_a_choice():
    run = load_run(RUNS / "itemknn")
    rare = int(np.argsort(run.graph.popularity, kind="stable")[40])
    found = attack(run, rare, "bandwagon", 100, n_fakes=(0, 50))
    assert found.steps[0].n_people == 0 and found.steps[1].n_people >= 100 and found.needed == 50
    assert found.steps[0].lists_kept == 1.0 > found.steps[1].lists_kept
    reached = {profile: attack(run, rare, profile, n_fakes=(20,)).steps[0].lists_kept for profile in PROFILES}
    assert len(set(reached.values())) == len(PROFILES)


def test_the_desk_says_which_accounts_the_suspicion_score_finds_and_which_get_by():
    """Random filler hangs together by nothing and is found to the last account; the bestsellers get by, and reach."""
    run = load_run(RUNS / "itemknn")
    rare = int(np.argsort(run.graph.popularity, kind="stable")[40])
    (clumsy,) = attack(run, rare, "random", 100, n_fakes=(50,)).steps
    assert (clumsy.n_found, clumsy.n_people_without) == (50, 0) and clumsy.n_wrongly <= 2
    (sly,) = attack(run, rare, "bandwagon", 100, n_fakes=(50,)).steps
    assert (sly.n_found, sly.n_people_without) == (0, sly.n_people) and sly.n_people >= 100
    (blind,) = attack(run, rare, "bandwagon", 100, n_fakes=(50,), suspect=False).steps
    assert (blind.n_people, blind.n_found) == (sly.n_people, None)


def test_what_cannot_be_tried_is_refused(capsys):
    run = load_run(RUNS / "itemknn")
    with pytest.raises(RequestError, match="no profile"):
        attack(run, 0, "loud")
    with pytest.raises(RequestError, match="accounts"):
        attack(run, 0, n_fakes=(-1,))
    with pytest.raises(UnsupportedError, match="trained again"):
        attack(load_run(RUNS / "lightgcn"), 0)
    words = ["attack", str(RUNS / "itemknn"), "--item", "emma", "--accounts", "0,1"]
    assert main([*words, "--json"]) == 0
    assert [step["n_fakes"] for step in json.loads(capsys.readouterr().out)["steps"]] == [0, 1]
    assert main(words) == 0 and "Emma" in capsys.readouterr().out
    assert main([*words[:-1], "many"]) == 2
