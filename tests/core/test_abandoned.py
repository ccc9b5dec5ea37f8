"""Work for somebody who has gone: every long question of the library asks now and then whether to go on."""

import signal
import subprocess
import sys

import numpy as np
import pytest

from gnnrec_core.audit.auditing import audit
from gnnrec_core.audit.gate import THRESHOLD, Gate
from gnnrec_core.audit.group_audit import AuditSettings
from gnnrec_core.audit.groups import group_users
from gnnrec_core.audit.rerankers import RERANKERS
from gnnrec_core.audit.studies import comparing
from gnnrec_core.audit.studies.gap_edges import gap_edges
from gnnrec_core.audit.studies.mitigation import mitigate, prepare
from gnnrec_core.base import progress
from gnnrec_core.base.errors import CancelledError, LensError
from gnnrec_core.data.apart.sandbox import draft_apart
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.questions.counterfactual import find_counterfactual
from gnnrec_core.explain.questions.why_not import why_not
from gnnrec_core.runs.job_files import TrainRequest
from gnnrec_core.runs.trial import trial
from tests.models.runs import fitted, run_of
from tests.security.test_attacker import DATA, groupings

RUN = run_of(fitted("lightgcn", DATA, epochs=1, embedding_dim=4), DATA)
BENCH = prepare(RUN, 5, "gender")
QUICK = AuditSettings(n_permutations=99)
FIRST = [int(item) for item in BENCH.base.lists.item_index[0]]


class Gone:
    """Stops at the time that it is asked for the `nth` time."""

    def __init__(self, nth: int) -> None:
        self.left, self.asked = nth, 0

    def __call__(self) -> None:
        self.asked, self.left = self.asked + 1, self.left - 1
        if not self.left:
            raise CancelledError("Gone.")


def compare() -> object:
    comparing._baseline_lists.cache_clear()
    return comparing.compare([RUN], 5, n_permutations=99)


QUESTIONS = {
    "audit": lambda: audit(RUN, 5, "gender", settings=QUICK),
    "compare": compare,
    "gap edges": lambda: gap_edges(RUN, group_users(DATA, "gender"), "f", k=5, n_checked=2),
    "the gate": lambda: Gate(DATA, THRESHOLD).shown(group_users(DATA, "gender+job"), np.ones(DATA.n_users, bool)),
    "counterfactual": lambda: find_counterfactual(RUN, 0, FIRST[0], 5),
    "why not": lambda: why_not(RUN, 0, _outside(), 5),
    **{f"re-ranking by {name}": lambda name=name: mitigate(BENCH, name) for name in RERANKERS.names},
}


def _outside() -> int:
    seen = set(DATA.interactions.item_index[DATA.interactions.user_index == 0].tolist())
    return next(item for item in range(DATA.n_items) if item not in seen and item not in FIRST)


def asked(question) -> int:
    count = Gone(-1)
    with progress.stoppable(count):
        try:
            question()
        except CancelledError:
            raise
        except LensError:
            return -1
    return count.asked


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_long_question_stops_when_whoever_asked_has_gone(name):
    asked(QUESTIONS[name])  # what is kept for the next time is worked out
    n = asked(QUESTIONS[name])
    assert n > 0
    for nth in {1, max(1, n // 2), max(1, n)}:
        with pytest.raises(CancelledError), progress.stoppable(Gone(nth)):
            QUESTIONS[name]()


@pytest.mark.parametrize("method", EXPLAINERS.names)
def test_an_explanation_that_asks_the_model_again_and_again_stops_too(method):
    n = asked(lambda: explain(RUN, 0, FIRST[0], method, k=5))
    if n < 0:
        pytest.skip("this model is not served by it")
    if n:
        with pytest.raises(CancelledError), progress.stoppable(Gone(max(1, n // 2))):
            explain(RUN, 0, FIRST[0], method, k=5)


def test_what_the_gate_lets_in_does_not_depend_on_who_left_while_it_worked():
    counted = np.ones(DATA.n_users, bool)
    fresh, interrupted = Gate(DATA, THRESHOLD), Gate(DATA, THRESHOLD)
    for nth in (1, 2, 3, 5, 8, 13, 21, 34, 55):
        for by in groupings()[-3:]:
            try:
                with progress.stoppable(Gone(nth)):
                    interrupted.shown(group_users(DATA, by), counted)
            except CancelledError:
                continue
    for by in groupings():
        grouping = group_users(DATA, by)
        assert (interrupted.shown(grouping, counted) == fresh.shown(grouping, counted)).all()


@pytest.mark.parametrize("nth", [1, 3])
def test_a_file_that_is_read_apart_is_let_go_and_leaves_no_child(tmp_path, monkeypatch, nth):
    (tmp_path / "log.csv").write_text("user,item\n" + "".join(f"u{n},i{n % 7}\n" for n in range(50)))
    children: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *words, **more: children.append(real(*words, **more)) or children[-1]
    )
    with pytest.raises(CancelledError), progress.stoppable(Gone(nth)):
        draft_apart(tmp_path / "log.csv", tmp_path)
    assert [child.poll() for child in children] == [-signal.SIGKILL]
    assert not list(tmp_path.glob("draft_*"))


def test_a_trial_is_let_go_and_leaves_no_child(tmp_path, monkeypatch):
    children: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen
    endless = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(
        subprocess, "Popen", lambda words, **more: children.append(real(endless, **more)) or children[-1]
    )
    with pytest.raises(CancelledError), progress.stoppable(Gone(2)):
        trial(TrainRequest(str(tmp_path), "popularity", {}))
    assert [child.poll() for child in children] == [-signal.SIGKILL]
