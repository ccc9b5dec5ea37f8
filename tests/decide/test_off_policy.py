"""What other lists would have earned: by hand, right on average, and refused where the log cannot say."""

import json

import numpy as np
import polars as pl
import pytest

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.cli import main
from gnnrec_core.decide.ab.off_policy import PolicySettings, off_policy
from gnnrec_core.runs.bringing.lists import run_of_lists
from tests.decide.planted import RUNS, shipped
from tests.worlds import make_dataset

COLUMNS = PolicySettings(propensity="p")


def two_items(n_users: int, shown=(1, 2)):
    """Everybody has item 0, and the policy's list is `shown`."""
    dataset = make_dataset([(u, 0, "train") for u in range(n_users)], n_users, 4)
    rows = [(f"u{u}", f"i{item}", rank) for u in range(n_users) for rank, item in enumerate(shown, 1)]
    return run_of_lists(pl.DataFrame(rows, ("user", "item", "rank"), orient="row"), dataset)


def test_by_hand():
    rows = [("u0", "i1", 0.5, 1.0), ("u0", "i3", 0.25, 5.0), ("u1", "i2", 0.25, 2.0)]
    log = pl.DataFrame(rows, ("user", "item", "p", "outcome"), orient="row")
    found = off_policy(log, two_items(2), COLUMNS, k=2)
    weights = np.array([0.5 / 0.5, 0.0, 0.5 / 0.25])  # each of two listed items is shown half of the time
    assert found.ips.value == pytest.approx((weights @ [1, 5, 2]) / 3)
    assert found.snips.value == pytest.approx((weights @ [1, 5, 2]) / 3 / (weights.sum() / 3))
    assert found.logged.value == pytest.approx(8 / 3) and found.reached == pytest.approx(2 / 3)
    assert found.effective == pytest.approx(3**2 / 5) and found.largest_weight == 2
    assert "worth 2 for these lists" in found.warnings[0]


def test_right_on_average_and_their_intervals_cover():
    """Items 1, 2, 3 earn 0.2, 0.6, 0.1; the log mostly shows item 3, the lists show 1 and 2: they would earn 0.4."""
    run, rng = two_items(200), np.random.default_rng(0)
    p, earns = np.array([0.15, 0.15, 0.7]), np.array([0.2, 0.6, 0.1])
    covered, values = np.zeros(3), []
    for _ in range(100):
        person, item = np.repeat(np.arange(200), 4), rng.choice(3, 800, p=p)
        outcome = (rng.random(800) < earns[item]).astype(float)
        log = pl.DataFrame(
            {"user": [f"u{u}" for u in person], "item": [f"i{i + 1}" for i in item], "p": p[item], "outcome": outcome}
        )
        found = off_policy(log, run, COLUMNS, k=2)
        worths = (found.ips, found.snips, found.dr)
        values.append([w.value for w in worths])
        covered += [w.low <= 0.4 <= w.high for w in worths]
    assert np.mean(values, axis=0) == pytest.approx([0.4] * 3, abs=0.015)
    assert (covered >= 87).all()  # of 95 expected; P(fewer | 95 %) < 0.1 %
    spread = np.std(values, axis=0)
    assert spread[1] < spread[0] and spread[2] < spread[0]


def test_without_propensities_it_is_refused_in_a_sentence(tmp_path, capsys):
    with pytest.raises(RequestError, match="with which probability each item was shown"):
        off_policy(pl.DataFrame({"user": ["u0"], "item": ["i1"], "outcome": [1]}), two_items(1), PolicySettings())
    file = tmp_path / "log.csv"
    pl.DataFrame({"user": [shipped().dataset.users.ids[0]], "item": ["x"], "outcome": [1]}).write_csv(file)
    assert main(["ab", "read", str(file), "--policy", str(RUNS / "lightgcn"), "--json"]) == 2
    assert "nothing can be said of lists that were not shown" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_what_the_log_says_is_checked():
    log = pl.DataFrame({"user": ["u0", "u1"], "item": ["i1", "i2"], "p": [0.5, 1.5], "outcome": [1.0, 0.0]})
    with pytest.raises(DataError, match=r"Row 2 of the log has the propensity 1.5"):
        off_policy(log, two_items(2), COLUMNS)
    with pytest.raises(RequestError, match="u9"):
        off_policy(log.with_columns(user=pl.lit("u9"), p=pl.lit(0.5)), two_items(2), COLUMNS)
    never = off_policy(log.with_columns(item=pl.lit("i3"), p=pl.lit(0.5)), two_items(2), COLUMNS, k=2)
    assert np.isnan(never.snips.value) and "says nothing of them" in never.warnings[0]
    wrong = off_policy(log.with_columns(p=pl.lit(0.9)), two_items(2), COLUMNS, k=2)
    assert any("not 1" in sentence for sentence in wrong.warnings)
