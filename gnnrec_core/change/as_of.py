"""As of a day: the graph, the list, the ledger and the audit as they would have been.

The graph holds what train had by the end of the day. A model that refits is fitted on it; of any other the parameters
are kept, and they know what came later: then only the graph is that of the day (`moved.level_words`). Every day is
judged on the same held-out choices of the same people, so days can be compared, and the last day is the run as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from gnnrec_core.audit.auditing import audit_evidence
from gnnrec_core.audit.groups import Grouping, group_users
from gnnrec_core.audit.report import AuditReport
from gnnrec_core.audit.sources import gather
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.change.moved import Level, level_of, level_words, moved
from gnnrec_core.data.moments import as_of_day, rows_after
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.explanation import Explanation
from gnnrec_core.ranking.recommendations import Recommendations
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import Run


@dataclass(frozen=True)
class State:
    """A run as of the end of `day`: `run` is in memory, on the interactions of that day.

    `n_train` interactions of `n_users` people with `n_items` items were there; `n_later` (train and validation) came
    after. `level` says what is claimed, `words` says it for people.
    """

    day: date
    run: Run
    level: Level
    words: str
    n_train: int
    n_users: int
    n_items: int
    n_later: int


@dataclass(frozen=True)
class AsOf:
    """One case as of a day, beside the same case today: score, and rank among what the list of that day may hold.

    `explanation` is the ledger of that day; None where the model has none, and then `no_ledger` says why. `was_there`:
    whether the person already had the item.
    """

    state: State
    user_index: int
    item_index: int
    n_history: int
    was_there: bool
    score: float
    rank: int
    score_now: float
    rank_now: int
    lists: Recommendations
    explanation: Explanation | None
    no_ledger: str
    report: AuditReport = field(repr=False)


def state_of(run: Run, day: date) -> State:
    """The run as of the end of `day`. RequestError without times or before the first; UnsupportedError where the model
    does not look at interactions."""
    level = level_of(run)
    then = moved(run, as_of_day(run.dataset, day), level)
    log, seen = then.dataset.interactions, then.graph.seen
    return State(
        day,
        then,
        level,
        level_words(run, level),
        int(log.n_by_split["train"]),
        int(np.count_nonzero(np.diff(seen.indptr))),
        int(np.count_nonzero(then.graph.popularity)),
        len(rows_after(run.dataset, day)),
    )


def as_of(
    run: Run,
    user_index: int,
    item_index: int,
    day: date,
    k: int = 10,
    group_by: str | None = None,
    audit_k: int = 20,
    check_top: int = 10,
) -> AsOf:
    """The case and the audit as of the end of `day`; as of the last day they are the ordinary figures exactly."""
    state = state_of(run, day)
    then = state.run
    case = make_case(then.model, then.dataset, user_index, item_index, "score", k)
    now = make_case(run.model, run.dataset, user_index, item_index, "score", k)
    try:
        explanation = explain(then, user_index, item_index, "ledger", k=k, check_top=check_top, beyond=False)
        no_ledger = ""
    except UnsupportedError as error:
        explanation, no_ledger = None, error.message
    return AsOf(
        state,
        user_index,
        item_index,
        len(then.graph.history(user_index)),
        bool(np.isin(item_index, excluded_items(then.dataset, user_index))),
        case.score,
        case.rank,
        now.score,
        now.rank,
        recommend(then, np.array([user_index]), k),
        explanation,
        no_ledger,
        audit_as_of(run, state, audit_k, group_by),
    )


def audit_as_of(run: Run, state: State, k: int = 20, group_by: str | Grouping | None = None) -> AuditReport:
    """The audit of the lists of that day. The groups are today's: the same people every day."""
    grouping = group_users(run.dataset, group_by) if isinstance(group_by, str) else group_by
    return audit_evidence(gather(state.run, min(k, run.dataset.n_items)), grouping, run)
