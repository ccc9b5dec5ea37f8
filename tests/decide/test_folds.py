"""Cross-validation: every interaction is judged once, cuts look ahead only, the spread is worked out by hand."""

import json

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.decide.folds import TEST, TRAIN, VALIDATION, Fold, cross_validate, parted, splits, spread
from gnnrec_core.runs.recommend import evaluate
from gnnrec_core.runs.training import fit
from tests.worlds import make_dataset, random_dataset


def test_each_interaction_is_in_test_once_and_evenly_for_each_person():
    dataset = random_dataset(30, 40, 10)
    codes = np.stack(list(splits(dataset, 5, "folds", seed=3)))
    assert ((codes == TEST).sum(0) == 1).all() and ((codes == VALIDATION).sum(0) == 1).all()
    for user in range(30):
        assert ((codes[:, dataset.interactions.user_index == user] == TEST).sum(1) == 2).all()  # ten over five
    again = np.stack(list(splits(dataset, 5, "folds", seed=3)))
    assert (again == codes).all() and (np.stack(list(splits(dataset, 5, "folds", seed=4))) != codes).any()


def test_whoever_has_one_interaction_keeps_it():
    dataset = make_dataset([(0, 0, "train"), *((1, item, "train") for item in range(4))])
    codes = np.stack(list(splits(dataset, 2, "folds")))
    assert (codes[:, 0] == TRAIN).all() and VALIDATION not in codes
    with pytest.raises(RequestError, match="two interactions"):
        list(splits(make_dataset([(0, 0, "train"), (1, 1, "test")]), 2, "folds"))


def test_cuts_train_on_what_was_before():
    dataset = random_dataset(30, 40, 10)
    times = dataset.interactions.timestamp
    judged = np.zeros(len(times), int)
    for codes in splits(dataset, 3, "cuts"):
        assert times[codes == TRAIN].max() <= times[codes == VALIDATION].min()
        assert times[codes == VALIDATION].max() < times[codes == TEST].min()
        assert (times[codes == -1] >= times[codes == TEST].max()).all()
        assert len(parted(dataset, codes).interactions) == (codes >= 0).sum()
        judged += codes == TEST
    assert judged.sum() == (times >= np.median(times)).sum() and judged.max() == 1
    with pytest.raises(RequestError, match="without a time"):
        list(splits(make_dataset([(0, 0, "train"), (0, 1, "test")]), 2, "cuts"))


def test_the_spread_by_hand():
    folds = [Fold(80, 20, 5, {"ndcg": value}) for value in (0.1, 0.2, 0.3)]
    found = spread(folds, "ndcg")
    assert (found.mean, found.sd) == pytest.approx((0.2, 0.1))
    assert found.high - found.mean == pytest.approx(4.302653 * 0.1 * np.sqrt(1 / 3 + 1 / 4), rel=1e-5)


def test_a_fold_is_a_training_on_its_parts():
    dataset = random_dataset(30, 40, 10)
    found = cross_validate(dataset, "itemknn", {"n_neighbours": 5}, 3)
    part = parted(dataset, next(splits(dataset, 3, "folds")))
    alone = evaluate(fit(part, "itemknn", {"n_neighbours": 5}), 20)
    assert found.folds[0].figures["ndcg"] == pytest.approx(alone.accuracy["ndcg"].value)
    assert found.folds[0].n_users == alone.n_users and set(found.metrics) >= {"ndcg", "recall", "coverage"}
    with pytest.raises(RequestError, match="1 folds"):
        cross_validate(dataset, "itemknn", n_folds=1)


def test_the_command(tmp_path, capsys):
    save_dataset(random_dataset(30, 40, 10), tmp_path / "data")
    words = ["cross-validate", str(tmp_path / "data"), "--model", "itemknn", "--folds", "3", "--kind", "cuts"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["folds"]) == 3 and found["metrics"]["ndcg"]["sd"] >= 0
    assert main(words) == 0 and "how far one training differs from another" in capsys.readouterr().out
