"""Public datasets are recognised, and published figures stand beside ours only where all agrees."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from gnnrec_core.data import known
from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import ImportOptions
from tests.worlds import SHARED, make_dataset, needs_shared

WORLD = make_dataset([(0, 0, "train"), (0, 1, "test"), (1, 0, "train"), (1, 2, "validation")])
FIGURES = {"mine": {"ndcg": 0.16, "recall": 0.2}}


def _table(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """The table holds `WORLD` alone, with one split and one figure, changed as asked."""
    figure = {"model": "M", "k": 20, "metrics": {"ndcg": 0.15}, "source": "S"} | changes.pop("figure", {})  # type: ignore[operator]
    split = {"name": "the split of S", "n_train": 3, "n_test": 1, "figures": [figure]} | changes.pop("split", {})  # type: ignore[operator]
    entry = {"name": "World", "n_users": 2, "n_items": 3, "n_interactions": 4, "source": "S", "splits": [split]}
    monkeypatch.setattr(known, "_known", lambda: ({**entry, **changes},))


def test_the_checksum_is_that_of_the_sorted_pairs() -> None:
    pairs = b"u0\ti0\nu0\ti1\nu1\ti0\nu1\ti2\n"
    assert known.pairs_checksum(WORLD) == hashlib.sha256(pairs).hexdigest()
    assert known.pairs_checksum(WORLD, "test") == hashlib.sha256(b"u0\ti1\n").hexdigest()


def test_what_agrees_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A validation part was taken from the public train part."""
    _table(monkeypatch)
    found = known.published(WORLD, 20, "test", FIGURES)
    assert found is not None and found.by == "sizes" and not found.refused
    (row,) = found.rows
    assert row == {
        "run": "mine", "metric": "ndcg", "yours": 0.16, "published": 0.15, "model": "M", "k": 20, "source": "S",
    }  # fmt: skip
    assert known.sentences([row]) == ("ndcg@20: M published .1500, yours .1600 (+.0100).",)
    assert known.published(replace(WORLD, interactions=WORLD.interactions), 20, "test", FIGURES) == found


@pytest.mark.parametrize(
    ("changes", "k", "split", "said"),
    [
        ({}, 10, "test", "published for lists of 20, these have 10"),
        ({}, 20, "validation", "are of the test part"),
        ({"figure": {"candidates": 100}}, 20, "test", "ranks among 100 candidates"),
        ({"figure": {"convention": "NGCF"}}, 20, "test", "its ndcg is another figure (there NGCF, here by our"),
        ({"split": {"n_train": 2, "n_test": 2}}, 20, "test", "has 2 test interactions, not 1"),
        ({"split": {"test_pairs": "0" * 64}}, 20, "test", "as many, but other, test interactions"),
        ({"pairs": "0" * 64}, 20, "test", "ids or interactions are not"),
        ({"splits": []}, 20, "test", "no figure of lists on a fixed public split"),
    ],
)
def test_a_refusal_says_what_does_not_agree(
    changes: dict[str, object], k: int, split: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _table(monkeypatch, **changes)
    found = known.published(WORLD, k, split, FIGURES)  # type: ignore[arg-type]
    assert found is not None and not found.rows
    assert len(found.refused) == 1 and said in found.refused[0]


def test_the_same_definition_is_compared_under_its_convention(monkeypatch: pytest.MonkeyPatch) -> None:
    _table(monkeypatch, figure={"convention": "NGCF"})
    found = known.published(WORLD, 20, "test", FIGURES, {"ndcg": "NGCF"})
    assert found is not None and len(found.rows) == 1 and not found.refused


def test_other_data_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    _table(monkeypatch)
    other = make_dataset([(0, 0, "train"), (0, 1, "test"), (1, 0, "train")])
    assert known.published(other, 20, "test", FIGURES) is None


def test_the_shipped_table_is_well_formed() -> None:
    """Every split holds the interactions of its dataset, and every figure has a source."""
    for entry in known.FORM.read(known.FILE)["datasets"]:
        for split in entry["splits"]:
            assert split["n_train"] + split["n_test"] == entry["n_interactions"] <= entry["n_users"] * entry["n_items"]
            assert all(figure["source"] and figure["metrics"] for figure in split["figures"])


@needs_shared
def test_real_data_is_recognised_by_content() -> None:
    gowalla = import_source(SHARED / "data" / "gowalla")
    found = known.published(gowalla, 20, "test", FIGURES)
    assert found is not None and found.by == "content"
    assert {(row["model"], row["metric"]): row["published"] for row in found.rows}[("LightGCN", "ndcg")] == 0.1554
    movies = import_source(SHARED / "data" / "ml-100k", ImportOptions(split="leave-last"))
    other = known.published(movies, 20, "test", FIGURES)
    assert other is not None and other.by == "content" and not other.rows and "MovieLens 100K" in other.refused[0]
