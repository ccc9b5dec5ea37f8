"""The cases of the demo: each is what it says, by independent computation over the shipped sample."""

import numpy as np
import pytest

from gnnrec_core.audit.auditing import audit
from gnnrec_core.base.errors import RequestError
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.questions.what_if import what_if
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_core.whole.telling import KINDS, find

RUN = load_run(SAMPLE / "runs" / "lightgcn", SAMPLE / "classics")
PLAIN = load_run(SAMPLE / "runs" / "popularity", SAMPLE / "classics")
LISTS = recommend(RUN, np.arange(RUN.dataset.n_users), 10).item_index


def test_without_the_clear_reason_the_item_stands_where_the_case_says():
    found = find(RUN, "clear_reason")
    assert LISTS[found.user, int(found.figures["rank"]) - 1] == found.item
    moved = what_if(RUN, found.user, [found.reason], [], 820)
    assert moved.after.tolist().index(found.item) + 1 == found.figures["rank_without"] > found.figures["rank"]


def test_nobody_has_a_list_that_is_more_popular_beside_their_history():
    found = find(RUN, "bestsellers")
    popularity = RUN.graph.popularity
    lifts = [popularity[LISTS[user]].mean() / popularity[RUN.graph.history(user)].mean() for user in range(len(LISTS))]
    assert found.user == int(np.argmax(lifts)) and found.figures["lift"] == pytest.approx(max(lifts))
    assert popularity[found.item] == popularity[LISTS[found.user]].max()


def test_the_missed_reader_chose_most_of_those_whose_list_found_nothing():
    found = find(RUN, "missed")
    relevant = interaction_matrix(RUN.dataset, "test")
    n = [len(relevant[[user]].indices) for user in range(len(LISTS))]
    none = [u for u in range(len(LISTS)) if n[u] and not np.isin(LISTS[u], relevant[[u]].indices).any()]
    assert found.user in none and found.figures["n"] == n[found.user] == max(n[user] for user in none)
    assert found.item in relevant[[found.user]].indices
    assert found.figures["rank"] == explain(RUN, found.user, found.item, "ledger", "score", 10, check_top=0).rank


def test_the_unfair_group_is_the_one_that_was_planted_with_the_figures_of_its_audit():
    found = find(RUN, "unfair")
    assert (found.grouping, found.group) == ("region", "Islands")
    told = audit(RUN, 20, "region").differences
    same = next(each for each in told if (each.metric, each.group) == ("ndcg", "Islands"))
    assert same.stands and same.sentence == found.told and same.own == found.figures["own"]
    assert RUN.dataset.user_table["region"][found.user] == "Islands"


def test_the_fragile_case_has_a_lead_that_is_what_two_large_sums_leave():
    found = find(RUN, "fragile")
    told = explain(RUN, found.user, found.item, "ledger", "margin", 10, check_top=0)
    assert found.figures["lead"] == told.score
    assert found.figures["for"] - found.figures["against"] == pytest.approx(told.score, abs=1e-9)
    assert found.figures["against"] > 0.99 * found.figures["for"] > 0


def test_the_cold_start_is_one_of_those_with_the_fewest_interactions():
    found = find(RUN, "cold_start")
    counts = np.diff(RUN.graph.seen.indptr)
    assert counts[found.user] == found.figures["n"] == counts[counts > 0].min()
    told = explain(RUN, found.user, found.item, "ledger", "score", 10, check_top=0)
    assert found.figures["learned"] == pytest.approx(told.baseline / told.score)


def test_a_run_without_parts_has_the_cases_that_need_none():
    assert {kind for kind in KINDS if find(PLAIN, kind) is None} == {"clear_reason", "fragile"}
    with pytest.raises(RequestError, match="kind of case"):
        find(RUN, "clear_reasom")
