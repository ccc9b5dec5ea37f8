"""Questions whose answer is trained: a person's list or item without some interactions, and other seeds.

Each is work beside the page; what comes out is kept with the run, so nothing here remembers it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gnnrec_ui import ask
from gnnrec_ui.frame import roles
from gnnrec_ui.frame.study import Study
from gnnrec_ui.server.slow_work import Work, line

if TYPE_CHECKING:
    from gnnrec_core.explain.questions.what_if import RetrainedList
    from gnnrec_core.explain.truth.luck import Luck
    from gnnrec_core.explain.truth.retraining import Retraining, Trained


def retraining(study: Study, user_index: int, item_index: int, without: tuple[int, ...], n_seeds: int) -> Work | None:
    """Training without these items of the history, as work; None until somebody asks for it."""
    return line().find(("retrain", study.key, user_index, item_index, without, n_seeds))


def retrain(study: Study, user_index: int, item_index: int, without: tuple[int, ...], n_seeds: int) -> None:
    """Begin to train without these items of the history (for the callback of a button)."""
    from gnnrec_core.explain.truth import retraining as truth

    roles.workspace().check_writable()
    run = study.run

    def question() -> Retraining:
        found = truth.retrain(run, user_index, item_index, without, n_seeds)
        ask.forget_explanations()
        return found

    line().ask(("retrain", study.key, user_index, item_index, without, n_seeds), question)


def list_retraining(study: Study, user_index: int, without: tuple[int, ...], n_seeds: int) -> Work | None:
    """Training a list without these items of the history, as work; None until somebody asks for it."""
    return line().find(("retrain list", study.key, user_index, without, n_seeds))


def retrain_list(study: Study, user_index: int, without: tuple[int, ...], n_seeds: int) -> None:
    """Begin to train without these items of the history (for the callback of a button)."""
    from gnnrec_core.explain.truth.retraining import trainings

    roles.workspace().check_writable()
    run = study.run

    def question() -> None:
        for _ in trainings(run, user_index, without, n_seeds):
            pass  # each is kept with the run, where the page finds it
        ask.forget_explanations()

    line().ask(("retrain list", study.key, user_index, without, n_seeds), question)


def trained_so_far(study: Study, user_index: int, without: tuple[int, ...]) -> tuple[Trained, ...]:
    """What was trained without these items already, here or elsewhere, as it is kept with the run."""
    from gnnrec_core.explain.truth import retraining as truth

    if truth.refits(study.run):
        return tuple(truth.trainings(study.run, user_index, without, 1))
    return truth.trained_so_far(study.run, user_index, without)


def list_trained_again(study: Study, user_index: int, pairs: tuple[Trained, ...], k: int) -> RetrainedList:
    """The list that these trainings give together."""
    from gnnrec_core.explain.questions.what_if import list_trained_again as question

    return question(study.run, user_index, pairs, k)


def known_luck(study: Study) -> Luck | None:
    """What was found of the run's luck, None where nobody asked yet."""
    from gnnrec_core.explain.truth.luck import load_luck

    return load_luck(study.run)


def staying(study: Study, user_index: int, items: list[int], k: int) -> list[float] | None:
    """How likely each of the user's first `k` items is in the list of another seed; None where luck was not measured
    for lists of `k`."""
    from gnnrec_core.explain.case import excluded_items
    from gnnrec_core.explain.truth import luck as truth

    found = known_luck(study)
    if found is None or found.k != k:
        return None
    scores = np.array(study.run.model.score(np.array([user_index]))[0], np.float64)
    scores[excluded_items(study.dataset, user_index)] = -np.inf
    chances: list[float] = truth.staying(scores, np.array(items, np.int64), k, found.sigma, found.shift).tolist()
    return chances


def luck_work(study: Study) -> Work | None:
    """Training with other seeds, as work; None until somebody asks for it."""
    return line().find(("luck", study.key))


def ask_luck(study: Study, n_seeds: int) -> None:
    """Begin to train with other seeds (for the callback of a button)."""
    from gnnrec_core.audit.group_gaps import group_gaps
    from gnnrec_core.explain.truth import luck as truth

    roles.workspace().check_writable()
    run = study.run
    line().ask(("luck", study.key), lambda: truth.luck(run, n_seeds, figures=group_gaps(run)))
