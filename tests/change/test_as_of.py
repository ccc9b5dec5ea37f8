"""As of a day: the last day is the run as it is, earlier days know nothing later."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from gnnrec_core.audit.auditing import audit
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.plain import plain
from gnnrec_core.change.as_of import as_of, state_of
from gnnrec_core.change.moved import level_of
from gnnrec_core.change.strips import even_days, group_strip, item_strip
from gnnrec_core.cli import main
from gnnrec_core.data.dataset import without_rows
from gnnrec_core.data.moments import read_day, rows_after, span
from gnnrec_core.explain.explaining import explain
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import fit

RUNS = Path(__file__).resolve().parents[2] / "sample_data" / "runs"


@pytest.fixture(scope="module")
def lightgcn():
    return load_run(RUNS / "lightgcn")


@pytest.fixture(scope="module")
def knn():
    return load_run(RUNS / "itemknn")


@pytest.mark.parametrize("name", ["lightgcn", "itemknn", "popularity"])
def test_as_of_the_last_day_is_the_ordinary_answer(name):
    run = load_run(RUNS / name)
    last = span(run.dataset)[1]
    found = as_of(run, 5, 10, last, group_by="region", check_top=2)
    assert plain(found.report.to_dict()) == plain(audit(run, 20, "region").to_dict())
    assert (found.score, found.rank, found.state.n_later) == (found.score_now, found.rank_now, 0)
    if found.explanation is not None:
        own = explain(run, 5, 10, "ledger", check_top=0)
        assert [part.value for part in found.explanation.contributions] == [p.value for p in own.contributions]
    else:
        assert "no parts" in found.no_ledger


def test_an_earlier_day_is_a_fit_on_what_was_there_then(knn):
    """Against a fit on the log cut by hand: same scores, and nothing later is in the graph."""
    day = date(2023, 3, 1)
    log = knn.dataset.interactions
    later = (log.timestamp >= np.datetime64("2023-03-02").astype("datetime64[s]").astype(int)) & (log.split < 2)
    by_hand = fit(without_rows(knn.dataset, np.flatnonzero(later)), "itemknn", knn.settings)
    state = state_of(knn, day)
    users = np.arange(0, 800, 37)
    assert np.array_equal(state.run.model.score(users), by_hand.model.score(users))
    assert (state.level, state.n_later) == ("again", int(later.sum())) and "exact" in state.words
    assert state.n_train == int((~later & (log.split == 0)).sum())
    assert set(rows_after(knn.dataset, day)) == set(np.flatnonzero(later))


def test_kept_parameters_are_said_to_be_kept(lightgcn):
    state = state_of(lightgcn, date(2023, 3, 1))
    assert state.level == "kept" and "in this model" in state.words and "embeddings kept" in state.words
    own = lightgcn.model.tensors()
    assert all(np.array_equal(own[name], value) for name, value in state.run.model.tensors().items())
    assert state.run.graph.n_edges < lightgcn.graph.n_edges


def test_levels_are_those_that_a_model_can_give(lightgcn):
    with pytest.raises(RequestError, match="no level"):
        level_of(lightgcn, "guess")
    assert level_of(load_run(RUNS / "popularity"), "kept") == "again"  # exact at once: nothing says more
    assert (level_of(lightgcn), level_of(lightgcn, "again")) == ("kept", "again")


def test_days_that_cannot_be_asked_are_refused(knn, tmp_path):
    with pytest.raises(RequestError, match="no train interaction yet"):
        state_of(knn, date(1999, 1, 1))
    with pytest.raises(RequestError, match="not a day"):
        read_day("2024-02-31")
    log = tmp_path / "log.csv"
    log.write_text("user,item\n" + "".join(f"u{u},i{i}\n" for u in range(6) for i in range(6) if (u + i) % 3))
    from gnnrec_core.data.importing import import_source
    from gnnrec_core.data.options import ImportOptions

    untimed = fit(import_source(log, ImportOptions(split="random")), "popularity")
    with pytest.raises(RequestError, match="have no time"):
        state_of(untimed, date(2024, 1, 1))


def test_lists_from_elsewhere_have_no_other_day(knn):
    import pandas as pd

    import gnnrec_core as gr

    frame = pd.DataFrame({"user": ["a", "b"], "item": ["x", "y"], "rank": [1, 1], "timestamp": [1, 2]})
    with pytest.raises(UnsupportedError, match="is not known"):
        level_of(gr.from_lists(frame, held_out=pd.DataFrame({"user": ["a"], "item": ["y"]})))


def test_groups_over_time_end_at_the_audit_of_today(knn):
    strip = group_strip(knn, "region", n_days=3)
    today = {group.group: group.metrics["ndcg"].value for group in audit(knn, 20, "region").by_group}
    assert dict(zip(strip.groups, strip.values[-1], strict=True)) == today
    assert strip.days == even_days(knn, 3) and len(strip.values) == 3 and strip.values[0] != strip.values[1]


def test_the_command_prints_the_object_of_the_contract(capsys):
    words = ["as-of", str(RUNS / "itemknn"), "--user", "reader-0005", "--item", "emma", "--date", "2023-06-01"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {
        "user",
        "item",
        "date",
        "level",
        "graph",
        "score",
        "rank",
        "contributions",
        "items",
        "audit",
    } <= found.keys()
    assert found["score"] == pytest.approx(found["baseline"] + found["sum_of_contributions"], abs=1e-6)
    assert main(words) == 0 and "As of 2023-06-01" in capsys.readouterr().out
    assert main([*words[:-1], "soon", "--json"]) == 2
    assert "not a day" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_an_item_over_time_ends_where_it_stands_today(knn):
    item = int(np.argsort(-knn.graph.popularity, kind="stable")[3])
    found = item_strip(knn, item, 3)
    lists = recommend(knn, np.arange(knn.dataset.n_users), 10).item_index
    assert found.n_listed[-1] == (lists == item).sum() and found.n_readers[-1] == knn.graph.popularity[item]
    assert sorted(found.n_readers) == list(found.n_readers) and len(found.days) == 3
    assert main(["item", str(RUNS / "itemknn"), "--item", "emma", "--most", "0", "--days", "2"]) == 0
