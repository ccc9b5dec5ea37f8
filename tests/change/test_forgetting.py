"""Forgetting: equal to a fit on data that never had the person, nothing of them on disk, and an honest receipt."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.change.forgetting import _area, _membership, forget, forgotten
from gnnrec_core.change.leaving import without_entity
from gnnrec_core.cli import main
from gnnrec_core.data.dataset import Interactions
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import fit
from tests.audit.small_runs import SAMPLE, sample

RUNS = SAMPLE.parent / "runs"
GONE = "reader-0101"


def test_without_a_person_everybody_behind_moves_up():
    data = sample()
    less = without_entity(data, "user", 100)
    assert less.users.ids == tuple(raw for raw in data.users.ids if raw != GONE)
    assert less.user_table["user_index"].to_list() == list(range(799)) and GONE not in less.user_table["user_id"]
    old, new = data.interactions, less.interactions
    pairs = {(data.users.ids[u], i, t) for u, i, t in zip(old.user_index, old.item_index, old.timestamp, strict=True)}
    found = {(less.users.ids[u], i, t) for u, i, t in zip(new.user_index, new.item_index, new.timestamp, strict=True)}
    assert found == {entry for entry in pairs if entry[0] != GONE}

    def friends(one):
        relation = next(r for r in one.relations if r.name == "friend")
        ends = zip(relation.source.tolist(), relation.target.tolist(), strict=True)
        return {(one.users.ids[a], one.users.ids[b]) for a, b in ends}

    assert friends(less) == {pair for pair in friends(data) if GONE not in pair}
    book = without_entity(data, "item", 3)
    authors = [next(r for r in one.relations if r.name == "author") for one in (data, book)]
    assert len(authors[1]) == len(authors[0]) - 1 and book.titles == data.titles[:3] + data.titles[4:]
    labels = [
        {(one.titles[s - one.n_users], one.attribute_table["label"][t - one.n_users - one.n_items]) for s, t in ends}
        for one, relation in zip((data, book), authors, strict=True)
        for ends in [zip(relation.source.tolist(), relation.target.tolist(), strict=True)]
    ]
    assert labels[1] == {pair for pair in labels[0] if pair[0] != data.titles[3]}


@pytest.mark.parametrize("model", ["ease", "itemknn", "gfcf", "popularity"])
def test_a_model_that_refits_forgets_exactly(model):
    """Against a fit on data built by hand without the person: no score differs by more than 1e-8."""
    data = sample()
    run = fit(data, model)
    log = data.interactions
    keep = log.user_index != 100
    columns = {name: getattr(log, name)[keep] for name in ("item_index", "weight", "split", "timestamp", "rating")}
    users = log.user_index[keep]
    less = without_entity(data, "user", 100)
    by_hand = fit(
        type(data)(
            "by hand",
            less.users,
            data.items,
            Interactions(user_index=np.where(users > 100, users - 1, users), **columns),
            less.user_table,
            data.item_table,
        ),
        model,
        run.settings,
    )
    found = forgotten(run, "user", 100, "refit")
    everybody = np.arange(799)
    assert np.abs(found.model.score(everybody) - by_hand.model.score(everybody)).max() <= 1e-8


def test_nothing_of_the_person_is_on_disk_and_the_receipt_says_what_changed(tmp_path: Path):
    run = load_run(RUNS / "itemknn")
    stored, receipt = forget(run, "user", 100, tmp_path / "new")
    files = [file for file in (tmp_path / "new").rglob("*") if file.is_file()]
    assert not [file for file in files if GONE.encode() in file.read_bytes()]
    assert GONE not in pl.read_parquet(tmp_path / "new" / "dataset" / "users.parquet")["user_id"].to_list()
    assert "Derived from the run itemknn by forgetting one person" in stored.record.notes
    assert json.loads((tmp_path / "new" / "forgetting.json").read_text()) == receipt.to_dict()
    assert {"model.safetensors", "run.json", "dataset/users.parquet"} <= set(receipt.files)
    assert "dataset/items.parquet" not in receipt.files  # the same bytes
    against = receipt.against
    assert against is not None and against.overlap == pytest.approx(1.0) and against.largest_difference <= 1e-6
    assert against.membership is not None and against.membership_before is not None
    assert against.membership.value == 0.5 and against.membership_before.value > 0.9
    with pytest.raises(RequestError, match="exists already"):
        forget(run, "user", 100, tmp_path / "new")


def test_the_membership_test_ranks_among_lookalikes_by_hand():
    """Item 0 is a member; 1 and 2 are as likely without it, 3 and 4 are not and do not count among two lookalikes."""
    signal = np.array([1.0, 0.5, 1.0, 9.0, 9.0])
    alike = np.array([3.0, 3.1, 2.9, 0.0, 8.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gnnrec_core.change.forgetting.LOOKALIKES", 2)
        assert _area(signal, alike, np.array([0]), np.arange(1, 5)) == 0.75  # larger than one, even with the other


def test_a_training_without_a_person_has_nothing_to_tell_and_kept_parameters_have():
    """Over several people, as one person's luck spreads."""
    run = fit(sample(), "lightgcn", {"epochs": 6, "embedding_dim": 16})
    areas: dict[str, list[float]] = {"again": [], "kept": []}
    for person in (5, 165, 245, 485):
        history = run.graph.history(person)
        again, kept, other = (
            forgotten(run, "user", person, way, seed) for way, seed in (("again", 0), ("kept", None), ("again", 1))
        )
        for name, found, truth in (("again", again, other), ("kept", kept, again)):
            told = _membership(found, truth, history)
            assert told is not None
            areas[name].append(told.value)
    assert 0.4 <= np.mean(areas["again"]) <= 0.6 and np.mean(areas["kept"]) > 0.85


@pytest.mark.long
def test_keeping_parameters_is_told_from_training_again(tmp_path: Path):
    """The lists hardly differ, and the membership test finds the person all the same; not so when trained again."""
    run = load_run(RUNS / "lightgcn")
    _, kept = forget(run, "user", 5, tmp_path / "kept", "kept")
    _, again = forget(run, "user", 5, tmp_path / "again")
    assert kept.against is not None and kept.against.overlap >= 0.95 and kept.against.membership is not None
    assert kept.against.membership.low > 0.9 and 0 < kept.against.largest_difference < 0.1
    assert again.method == "again" and again.against is not None and again.against.membership is not None
    assert 0.45 <= again.against.membership.value <= 0.55 and again.against.overlap == pytest.approx(1.0)
    with pytest.raises(UnsupportedError, match="does not refit"):
        forget(run, "user", 5, tmp_path / "other", "refit")


def test_an_item_is_forgotten_by_the_command(tmp_path: Path, capsys):
    words = ["forget", str(RUNS / "itemknn"), "--item", "emma", "--out", str(tmp_path / "new")]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["item"] == "emma" and found["method"] == "refit" and found["largest_difference"] <= 1e-6
    assert "emma" not in load_run(tmp_path / "new").dataset.items
    assert main(["forget", str(RUNS / "itemknn"), "--out", str(tmp_path / "x")]) == 2
    assert main([*words, "--overwrite"]) == 0 and "emma" in capsys.readouterr().out
