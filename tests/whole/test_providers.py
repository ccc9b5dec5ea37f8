"""The provider's side: shares worked out by hand, and an interval that says when one cannot tell."""

import json

import numpy as np
import polars as pl
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.cli import main
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_core.whole.bootstrap import ratio_of_shares
from gnnrec_core.whole.items.providers import provider_side
from tests.models.runs import fitted
from tests.worlds import make_dataset


def test_a_world_worked_out_by_hand():
    """Popularity shows everybody the same two items that they lack; half of the people choose the second one later."""
    triples = [(u, 0, "train") for u in range(12)] + [(u, 1, "train") for u in range(12, 20)]
    triples += [(u, 2, "train") for u in range(20, 24)]
    triples += [(u, 3, "test") for u in range(6)] + [(u, 1, "test") for u in range(6, 12)]
    dataset = make_dataset(triples, 24, 4)
    table = dataset.item_table.with_columns(pl.Series("author", ["A", "B", "A", "C"]))
    run = Run.of(fitted("popularity", dataset), dataset.__class__(**{**dataset.__dict__, "item_table": table}))
    found = provider_side(run, "author", "B", 2)
    # Lists: people with 0 get 1, 2; people with 1 get 0, 2; people with 2 get 0, 1.
    first, second = 1.0, 1 / np.log2(3)
    wanted = (12 * first + 4 * second) / (24 * (first + second))
    assert found.exposure.value == pytest.approx(wanted) and found.merit.value == pytest.approx(6 / 12)
    assert found.ratio.value == pytest.approx(wanted / 0.5) and found.history == pytest.approx(8 / 24)
    assert [(each.item, each.n_readers, each.n_lists, each.share) for each in found.items] == [(1, 8, 16, 1.0)]
    nothing = provider_side(run, "author", "A", 2)
    assert np.isnan(nothing.ratio.value) and "nobody chose" in nothing.sentence
    with pytest.raises(RequestError, match="No item has"):
        provider_side(run, "author", "Z", 2)


def test_the_interval_of_the_ratio_covers_the_planted_one():
    rng, covered = np.random.default_rng(0), 0
    for draw in range(100):
        size = rng.integers(5, 15, 200).astype(float)
        exposed, chosen = rng.binomial(size.astype(int), 0.3), rng.binomial(size.astype(int), 0.2)
        found = ratio_of_shares((exposed.astype(float), size), (chosen.astype(float), size), seed=draw)
        covered += found.low <= 1.5 <= found.high
    assert covered >= 89


def test_the_command_answers(capsys):
    words = ["item", str(SAMPLE / "runs" / "lightgcn"), "--provider", "author=Jane Austen"]
    assert main([*words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ratio"]["low"] <= answer["ratio"]["value"] <= answer["ratio"]["high"]
    assert sum(item["share_of_exposure"] for item in answer["items"]) == pytest.approx(1)
    assert main(words) == 0 and "Jane Austen gets" in capsys.readouterr().out
    assert main(["item", str(SAMPLE / "runs" / "lightgcn"), "--provider", "author=Nobody", "--json"]) == 2
