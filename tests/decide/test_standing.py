"""Where a run stands beside baselines: on worlds where it is known who is ahead, and where the answer is read."""

import json

import numpy as np
import pytest

from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.decide import standing as room
from gnnrec_core.decide.standing import references, standing
from gnnrec_core.models import FIRST_CHOICE, LARGE_CHOICE, MODELS
from gnnrec_core.runs.record import RunRecord
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.validation import Validation
from tests.models.runs import fitted
from tests.worlds import make_dataset, random_dataset, two_communities

WORLD = two_communities()


def test_popularity_is_told_to_give_way_where_people_have_two_tastes():
    found = standing(Run.of(fitted("popularity", WORLD), WORLD))
    assert found is not None and found.model == "popularity" and found.use != "popularity"
    assert {row.model for row in found.beside} == {"itemknn", "ease", FIRST_CHOICE}
    ahead = next(row for row in found.beside if row.model == found.use)
    assert ahead.value == max(row.value for row in found.beside) and ahead.high < 0
    assert found.sentence().endswith(f"({-ahead.high:.3f} to {-ahead.low:.3f}): use that.")
    assert found.to_dict()["sentence"] == found.sentence() and found.to_dict()["use"] == found.use


def test_figures_are_those_of_validation_and_differences_are_paired():
    model = fitted("itemknn", WORLD)
    found = standing(Run.of(model, WORLD))
    validation = Validation(WORLD)
    assert found.value == pytest.approx(validation(model)["ndcg@20"]) and found.n_people == len(validation.users)
    for row in found.beside:
        defaults = MODELS.load(row.model).settings_type().model_dump()  # given, so that nothing is chosen
        assert row.value == pytest.approx(validation(fitted(row.model, WORLD, **defaults))["ndcg@20"])
        assert row.more == pytest.approx(found.value - row.value)
        assert row.low is None or row.low <= row.more <= row.high


def without_validation():
    one = WORLD.interactions
    names = np.array(["train", "test", "test"])[one.split]
    rows = [(int(u), int(i), str(part)) for u, i, part in zip(one.user_index, one.item_index, names, strict=True)]
    return make_dataset(rows, WORLD.n_users, WORLD.n_items)


def test_level_is_no_reason_to_change():
    """The same model beside itself: differences of 0, whose interval holds 0."""
    found = standing(Run.of(fitted("ease", WORLD), WORLD))
    assert found.use == "ease" or found.value < max(row.value for row in found.beside)


def test_nothing_is_said_without_a_validation_part():
    dataset = without_validation()
    assert standing(Run.of(fitted("popularity", dataset), dataset)) is None


def test_large_data_are_held_against_what_is_cheap(monkeypatch):
    world = random_dataset(20, 30)
    assert references(world) == ("popularity", "itemknn", "ease", FIRST_CHOICE)
    monkeypatch.setattr(room, "MOST_BYTES", 100)
    assert references(world) == ("popularity", "itemknn", FIRST_CHOICE)
    monkeypatch.setattr(room, "MOST_INTERACTIONS", 10)
    assert references(world) == ("popularity", LARGE_CHOICE)


def test_who_names_no_model_gets_the_first_choice_and_is_told_where_it_stands(tmp_path, capsys):
    save_dataset(WORLD, tmp_path / "data")
    assert main(["train", str(tmp_path / "data"), "--out", str(tmp_path / "run"), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["model"] == FIRST_CHOICE and answer["standing"]["model"] == FIRST_CHOICE
    record = RunRecord.read(tmp_path / "run")
    assert record.figures["standing"] == answer["standing"] and record.settings == answer["settings"]
    assert main(["train", str(tmp_path / "data"), "--out", str(tmp_path / "run"), "--overwrite"]) == 0
    assert answer["standing"]["sentence"].split(";")[0] in " ".join(capsys.readouterr().out.split())


def test_of_one_person_nothing_is_said():
    rows = [(0, 0, "train"), (0, 1, "train"), (1, 0, "train"), (1, 2, "train"), (2, 1, "train"), (0, 2, "validation")]
    dataset = make_dataset(rows)
    assert standing(Run.of(fitted("popularity", dataset), dataset)) is None


def test_people_who_differ_alike_give_a_difference_without_an_interval():
    """Nobody has what others hold out, and items of train come first, so that no list finds one: all differ by 0."""
    n = 12
    rows = [(u, item, "train") for u in range(n) for item in (2 * u, 2 * u + 1)]
    rows += [(u, 2 * n + u, "validation") for u in range(n)] + [(u, 3 * n + u, "test") for u in range(n)]
    dataset = make_dataset(rows, n, 4 * n)
    found = standing(Run.of(fitted("popularity", dataset), dataset))
    assert found is not None and {(row.more, row.low, row.high) for row in found.beside} == {(0.0, None, None)}
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["use"] == "popularity"
    assert "level with the best" in found.sentence()
