"""Experiments and gates whose truth is known, many times over: what `decide` promises about errors."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.groups import available_groupings, group_users
from gnnrec_core.audit.metrics import find_metric
from gnnrec_core.audit.sources import gather
from gnnrec_core.audit.studies.comparing import Case, paired_differences
from gnnrec_core.decide.ab.effects import influence, with_past
from gnnrec_core.decide.ab.log import Measure
from gnnrec_core.decide.ab.sequential import reach
from gnnrec_core.decide.gate import DECLARED, gate
from tests.decide.planted import GENRE, WORST, harmed, shipped

N_LOGS = 2000
N_PEOPLE = 1000


def experiments(seed: int = 0, n_logs: int = N_LOGS) -> dict[str, Any]:
    """False findings and coverage over experiments of 1,000 people, skewed outcomes, a covariate."""
    rng, effect = np.random.default_rng(seed), 0.3
    false, covered = np.zeros(3), np.zeros(3)
    for _ in range(n_logs):
        treated = rng.random(N_PEOPLE) < 0.5
        taste, visits = rng.gamma(2.0, 1.0, N_PEOPLE), rng.poisson(3.0, N_PEOPLE) + 1.0
        clicks = rng.poisson(taste * visits) + 0.0
        for shift, counts in ((0.0, false), (effect, covered)):
            total = clicks + shift * treated
            ratio = clicks + shift * treated * visits
            found = [influence(Measure("", total, np.ones(N_PEOPLE)), treated, ~treated)]
            found.append(influence(Measure("", ratio, visits), treated, ~treated))
            found.append(with_past(found[0], np.stack([taste, visits], axis=1), treated, ~treated)[0])
            for place, estimate in enumerate(one.estimate() for one in found):
                counts[place] += (
                    estimate.low <= shift <= estimate.high if shift else not estimate.low <= 0 <= estimate.high
                )
    names = ("sum", "ratio", "cuped")
    return {
        "false_positives_once": dict(zip(names, (false / n_logs).round(4).tolist(), strict=True)),
        "coverage": dict(zip(names, (covered / n_logs).round(4).tolist(), strict=True)),
    }


def sequential(seed: int = 0, n_logs: int = N_LOGS, n_days: int = 14, a_day: int = 60) -> dict[str, float]:
    """Looking every day: people come in over the days and go on acting, so early people weigh in every look."""
    rng, n = np.random.default_rng(seed), n_days * a_day
    entered, crossed, naive = np.repeat(np.arange(n_days), a_day), 0, 0
    for _ in range(n_logs):
        treated, taste = rng.random(n) < 0.5, rng.gamma(2.0, 1.0, n)
        total, z, people = np.zeros(n), [], []
        for day in range(n_days):
            here = entered <= day
            total[here] += rng.poisson(taste[here])
            if here.sum() < 100:
                continue
            sides = [total[here & side] for side in (treated, ~treated)]
            error = np.sqrt(sum(side.var(ddof=1) / len(side) for side in sides))
            z.append(abs(sides[0].mean() - sides[1].mean()) / error)
            people.append(here.sum())
        crossed += bool((np.array(z) > reach(np.array(people), n)).any())
        naive += bool((np.array(z) > 1.96).any())
    return {"false_positives_always_valid": crossed / n_logs, "false_positives_peeking_with_welch": naive / n_logs}


def gate_of_harm(seed: int = 0, n_draws: int = 200) -> dict[str, Any]:
    """The planted harm on people drawn anew with the sample's numbers: the tests of the gate, without its ledgers."""
    candidate, incumbent, rng = harmed(), shipped(), np.random.default_rng(seed)
    whole = gate(candidate, incumbent)
    worse = next(group for group in whole.groups if group.group == WORST)
    first = next(reason.name for reason in worse.reasons if reason.by == "genres")
    evidence, dataset = [gather(run, 20) for run in (candidate, incumbent)], incumbent.dataset
    parts = {name: [find_metric(name).parts(e) for e in evidence] for name in DECLARED}
    groups = [(choice.name, group_users(dataset, choice.name)) for choice in available_groupings(dataset)]
    found = 0
    for draw in range(n_draws):
        rows = rng.integers(0, dataset.n_users, dataset.n_users)
        drawn = {name: [tuple(p[rows] for p in side) for side in sides] for name, sides in parts.items()}
        cases = [Case(find_metric(name), "candidate", "incumbent", *sides) for name, sides in drawn.items()]
        names = [("", "")] * len(cases)
        for name, grouping in groups:
            for place, label in enumerate(grouping.labels):
                inside = grouping.member[rows, place]
                sides = [tuple(np.where(inside, p, 0.0) for p in side) for side in drawn["ndcg"]]
                cases.append(Case(find_metric("ndcg"), "candidate", "incumbent", *sides))
                names.append((name, label))
        tests = paired_differences(cases, gate_of(dataset), 499, draw)
        one = tests[names.index(("region", WORST))]
        found += one is not None and one.decision.finding == "worse"
    return {
        "harm": round(worse.figure.found.value, 4),
        "of": round(worse.figure.incumbent, 4),
        "people": worse.figure.found.n_users,
        "found": found / n_draws,
        "first_reason": first,
        "cause_is_first": first == GENRE,
    }
