"""A search on disk: `search.json` says which search it is, `study.journal` has one line a step."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gnnrec_core.base.checked import Form
from gnnrec_core.base.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.base.files import new_folder, write_json
from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.decide.objectives import Objective, find_objectives
from gnnrec_core.decide.trials import FRONT, Found, SearchSettings, Trial, front

FILE, JOURNAL, NAME = "search.json", "study.journal", "search"
FEWEST = 8
"""Trials that came to their end under which no importance is told."""


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


def open_study(out: Path, card: Card, objectives: tuple[Objective, ...], resume: bool, overwrite: bool) -> Any:
    """The study in the folder `out`, begun or taken up; RequestError where it is another search's."""
    optuna = optuna_of_ours()
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
    return optuna.create_study(
        storage=_storage(out),
        study_name=NAME,
        directions=["maximize" if objective.higher else "minimize" for objective in objectives],
        load_if_exists=True,
    )


def look(out: Path, dataset: Dataset) -> Found | None:
    """What the search in `out` has found; None before a trial has come to its end. RunError where it is damaged."""
    card, optuna = FORM.read(out / FILE), optuna_of_ours()
    rules = read_settings(SearchSettings, card.settings)
    if not (out / JOURNAL).is_file():
        return None
    try:
        study = optuna.load_study(study_name=NAME, storage=_storage(out))
        ended = [trial.state.name for trial in study.get_trials(deepcopy=False)]
        return found_in(study, card, dataset, find_objectives(rules.objectives), rules) if "COMPLETE" in ended else None
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise RunError(f"The study in {out} cannot be read: {error}.", "Search anew.", file=str(out)) from error


def _storage(out: Path) -> Any:
    optuna = optuna_of_ours()
    return optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(out / JOURNAL)))


def found_in(
    study: Any, card: Card, dataset: Dataset, objectives: tuple[Objective, ...], rules: SearchSettings
) -> Found:
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


def optuna_of_ours() -> Any:
    """Optuna, quiet; UnsupportedError where it is not installed."""
    try:
        import optuna
    except ImportError as error:
        raise UnsupportedError("A search needs Optuna.", "Install gnnrec-lens[search].") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _importance(study: Any, names: tuple[str, ...]) -> dict[str, float] | None:
    """PED-ANOVA (Watanabe et al. 2023) of the first objective over the trials that came to their end."""
    optuna = optuna_of_ours()
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
