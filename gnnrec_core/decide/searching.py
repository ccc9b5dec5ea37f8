"""A search for settings, with its price: Optuna proposes, weak trials end early, nothing but validation is looked at.

Trial 0 is the model's own defaults. A trial goes on past a rung (`first_rung`, times `reduction`, ...) only if its best
validation so far is among the best 1 / `reduction` of the trials that came that far (asynchronous successive halving,
Li et al. 2020). With several objectives every trial is trained to its end. The test part is taken out of the data
before anything is trained.

The study lies in FOLDER/study.journal, one line a step, so several processes can work on it, and one that was killed is
taken up again: what a trial is proposed depends on the seed, its place, and the trials that have ended before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError, RunError
from gnnrec_core.base.settings import Search, Settings, read_settings
from gnnrec_core.data.dataset import Dataset, without_rows
from gnnrec_core.data.store import load_dataset
from gnnrec_core.decide.objectives import Objective, find_objectives, measured
from gnnrec_core.decide.study import Card, found_in, open_study, optuna_of_ours
from gnnrec_core.decide.trials import Found, SearchSettings, Trial, declared
from gnnrec_core.models import MODELS
from gnnrec_core.models.protocol import Epoch
from gnnrec_core.runs.heartbeat import is_alive, own_process
from gnnrec_core.runs.recommend import empty_part
from gnnrec_core.runs.record import RunRecord
from gnnrec_core.runs.training import fit, train
from gnnrec_core.runs.validation import K

RUN = "run"
FIGURE = f"ndcg@{K}"


class _Ended(Exception):
    """A trial that ends at a rung."""


def search(
    dataset_folder: Path,
    model: str,
    n_trials: int,
    out: Path,
    *,
    settings: SearchSettings | None = None,
    fixed: Mapping[str, Any] | None = None,
    space: Mapping[str, Search] | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    on_trial: Callable[[Trial], None] | None = None,
) -> Found:
    """Search until `n_trials` have ended.

    `fixed` are settings of every trial, `space` where to look for others (default: what the model declares). `resume`
    takes up a search, also beside processes that are at it. UnsupportedError where Optuna is not installed,
    RequestError where the dataset has no validation part, nothing can be searched, or the folder is another search's.
    """
    if n_trials < 1:
        raise RequestError(f"{n_trials} trials find nothing.", "Ask for 1 or more.", value=n_trials)
    if resume and overwrite:
        raise RequestError("A search cannot be taken up and begun anew at once.", "Choose one of the two.")
    rules, dataset = settings or SearchSettings(), load_dataset(dataset_folder)
    if not len(dataset.interactions.rows("validation")):
        raise RequestError(*empty_part(dataset, "validation"), value="validation")
    objectives = find_objectives(rules.objectives)
    kind = MODELS.load(model).settings_type
    start = read_settings(kind, fixed or {})
    places = {name: where for name, where in (space or declared(kind)).items() if name not in (fixed or {})}
    if not places:
        raise RequestError(f"{model} has no setting to search.", "Name some with --space name=low:high.", value=model)
    for name, where in places.items():
        for value in where.choices or (where.low, where.high):
            read_settings(kind, {name: value})
    looked = {name: {**asdict(where), "choices": list(where.choices)} for name, where in places.items()}
    card = Card(model, dataset.fingerprint, seed, rules.model_dump(mode="json"), start.model_dump(mode="json"), looked)
    study = open_study(out, card, objectives, resume, overwrite)
    job = _Job(study, blind(dataset), model, start, places, objectives, rules, seed, device)
    while (asked := job.next(n_trials)) is not None:
        progress.report(asked[1], n_trials, f"trial {asked[1] + 1} of {n_trials}")
        trial = job.run(*asked)
        if on_trial is not None:
            on_trial(trial)
    return found_in(study, card, dataset, objectives, rules)


def blind(dataset: Dataset) -> Dataset:
    """The dataset without its test part: all that a search is shown."""
    return without_rows(dataset, dataset.interactions.rows("test"))


def take(found: Found, dataset_folder: Path, out: Path, number: int | None = None, device: str = "auto") -> Path:
    """Train a trial (default: the best) into the run `out/run`, as it was trained in the search; the run's folder.

    RequestError where there is no such trial.
    """
    chosen = found.best if number is None else next((t for t in found.trials if t.number == number), None)
    if chosen is None:
        raise RequestError(f"There is no trial {number}.", f"Choose 0 to {len(found.trials) - 1}.", value=number)
    folder = out / RUN
    wanted = {**found.start, **chosen.settings}
    if (folder / "run.json").is_file():
        record = RunRecord.read(folder)
        if record.state == "finished" and record.settings == wanted and record.seed == found.seed:
            return folder
    train(dataset_folder, found.model, wanted, folder, found.seed, device, overwrite=True)
    return folder


@dataclass
class _Job:
    """One process at a search."""

    study: Any
    dataset: Dataset
    model: str
    start: Settings
    places: Mapping[str, Search]
    objectives: tuple[Objective, ...]
    rules: SearchSettings
    seed: int
    device: str

    def next(self, n_trials: int) -> tuple[Any, int] | None:
        """A trial to run and its place among those that count; None where there are enough."""
        optuna, trials = optuna_of_ours(), self.study.get_trials(deepcopy=False)
        failed = optuna.trial.TrialState.FAIL
        for trial in trials:
            if not trial.state.is_finished() and not is_alive(trial.user_attrs.get("process", {})):
                self.study.tell(trial.number, state=failed)  # whoever ran it was killed: it begins anew
        trials = self.study.get_trials(deepcopy=False)
        if sum(trial.state != failed for trial in trials) >= n_trials:
            return None
        asked = self.study.ask()
        asked.set_user_attr("process", own_process())
        place = asked.number - sum(trial.state == failed for trial in trials if trial.number < asked.number)
        draws = int(np.random.SeedSequence([self.seed, place]).generate_state(1)[0])
        self.study.sampler = optuna.samplers.TPESampler(seed=draws, n_startup_trials=self.rules.startup)
        return asked, place

    def run(self, asked: Any, place: int) -> Trial:
        """Train it, measure it, tell the study."""
        state = optuna_of_ours().trial.TrialState
        try:
            tried = {name: self._suggest(asked, name, where) for name, where in self.places.items()} if place else {}
            settings = read_settings(type(self.start), {**self.start.model_dump(), **tried})
            rungs = _Rungs(self.study, asked, self.rules) if len(self.objectives) == 1 else None
            figures, epochs, ended = self._train(settings, rungs)
            for name, value in {"settings": tried, "figures": figures, "epochs": epochs, "place": place}.items():
                asked.set_user_attr(name, value)
            values = None if ended else [figures[objective.name] for objective in self.objectives]
            self.study.tell(asked, values, state=state.PRUNED if ended else state.COMPLETE)
        except BaseException:
            self.study.tell(asked, state=state.FAIL)
            raise
        return Trial(place, tried, figures, epochs, ended)

    def _train(self, settings: Settings, rungs: _Rungs | None) -> tuple[dict[str, float], int, bool]:
        """Figures, epochs, and whether it was ended early: at a rung, or because the loss diverged."""
        epochs: list[Epoch] = []

        def watch(epoch: Epoch) -> None:
            progress.check()
            epochs.append(epoch)
            if rungs is not None:
                rungs.pass_or_end(epoch)

        try:
            run = fit(self.dataset, self.model, settings, self.seed, self.device, watch)
        except (_Ended, RunError):
            best = max((epoch.validation[FIGURE] for epoch in epochs if epoch.validation), default=0.0)
            return {"accuracy": best}, len(epochs), True
        return measured(run, self.dataset, self.rules.group_by), len(epochs), False

    def _suggest(self, asked: Any, name: str, where: Search) -> Any:
        if where.choices:
            return asked.suggest_categorical(name, where.choices)
        if isinstance(getattr(self.start, name), int):
            return asked.suggest_int(name, int(where.low), int(where.high), log=where.log)
        return asked.suggest_float(name, where.low, where.high, log=where.log)


@dataclass
class _Rungs:
    """Where a trial is compared with those before it."""

    study: Any
    asked: Any
    rules: SearchSettings
    best: float = 0.0
    passed: dict[str, float] = field(default_factory=dict)

    def pass_or_end(self, epoch: Epoch) -> None:
        """Note the best so far at each rung that the epoch reaches; raises `_Ended` where it is not good enough."""
        self.best = max(self.best, epoch.validation.get(FIGURE, 0.0))
        if not epoch.validation:
            return
        rung = self.rules.first_rung
        while rung <= epoch.epoch:
            if str(rung) not in self.passed:
                self.passed[str(rung)] = self.best
                self.asked.set_user_attr("rungs", self.passed)
                if self.is_weak(str(rung)):
                    raise _Ended
            rung *= self.rules.reduction

    def is_weak(self, rung: str) -> bool:
        """Whether fewer than one in `reduction` of those that came to this rung are to go on, and it is not of them."""
        others = [
            trial.user_attrs["rungs"][rung]
            for trial in self.study.get_trials(deepcopy=False)
            if trial.state.name in ("COMPLETE", "PRUNED") and rung in trial.user_attrs.get("rungs", {})
        ]
        n = len(others) + 1
        return n >= self.rules.reduction and sum(other > self.best for other in others) >= n // self.rules.reduction
