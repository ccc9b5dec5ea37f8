"""Updates: exact where the model refits, nothing unknown to the old run taken over, and replay against forgetting."""

import json
from dataclasses import replace

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.change.updating import update
from gnnrec_core.cli import main
from gnnrec_core.data.dataset import Vocabulary, without_rows
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import fit, save
from tests.worlds import random_dataset

QUICK = {"epochs": 4, "embedding_dim": 8, "batch_size": 64}


@pytest.fixture(scope="module")
def worlds():
    """A world, and the same with a fifth of its train interactions still to come."""
    newer = random_dataset(n_users=40, n_items=30, per_user=9, seed=2, side_edges=True)
    rows = newer.interactions.rows("train")
    return without_rows(newer, rows[::5]), newer


def test_a_model_that_refits_is_that_of_the_newer_data(worlds):
    older, newer = worlds
    made, found = update(fit(older, "ease"), newer)
    assert np.array_equal(made.model.score(np.arange(40)), fit(newer, "ease").model.score(np.arange(40)))
    assert (found.method, found.n_replayed, found.accuracy_before) == ("fitted anew", 0, None)
    assert found.n_new == len(newer.interactions.rows("train")) - len(older.interactions.rows("train"))


def test_without_epochs_to_learn_from_nothing_is_lost(worlds):
    """The same data again, without replay: no interaction is asked for, and every list stays."""
    older, _ = worlds
    run = fit(older, "lightgcn", QUICK)
    made, found = update(run, older, replay=0.0)
    assert (found.n_new, found.epochs) == (0, 0) and found.overlap_others.value == 1.0
    assert np.array_equal(made.model.score(np.arange(40)), run.model.score(np.arange(40)))
    assert found.remembered_before == found.remembered_after and found.reasons.value == 1.0


def test_only_what_is_asked_for_is_learned_and_rows_go_to_their_owners(worlds):
    older, newer = worlds
    run = fit(older, "lightgcn", QUICK)
    turned = Vocabulary("user", newer.users.ids[::-1])
    log = newer.interactions
    order = np.lexsort((log.item_index, 39 - log.user_index))
    flipped = replace(
        newer,
        users=turned,
        interactions=replace(
            log,
            **{name: getattr(log, name)[order] for name in ("item_index", "weight", "split")},
            user_index=39 - log.user_index[order],
            timestamp=None,
            rating=None,
        ),
        user_table=newer.user_table.reverse().with_columns(user_index=newer.user_table["user_index"]),
        relations=(),
    )
    plain = replace(older, relations=())
    bare = fit(plain, "lightgcn", QUICK)
    made, found = update(bare, flipped, replay=0.5, epochs=2)
    assert found.n_replayed == round(0.5 * (len(newer.interactions.rows("train")) - found.n_new)) and found.epochs == 2
    assert len(made.model.asked) == found.n_new + found.n_replayed
    assert run.model.score(np.arange(2)).shape == (2, 30)


def test_replay_keeps_what_was_known(worlds):
    """A run that knows its data by heart forgets them while it learns new ones, the less the more is learned again."""
    older, newer = worlds
    by_heart = {"epochs": 100, "patience": 1000, "embedding_dim": 16, "batch_size": 64, "learning_rate": 0.05}
    run = fit(older, "lightgcn", {**by_heart, "n_layers": 1})
    kept = [update(run, newer, replay=share, epochs=20)[1] for share in (0.0, 0.3, 1.0)]
    remembered = [each.remembered_after.value for each in kept]
    assert remembered[0] + 0.02 < remembered[1] < remembered[2] - 0.02
    assert all(each.remembered_before.value > 0.95 for each in kept)


def test_who_is_missing_and_what_cannot_be_updated_is_said(worlds, tmp_path, capsys):
    older, newer = worlds
    fewer = random_dataset(n_users=12, n_items=30, per_user=6, seed=2)
    with pytest.raises(RequestError, match="lack the user"):
        update(fit(older, "ease"), fewer)
    with pytest.raises(UnsupportedError, match="no rows"):
        update(fit(older, "graphsage", {"epochs": 1, "embedding_dim": 8}), newer)
    run = save(fit(older, "lightgcn", QUICK), tmp_path / "old")
    save_dataset(newer, tmp_path / "newer")
    words = [
        "update",
        str(run.place),
        "--with",
        str(tmp_path / "newer"),
        "--out",
        str(tmp_path / "new"),
        "--epochs",
        "2",
    ]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["method"] == "updated" and told["n_new"] > 0 and (tmp_path / "new" / "update.json").is_file()
    assert load_dataset(tmp_path / "new" / "dataset").fingerprint == newer.fingerprint
    assert load_run(tmp_path / "new").record.notes.startswith("Derived")
    assert main([*words, "--overwrite"]) == 0 and "What it changed" in capsys.readouterr().out
