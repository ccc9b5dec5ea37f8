"""The search: validation alone, ended early by rule, resumed as if never killed, and its best as a run."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import Search, read_settings
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.decide.objectives import OBJECTIVES, measured
from gnnrec_core.decide.searching import _Rungs, blind, search, take
from gnnrec_core.decide.trials import SearchSettings, Trial, declared, front, read_space
from gnnrec_core.models import MODELS
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import fit
from gnnrec_core.runs.validation import Validation
from tests.worlds import make_dataset, random_dataset

SMALL = {"embedding_dim": 8, "epochs": 9, "validate_every": 1, "start": "random"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "world"
    save_dataset(random_dataset(60, 40, 10), folder)
    return folder


def without_seconds(found):
    return [
        replace(trial, figures={name: value for name, value in trial.figures.items() if name != "seconds"})
        for trial in found.trials
    ]


def test_the_test_part_is_not_touched(data, tmp_path):
    dataset = random_dataset(60, 40, 10)
    assert len(blind(dataset).interactions.rows("test")) == 0
    log = dataset.interactions
    rows, seen = log.rows("test"), {(int(u), int(i)) for u, i in zip(log.user_index, log.item_index, strict=True)}
    others = log.item_index.copy()
    for row in rows:  # what people chose later becomes something else
        free = [i for i in range(40) if (int(log.user_index[row]), i) not in seen]
        others[row] = np.random.default_rng(row).choice(free)
        seen.add((int(log.user_index[row]), int(others[row])))
    triples = list(zip(log.user_index.tolist(), others.tolist(), log.split.tolist(), strict=True))
    names = ("train", "validation", "test")
    changed = make_dataset([(u, i, names[s]) for u, i, s in sorted(triples)], 60, 40)
    save_dataset(changed, tmp_path / "changed")
    plain = make_dataset(
        [(u, i, names[s]) for u, i, s in sorted(zip(log.user_index.tolist(), log.item_index.tolist(),
         log.split.tolist(), strict=True))], 60, 40,
    )  # fmt: skip
    save_dataset(plain, tmp_path / "plain")
    found = [
        search(tmp_path / name, "lightgcn", 4, tmp_path / f"search {name}", fixed=SMALL)
        for name in ("plain", "changed")
    ]
    assert without_seconds(found[0]) == without_seconds(found[1]) and found[0].best.number == found[1].best.number


def test_a_killed_search_is_taken_up_and_gives_the_same_study(data, tmp_path):
    whole = search(data, "lightgcn", 6, tmp_path / "whole", fixed=SMALL)
    words = ["search", str(data), "--model", "lightgcn", "--trials", "6", "--out", str(tmp_path / "killed"), "--no-run"]
    words += [f"--set={name}={value}" for name, value in SMALL.items()]
    process = subprocess.Popen([sys.executable, "-m", "gnnrec_core", *words], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("trial 2"):
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    resumed = search(data, "lightgcn", 6, tmp_path / "killed", fixed=SMALL, resume=True)
    assert without_seconds(resumed) == without_seconds(whole) and len(resumed.trials) == 6
    again = search(data, "lightgcn", 6, tmp_path / "killed", fixed=SMALL, resume=True)
    assert without_seconds(again) == without_seconds(whole)  # nothing was left to do
    with pytest.raises(RequestError, match="another one"):
        search(data, "lightgcn", 6, tmp_path / "killed", fixed=SMALL, resume=True, seed=1)
    with pytest.raises(RequestError, match="exists"):
        search(data, "lightgcn", 6, tmp_path / "killed", fixed=SMALL)


def test_a_trial_ends_at_a_rung_that_too_few_may_pass():
    def ended(value, state="COMPLETE"):
        return SimpleNamespace(state=SimpleNamespace(name=state), user_attrs={"rungs": {"8": value}})

    def is_weak(own, *others):
        study = SimpleNamespace(get_trials=lambda deepcopy: [*others, ended(9.0, "FAIL"), ended(9.0, "RUNNING")])
        return _Rungs(study, None, SearchSettings(), own).is_weak("8")

    assert not is_weak(0.1, ended(0.5))  # two trials are too few to leave one in three
    assert is_weak(0.1, ended(0.5), ended(0.4)) and is_weak(0.1, ended(0.5), ended(0.05))
    assert not is_weak(0.6, ended(0.5), ended(0.4))
    five = [ended(value) for value in (0.1, 0.2, 0.3, 0.4, 0.5)]
    assert not is_weak(0.45, *five) and is_weak(0.35, *five)  # two of six go on


def test_the_best_is_at_least_the_defaults_and_becomes_a_run(data, tmp_path, capsys):
    out = tmp_path / "found"
    words = ["search", str(data), "--model", "itemknn", "--trials", "12", "--out", str(out), "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["trials"] == 12 and {"settings", "validation"} <= found["best"].keys() and found["front"]
    trials = {trial["number"]: trial["figures"]["accuracy"] for trial in found["all"]}
    assert trials[0] <= found["best"]["validation"]["accuracy"] == max(trials.values())
    run = load_run(out / "run")
    assert run.record.settings == {**run.record.settings, **found["best"]["settings"]}
    assert run.record.figures["validation"]["ndcg@20"] == pytest.approx(max(trials.values()))
    assert sum(found["importance"].values()) == pytest.approx(1)
    assert main([*words[:-1], "--resume", "--take", "0"]) == 0
    assert load_run(out / "run").record.settings["n_neighbours"] == 100 and "best trial" in capsys.readouterr().out


def test_objectives_are_those_of_the_audit_on_validation():
    dataset = random_dataset(60, 40, 10)
    run = fit(dataset, "itemknn")
    found = measured(run, dataset, "activity")
    assert found["accuracy"] == pytest.approx(Validation(dataset)(run.model)["ndcg@20"])
    assert 0 < found["exposure"] < 1 and 0 <= found["gap"] <= 1 and found["seconds"] == run.record.figures["seconds"]
    assert [OBJECTIVES[name].higher for name in ("accuracy", "exposure", "gap", "seconds")] == [
        True,
        False,
        False,
        False,
    ]


def test_the_front_is_what_no_other_beats():
    def trial(number, accuracy, gap):
        return Trial(number, {}, {"accuracy": accuracy, "gap": gap}, 1, False)

    trials = [trial(0, 0.3, 0.2), trial(1, 0.2, 0.1), trial(2, 0.2, 0.2), trial(3, 0.3, 0.2)]
    assert [t.number for t in front(trials, ("accuracy", "gap"))] == [0, 1, 3]


def test_several_objectives_train_every_trial_to_its_end(data, tmp_path):
    rules = SearchSettings(objectives=("accuracy", "exposure"), startup=3)
    found = search(data, "itemknn", 6, tmp_path / "two", settings=rules)
    assert found.over == ("accuracy", "exposure") and not any(t.ended_early for t in found.trials)
    assert found.best in found.front
    assert take(found, data, tmp_path / "two", found.front[-1].number).name == "run"
    with pytest.raises(RequestError, match="no trial 99"):
        take(found, data, tmp_path / "two", 99)


@pytest.mark.parametrize("name", MODELS.names)
def test_where_a_model_says_one_may_look_is_allowed(name):
    kind = MODELS.load(name).settings_type
    for setting, where in declared(kind).items():
        for value in where.choices or (where.low, where.high):
            read_settings(kind, {setting: value})
        assert where.choices or where.high - where.low > 0


def test_spaces_in_words_and_what_cannot_be_searched(data, tmp_path):
    assert read_space(["l2=0.01:1:log", "n_layers=1,2", "start=random,spectral", "hide_batch=true,false"]) == {
        "l2": Search(0.01, 1.0, True), "n_layers": Search(choices=(1, 2)),
        "start": Search(choices=("random", "spectral")), "hide_batch": Search(choices=(True, False)),
    }  # fmt: skip
    with pytest.raises(RequestError, match="cannot be read"):
        read_space(["l2=a:b"])
    with pytest.raises(RequestError, match="no setting to search"):
        search(data, "popularity", 2, tmp_path / "none")
    with pytest.raises(RequestError, match="no objective 'speed'"):
        search(data, "itemknn", 2, tmp_path / "none", settings=SearchSettings(objectives=("speed",)))
    with pytest.raises(RequestError, match="n_neighbours = 0"):
        search(data, "itemknn", 2, tmp_path / "none", space={"n_neighbours": Search(0, 10)})
    save_dataset(make_dataset([(0, 0, "train"), (0, 1, "test")]), tmp_path / "bare")
    with pytest.raises(RequestError, match="no validation part"):
        search(tmp_path / "bare", "itemknn", 2, tmp_path / "none")
    assert not (tmp_path / "none").exists()
