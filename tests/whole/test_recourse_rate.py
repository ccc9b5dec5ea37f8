"""How often recourse holds: measured by trainings with the links, kept beside the run, and said with each answer."""

import json
from dataclasses import replace

import numpy as np
import pytest

import gnnrec_core as gr
from gnnrec_core.base.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.cli import main
from gnnrec_core.models.protocol import FitOptions
from gnnrec_core.runs.run import Run, load_run
from gnnrec_core.runs.training import fit, save
from gnnrec_core.whole.items import measured
from gnnrec_core.whole.items.links import Link, Trained, data_with, trained_with
from gnnrec_core.whole.items.rate import RecourseRate, load_rate
from gnnrec_core.whole.items.recourse import Recourse, Step, recourse
from gnnrec_core.whole.items.standing import n_listed, standing
from tests.models.runs import fitted
from tests.worlds import random_dataset

K = 3
WORLD = random_dataset(n_users=40, n_items=30, per_user=8, seed=1)


@pytest.fixture
def run(tmp_path):
    return load_run(save(fit(WORLD, "lightgcn", {"epochs": 2, "embedding_dim": 8}), tmp_path / "run").place)


def way(before, after, goal):
    return Recourse(goal, goal, True, (Step((), before, after, 0.0, False),), "in this model", 1, 1)


def test_the_figures_are_those_worked_out_by_hand(run):
    """Gains in the model 1, 2, 4, 5 (v: 21, 22, 24, 25) and when trained 0, 3, 4, 3."""
    ways = {item: way(10, 10 + gain, 14) for item, gain in enumerate((1, 2, 4, 5))}
    trained = {item: Trained((7,), (7 + gain,)) for item, gain in enumerate((0, 3, 4, 3))}
    control = {item: Trained((7,), (7 + gain,)) for item, gain in enumerate((0, 0, 1, -2))}
    rate = measured.rate_of(run, ways, trained, control, (K, 4, 3), 0.0)
    assert (rate.held, rate.reached, rate.by_chance, rate.n_items) == (0.75, 0.5, 0.25, 4)
    slope = (6 / 22 + 16 / 24 + 15 / 25) / (1 / 21 + 4 / 22 + 16 / 24 + 25 / 25)
    missed = [(h - slope * g) / (20 + g) ** 0.5 for g, h in ((1, 0), (2, 3), (4, 4), (5, 3))]
    assert rate.kept == pytest.approx(slope)
    assert (rate.low, rate.high) == pytest.approx((min(missed), max(missed)))
    ends = (10 + 5 * slope + each * 5 for each in (0.0, min(missed), max(missed)))
    assert rate.foretold(10, 15) == tuple(round(end) for end in ends)
    flat = replace(rate, kept=0.5, low=-0.5)
    assert flat.aimed(0, 2) == 7  # 3.5 - 0.5 sqrt(7) = 2.18; of 6: 3 - 0.5 sqrt(6) = 1.78
    assert replace(rate, low=1.0, kept=2.0).aimed(10, 3) == 3  # never fewer than what is wanted
    assert replace(rate, kept=0.0).aimed(10, 3) == 30  # and never more than ten times as many


def test_links_of_several_items_are_trained_together_by_the_same_draws(run):
    added = {2: (Link("interaction", 1), Link("interaction", 5)), 9: (Link("interaction", 7),)}
    data = data_with(WORLD, added)
    log = data.interactions
    rows = [np.flatnonzero((log.user_index == link.node) & (log.item_index == item))[0] for item, links in added.items()
            for link in links]  # fmt: skip
    found = trained_with(run, added, K, 1)
    for gone, name in ((np.array(rows), "n_before"), (np.zeros(0, np.int64), "n_after")):
        model = type(run.model).create_without(data, run.settings, 0, "cpu", np.sort(gone))
        epochs = run.record.figures["best_epoch"]
        for epoch in model.fit(FitOptions()):
            if epoch.epoch == epochs:
                break
        for item, links in added.items():
            readers = np.array([link.node for link in links])
            assert getattr(found[item], name) == (n_listed(model.score, run, item, K, readers),)


def test_it_is_kept_beside_the_run_and_said_with_each_answer(run, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path / "home"))
    item = WORLD.items.ids[4]
    words = ["item", str(run.place), "--item", item, "--k", str(K), "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["recourse_goal"]["rate"] is None
    assert main(words[:-1]) == 0
    assert "was not measured for this run. Measure it: `calibrate RUN --recourse`" in capsys.readouterr().out
    assert main([*words, "--surely"]) == 2
    assert "was not measured for this run" in capsys.readouterr().out
    assert main(["calibrate", str(run.place), "--recourse", "20"]) == 0
    assert "Trained again, such answers held for" in capsys.readouterr().out
    rate = load_rate(run)
    assert rate is not None and rate.n_items <= 20 and 0 <= rate.by_chance <= 1
    assert main([*words, "--surely"]) == 0
    goal = json.loads(capsys.readouterr().out)["recourse_goal"]
    assert goal["rate"]["held"] == rate.held and goal["aimed_at"] >= goal["n_people"]
    assert main(words[:-1]) == 0
    assert "Foretold: trained again with these links" in (said := capsys.readouterr().out)
    assert f"of {rate.n_items} other items of this run" in said
    path = run.place / "recourse.json"
    path.write_text(path.read_text().replace('"held"', '"hold"'), encoding="utf-8")
    with pytest.raises(RunError, match=r"recourse\.json is damaged"):
        load_rate(run)


def test_a_run_that_was_trained_anew_has_no_rate_yet(run):
    rate = RecourseRate(WORLD.fingerprint, "another day", K, 5, 3, 20, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0)
    measured.save_rate(rate, run)
    assert load_rate(run) is None


def test_with_a_margin_more_lists_are_aimed_at(run):
    now = standing(run, 4, K)
    rate = RecourseRate(
        WORLD.fingerprint, run.record.created, K, 5, 3, 20, 0.8, 0.5, 0.2, 0.5, 0.0, 2.0, 1.0
    )  # half is kept: for 2 that hold, 4
    measured.save_rate(rate, run)
    plain, sure = (recourse(run, 4, now, 2, 3, surely=surely) for surely in (False, True))
    assert plain.aim == plain.goal == sure.goal == int(now.listed.sum()) + 2 and sure.aim == sure.goal + 2
    assert len(sure.steps) >= len(plain.steps)


def test_what_cannot_be_measured_is_said(run):
    with pytest.raises(RequestError, match="9 items are too few"):
        gr.measure_recourse(run, 9)
    with pytest.raises(UnsupportedError, match="fitted anew"):
        gr.measure_recourse(Run.of(fitted("itemknn", WORLD), WORLD))
