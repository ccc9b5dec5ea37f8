"""The gate: what changed, for whom it is worse, why, and what is said of it."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import gnnrec_core as gr
from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.metrics import find_metric
from gnnrec_core.audit.studies.comparing import Case, compare, paired_differences
from gnnrec_core.base.errors import RequestError, RunError
from gnnrec_core.cli import main
from gnnrec_core.decide.gate import GateSettings, gate
from gnnrec_core.decide.reasons import OWN, ledger_changes, reasons
from gnnrec_core.runs.bringing.lists import run_of_lists
from gnnrec_core.runs.recommend import recommend
from tests.decide.planted import GENRE, RUNS, WORST, harmed, shipped, worst_served
from tests.worlds import make_dataset


def of_lists(dataset, *lists):
    rows = [(f"u{u}", f"i{item}", rank) for u, items in enumerate(lists) for rank, item in enumerate(items, 1)]
    return run_of_lists(pl.DataFrame(rows, ("user", "item", "rank"), orient="row"), dataset)


def test_a_run_against_itself_ships_and_nothing_moves():
    found = gate(shipped(), shipped())
    assert found.verdict.word == "ship" and all(f.ok for f in found.figures if f.name != "long_tail_share")
    assert all(f.found.value == 0 for f in found.figures)
    assert found.changes.overlap.value == 1 and found.changes.exposure_moved == 0
    assert found.reasons == () and found.people == ()


def test_changes_of_lists_by_hand():
    dataset = make_dataset([(0, 4, "train"), (1, 4, "train"), (0, 0, "test"), (1, 1, "test")], n_items=5)
    found = gate(of_lists(dataset, [0, 1], [1, 2]), of_lists(dataset, [0, 2], [1, 2]), k=2, groupings=()).changes
    assert found.overlap.value == pytest.approx((1 / 2 + 1) / 2) and found.same_list.value == 0.5
    assert found.same_first.value == 1
    second = 1 / np.log2(3)  # the discount of rank 2: item 1 takes it from item 2 in one of two lists
    assert found.exposure_moved == pytest.approx(second / (2 * (1 + second)))
    moved = {entry.name: entry.change for entry in found.by_item}
    assert moved == pytest.approx({"Item 1": found.exposure_moved, "Item 2": -found.exposure_moved})
    assert found.figures[0] == ("coverage", 3 / 5, 3 / 5)


def test_the_change_is_the_lead_of_what_came_over_what_went_and_its_parts_sum_to_it():
    candidate, incumbent, users = shipped("gat"), shipped(), np.arange(25)
    after, before = (recommend(run, users, 10) for run in (candidate, incumbent))
    ledgers = ledger_changes(candidate, incumbent, after, before)
    expected = np.zeros(len(users))
    for run, sign in ((candidate, 1), (incumbent, -1)):
        scores = run.model.score(users).astype(np.float64)
        for user in users:
            came = np.setdiff1d(after.item_index[user], before.item_index[user])
            went = np.setdiff1d(before.item_index[user], after.item_index[user])
            if len(came):
                lead = scores[user, came].mean() - scores[user, went].mean()
                expected[user] += sign * lead / scores[user].std()
    assert np.allclose(ledgers.total, expected[ledgers.people], rtol=1e-4) and (ledgers.total > 0).all()
    assert np.allclose(ledgers.items.sum(1), ledgers.relations[:, ledgers.names.index("interaction")])
    found = reasons(ledgers, candidate.dataset, most=1000, fewest=1)
    assert sum(r.share for r in found if r.by == "relation") == pytest.approx(1)
    interactions = next(r.share for r in found if r.name == "interaction")
    for by in ("item", "genres", "author"):  # every book of the sample has both
        assert sum(r.share for r in found if r.by == by) == pytest.approx(interactions)
    assert all(r.low < r.share < r.high for r in found if r.n_people > 3)
    named = {(r.by, r.name): r.n_people for r in reasons(ledgers, candidate.dataset, most=1000)}
    assert min(named.values()) >= 10 and len(named) < len(found)  # what is of fewer people is not named


def test_a_planted_harm_to_the_worst_served_group_is_found_and_its_cause_is_the_first_reason():
    found = gate(harmed(), shipped())
    assert found.verdict.word == "hold"
    worse = next(g for g in found.groups if g.group == WORST)
    assert worse.is_worse and f"region {WORST}" in " ".join(found.verdict.sentences)
    assert next(r.name for r in worse.reasons if r.by == "genres") == GENRE
    assert next(r.name for r in worse.reasons if r.by == "relation") == "interaction"
    assert [r.name for r in worse.reasons if r.by == "relation"][1] == OWN
    assert worst_served()[[person.user_index for person in found.people]].all()


def test_figures_are_decided_as_compare_decides_them():
    runs = [shipped(), shipped("popularity")]
    compared = compare(runs, baselines=(), tested=("ndcg", "recall")).differences
    judged = gate(runs[1], runs[0], figures=("ndcg", "recall"), groupings=()).figures
    for theirs, ours in zip(compared, (f.found for f in judged), strict=True):
        assert (theirs.value, theirs.decision.finding) == (ours.value, ours.decision.finding)


def test_the_verdict_needs_an_interval_above_the_margin_and_a_wider_margin_ships():
    def verdict(margin):
        found = gate(shipped(), shipped("gat"), figures=("ndcg",), groupings=(), settings=GateSettings(margin=margin))
        return found, found.figures[0]

    tight, figure = verdict(0.03)
    assert tight.verdict.word == "cannot tell" and figure.ok is None and figure.needed > figure.found.n_users
    assert f"{figure.needed:,}" in tight.verdict.settle[0]
    share = -figure.found.low / figure.incumbent
    assert verdict(share * 1.01)[0].verdict.word == "ship" and verdict(share * 0.99)[0].verdict.word == "cannot tell"


def test_scarce_hits_never_make_an_equal_model_worse():
    """Two draws of one model with 2 % hits and a tolerance of 2 %: worse in at most 5 %, but for the luck of 200."""
    everybody = gate_of(make_dataset([(user, 0, "train") for user in range(400)]))
    rng, metrics = np.random.default_rng(0), [find_metric(name) for name in ("hit_rate", "recall", "mrr")]
    worse = 0
    for draw in range(200):
        hits = (rng.random((2, 3, 400)) < 0.02) * rng.random((2, 3, 400)).round(1)
        sides = [[(values, np.ones(400)) for values in side] for side in hits]
        cases = [Case(m, "new", "old", sides[0][n], sides[1][n]) for n, m in enumerate(metrics)]
        found = paired_differences(cases, everybody, 199, draw, practical=0.02)
        worse += any(one is not None and one.decision.finding == "worse" for one in found)
    assert worse <= 17  # P(more | 5 %) < 1 %


def test_lists_are_judged_too_and_say_why_they_have_no_reasons(tmp_path, capsys):
    dataset = shipped().dataset
    for name in ("popularity", "lightgcn"):
        lists = recommend(shipped(name), np.arange(dataset.n_users), 20)
        lines = [f"{dataset.users.ids[u]},{dataset.items.ids[i]},{rank}" for u, row in enumerate(lists.item_index)
                 for rank, i in enumerate(row)]  # fmt: skip
        (tmp_path / f"{name}.csv").write_text("\n".join(["user,item,rank", *lines]))
    words = ["gate", str(tmp_path / "popularity.csv"), str(tmp_path / "lightgcn.csv"), "--json"]
    assert main(words) == 2 and "--dataset" in json.loads(capsys.readouterr().out)["error"]["hint"]
    data = ["--dataset", str(RUNS.parent / "classics")]
    assert main([*words, *data]) == 3
    of_lists_, of_runs = json.loads(capsys.readouterr().out), gate(shipped("popularity"), shipped()).to_dict()
    assert [f["difference"] for f in of_lists_["figures"]] == [f["difference"] for f in of_runs["figures"]]
    assert of_lists_["reasons"] == [] and "lists are known" in of_lists_["reasons_missing"]


def test_the_command_answers_as_the_contract_says_and_writes_a_page(tmp_path, capsys):
    page = tmp_path / "gate.html"
    words = ["gate", str(RUNS / "gat"), str(RUNS / "lightgcn"), "--report", str(page)]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "ship" and {"groups", "reasons"} <= found.keys()
    assert {"name", "difference", "low", "high", "margin", "ok"} <= found["figures"][0].keys()
    text = page.read_text()
    assert "Ship. In every declared figure" in text and "<script" not in text and "reader-" in str(found["people"])
    assert main([*words, "--json"]) == 2 and main([*words, "--overwrite"]) == 0
    assert "gat in the place of lightgcn: ship" in capsys.readouterr().out


def test_the_facade_gives_the_same_and_others_go_by_pseudonyms():
    answer = gr.gate(RUNS / "gat", RUNS / "lightgcn", by=["region"])
    frame = answer.to_frame()
    assert answer.value.verdict.word == "ship" and list(frame.figure[:2]) == ["ndcg", "recall"]
    assert set(frame.group) == {
        "all users",
        *(f"region {name}" for name in ("East", "Islands", "North", "South", "West")),
    }
    assert "reader-" not in str(answer.to_dict()["people"]) + str(answer)


def test_what_cannot_be_asked_is_said():
    with pytest.raises(RequestError, match="all lists together"):
        gate(shipped(), shipped(), figures=("coverage",))
    with pytest.raises(RequestError, match="grouped by 'shoe size'"):
        gate(shipped(), shipped(), groupings=("shoe size",))
    other = make_dataset([(0, 0, "train"), (0, 1, "test")])
    with pytest.raises(RunError, match="different data"):
        gate(shipped(), of_lists(other, [1]))
    untested = make_dataset([(0, 0, "train"), (1, 1, "train")], n_items=3)
    with pytest.raises(RequestError, match="no test part"):
        gate(of_lists(untested, [1], [0]), of_lists(untested, [2], [0]), k=1)


def test_a_small_group_is_never_shown():
    labels = dict.fromkeys(range(9), "few")
    dataset = shipped().dataset

    import polars as pl

    column = pl.Series("club", [labels.get(row, "many") for row in range(dataset.n_users)])
    changed = replace(dataset, user_table=dataset.user_table.with_columns(column))
    lists = recommend(shipped(), np.arange(dataset.n_users), 20)
    runs = [type(shipped()).of(shipped(name).model, changed) for name in ("gat", "lightgcn")]
    found = gate(*runs, groupings=("club",))
    assert found.groups == () and found.n_hidden == 2 and len(lists) == dataset.n_users
