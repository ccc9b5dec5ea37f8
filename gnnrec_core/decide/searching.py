"""A search for settings, with its price: Optuna proposes, weak trials end early, nothing but validation is looked at.

Trial 0 is the model's own defaults. A trial goes on past a rung (`first_rung`, times `reduction`, ...) only if its best
validation so far is among the best 1 / `reduction` of the trials that came that far (asynchronous successive halving,
Li et al. 2020). With several objectives every trial is trained to its end. The test part is taken out of the data
before anything is trained.

The study lies in FOLDER/study.journal, one line a step, so several processes can work on it, and one that was killed is
taken up again: what a trial is proposed depends on the seed, its place, and the trials that have ended before it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from gnnrec_core.base.checked import Form
from gnnrec_core.base.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.base.files import new_folder, write_json
from gnnrec_core.base.settings import Search, Settings, describe_settings, read_settings, split_assignments
from gnnrec_core.data.dataset import Dataset, without_rows
from gnnrec_core.data.store import load_dataset
from gnnrec_core.decide.objectives import OBJECTIVES, Objective, find_objectives, measured
from gnnrec_core.models import MODELS
from gnnrec_core.models.protocol import Epoch
from gnnrec_core.runs.heartbeat import is_alive, own_process
from gnnrec_core.runs.recommend import empty_part
from gnnrec_core.runs.record import RunRecord
from gnnrec_core.runs.training import fit, train
from gnnrec_core.runs.validation import K

FILE, JOURNAL, RUN = "search.json", "study.journal", "run"
FIGURE = f"ndcg@{K}"
FEWEST = 8
"""Trials that came to their end under which no importance is told."""
FRONT = ("accuracy", "exposure", "gap")
"""What the front is drawn over where there is one objective; with several, over those."""


class SearchSettings(Settings):
    """How a search goes on."""

    objectives: tuple[str, ...] = Field(
        default=("accuracy",), min_length=1, description="accuracy, exposure, gap, seconds"
    )
    group_by: str = Field(default="activity", description="the groups whose gap is measured")
    first_rung: int = Field(default=8, ge=1, le=10_000, description="epochs before a trial can be ended early")
    reduction: int = Field(default=3, ge=2, le=10, description="one in how many goes on past a rung")
    startup: int = Field(default=10, ge=1, le=1000, description="trials at random before any is proposed from others")


@dataclass(frozen=True)
class Card:
    """`search.json`: what makes two searches the same one."""

    model: str
    dataset_fingerprint: str
    seed: int
    settings: dict[str, Any]
    fixed: dict[str, Any]
    space: dict[str, Any]


FORM = Form(Card, RunError, "Search into another folder.", 1, most_bytes=2**20)


@dataclass(frozen=True)
class Trial:
    """One training: `settings` that were tried, `figures` on validation (objective by name), the epochs it ran, and
    whether it was ended early."""

    number: int
    settings: dict[str, Any]
    figures: dict[str, float]
    epochs: int
    ended_early: bool


@dataclass(frozen=True)
class Found:
    """A search: `best` by the first objective, `front` the trials that no other beats in every figure of `over`,
    `importance` the share of each setting in how the first objective varies (None: too few trials)."""

    model: str
    dataset: str
    trials: tuple[Trial, ...]
    best: Trial
    front: tuple[Trial, ...]
    over: tuple[str, ...]
    importance: dict[str, float] | None
    settings: SearchSettings
    start: dict[str, Any]
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """The JSON of the contract, with more beside it."""
        return {
            "model": self.model, "dataset": self.dataset,
            "best": {"settings": self.best.settings, "validation": self.best.figures, "trial": self.best.number},
            "trials": len(self.trials), "ended_early": sum(trial.ended_early for trial in self.trials),
            "front": [asdict(trial) for trial in self.front], "over": list(self.over),
            "importance": self.importance, "all": [asdict(trial) for trial in self.trials],
            "settings": self.settings.model_dump(), "seed": self.seed,
        }  # fmt: skip


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
    study = _study(out, card, objectives, resume, overwrite)
    job = _Job(study, blind(dataset), model, start, places, objectives, rules, seed, device)
    while (asked := job.next(n_trials)) is not None:
        trial = job.run(*asked)
        if on_trial is not None:
            on_trial(trial)
    return _found(study, card, dataset, objectives, rules)


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


def declared(kind: type[Settings]) -> dict[str, Search]:
    """Where the settings of a model say that one may look."""
    return {field.name: field.search for field in describe_settings(kind) if field.search is not None}


def read_space(assignments: Sequence[str]) -> dict[str, Search]:
    """`["l2=0.01:1:log", "n_layers=1,2,3"]` as places to look.

    >>> read_space(["l2=0.01:1:log"])["l2"]
    Search(low=0.01, high=1.0, log=True, choices=())
    """
    found = {}
    for name, text in split_assignments(assignments).items():
        parts = text.split(":")
        try:
            if len(parts) == 1:
                found[name] = Search(choices=tuple(_value(part) for part in text.split(",")))
            else:
                found[name] = Search(float(parts[0]), float(parts[1]), parts[2:] == ["log"])
        except (ValueError, IndexError):
            raise RequestError(
                f"--space {name}={text!r} cannot be read.", "Write name=low:high, name=low:high:log or name=a,b,c."
            ) from None
    return found


def _value(text: str) -> Any:
    """A choice as it stands: a number, true, false, or text."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise UnsupportedError("A search needs Optuna.", "Install gnnrec-lens[search].") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _study(out: Path, card: Card, objectives: tuple[Objective, ...], resume: bool, overwrite: bool) -> Any:
    optuna = _optuna()
    if resume and (out / FILE).is_file():
        if FORM.read(out / FILE) != card:
            raise RequestError(
                f"The search in {out} is another one: its model, data, seed, settings or space differ.",
                "Take it up as it was begun, or search into another folder.",
                file=str(out),
            )
    else:
        with new_folder(out, overwrite) as temporary:
            write_json(temporary / FILE, {"format_version": 1, **asdict(card)})
    backend = optuna.storages.journal.JournalFileBackend(str(out / JOURNAL))
    return optuna.create_study(
        storage=optuna.storages.JournalStorage(backend),
        study_name="search",
        directions=["maximize" if objective.higher else "minimize" for objective in objectives],
        load_if_exists=True,
    )


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
        optuna, trials = _optuna(), self.study.get_trials(deepcopy=False)
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
        state = _optuna().trial.TrialState
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


def _found(study: Any, card: Card, dataset: Dataset, objectives: tuple[Objective, ...], rules: SearchSettings) -> Found:
    ended = [trial for trial in study.get_trials() if trial.state.name in ("COMPLETE", "PRUNED")]
    trials = tuple(
        Trial(
            t.user_attrs["place"], t.user_attrs["settings"], t.user_attrs["figures"], t.user_attrs["epochs"],
            t.state.name == "PRUNED",
        )
        for t in ended
    )  # fmt: skip
    whole = [trial for trial in trials if not trial.ended_early]
    if not whole:
        raise RequestError("No trial of the search has come to its end.", "Ask for more --trials.")
    sign = 1.0 if objectives[0].higher else -1.0
    over = tuple(o.name for o in objectives) if len(objectives) > 1 else FRONT
    return Found(
        card.model, dataset.name, tuple(sorted(trials, key=lambda trial: trial.number)),
        max(whole, key=lambda trial: (sign * trial.figures[objectives[0].name], -trial.number)),
        front(whole, over), over, _importance(study, tuple(card.space)), rules, card.fixed, card.seed,
    )  # fmt: skip


def front(trials: Sequence[Trial], over: Sequence[str]) -> tuple[Trial, ...]:
    """The trials that no other beats: at least as good in every figure of `over` and better in one."""
    signs = np.array([1.0 if OBJECTIVES[name].higher else -1.0 for name in over])
    values = np.array([[trial.figures[name] for name in over] for trial in trials]) * signs
    beaten = [((values >= own).all(1) & (values > own).any(1)).any() for own in values]
    return tuple(trial for trial, is_beaten in zip(trials, beaten, strict=True) if not is_beaten)


def _importance(study: Any, names: tuple[str, ...]) -> dict[str, float] | None:
    """PED-ANOVA (Watanabe et al. 2023) of the first objective over the trials that came to their end."""
    optuna = _optuna()
    whole = [t for t in study.get_trials(deepcopy=False) if t.state.name == "COMPLETE" and set(names) <= set(t.params)]
    if len(whole) < FEWEST:
        return None
    way = -1.0 if study.directions[0].name == "MAXIMIZE" else 1.0  # PED-ANOVA looks at what makes the target low
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = optuna.importance.get_param_importances(
            study,
            evaluator=optuna.importance.PedAnovaImportanceEvaluator(),
            params=list(names),
            target=lambda trial: way * trial.values[0],
        )
    return {name: float(share) for name, share in found.items()}
