"""Two cases side by side: the ledgers line up part by part, and so do the lists."""

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.explain.questions.beside import Side, beside
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_core.views.beside import beside_sections, ledger_rows, sentence, slope_rows


def shipped(name):
    return load_run(SAMPLE / "runs" / name, SAMPLE / "classics")


ONE, OTHER, PLAIN = shipped("lightgcn"), shipped("itemknn"), shipped("popularity")
USER = 754
LIST = recommend(ONE, np.array([USER]), 10).item_index[0].tolist()
ALSO = next(
    user
    for user in range(ONE.dataset.n_users)
    if user != USER and LIST[0] in recommend(ONE, np.array([user]), 10).item_index[0]
)


def test_in_two_runs_parts_and_places_line_up():
    found = beside(Side(ONE, USER, LIST[0]), Side(OTHER, USER, LIST[0]))
    theirs = recommend(OTHER, np.array([USER]), 10).item_index[0].tolist()
    assert found.kind == "runs" and set(found.places) == {*LIST, *theirs}
    assert [found.places[item][0] for item in LIST] == list(range(1, 11))
    assert [found.places[item][1] for item in theirs] == list(range(1, 11))
    assert sorted(found.in_both) == sorted({*LIST} & {*theirs})
    assert found.ranks == (1, found.explanations[1].rank)
    for pair in found.pairs:
        assert pair.first is None or pair.first in found.explanations[0].contributions
        assert pair.second is None or pair.second in found.explanations[1].contributions
    largest = [max(abs(part.share) for part in (pair.first, pair.second) if part) for pair in found.pairs]
    assert largest == sorted(largest, reverse=True)
    as_share, rows = ledger_rows(found)
    assert as_share
    for side in (0, 1):  # each side's shares are the whole score
        assert sum(row[1 + side] or 0.0 for row in rows) == pytest.approx(1.0, abs=1e-5)


def test_of_two_people_the_shared_history_meets_in_one_row():
    found = beside(Side(ONE, USER, LIST[0]), Side(ONE, ALSO, LIST[0]))
    shared = {*ONE.graph.history(USER).tolist()} & {*ONE.graph.history(ALSO).tolist()}
    met = {ONE.dataset.items.index(p.first.item) for p in found.pairs if p.first and p.second and p.kind == "history"}
    assert found.kind == "people" and met == shared
    assert found.ranks[1] == found.explanations[1].rank <= 10


def test_of_two_items_the_reasons_are_ranked():
    found = beside(Side(ONE, USER, LIST[0]), Side(ONE, USER, LIST[1]))
    values = sorted(found.explanations[0].contributions, key=lambda part: -part.value)
    assert found.kind == "items" and found.ranks == (1, 2)
    for place, part in enumerate(values[:8], 1):
        assert found.places[part.label][0] == place
    said = sentence(found, (ONE.dataset.title(LIST[0]), ONE.dataset.title(LIST[1])))
    assert f"{len(found.in_both)} of their first 8 reasons are the same" in said


def test_a_run_without_parts_has_its_list_beside_and_says_why_there_is_no_ledger():
    found = beside(Side(ONE, USER, LIST[0]), Side(PLAIN, USER, LIST[0]))
    assert found.explanations is None and "no parts" in found.reason and found.pairs == ()
    assert len(slope_rows(found)) >= 10
    sections = beside_sections(found, ("LightGCN", "Popularity"))
    assert [section.title for section in sections] == ["In short", "Places", "Ledgers"]
    assert found.reason in sections[2].blocks[0].paragraphs[0]


def test_cases_that_differ_in_more_than_one_thing_are_refused():
    with pytest.raises(RequestError, match="people and items"):
        beside(Side(ONE, USER, LIST[0]), Side(ONE, ALSO, LIST[1]))
    with pytest.raises(RequestError, match="nothing"):
        beside(Side(ONE, USER, LIST[0]), Side(ONE, USER, LIST[0]))
