"""Runs side by side, with the baselines that any of them has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.decision import POWER, PRACTICAL, Decision, Effect, decide, interval_from_test
from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.gate import Gate, gate_of
from gnnrec_core.audit.metrics import METRICS, Metric, default_tests, find_convention, find_metric, measurable
from gnnrec_core.audit.sources import evidence_of, gather, ranked
from gnnrec_core.audit.stats.statistics import ALPHA, PairedTests, paired_tests
from gnnrec_core.audit.studies.mitigation import Parts, paired_values
from gnnrec_core.audit.verdicts import pair_sentence
from gnnrec_core.base.errors import LensError, RunError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import Dataset, IntArray, SplitName
from gnnrec_core.data.known import Published, published
from gnnrec_core.models import MODELS
from gnnrec_core.models.protocol import SizedRecommender
from gnnrec_core.ranking.intervals import Interval, mean_interval
from gnnrec_core.ranking.recommendations import Recommendations
from gnnrec_core.ranking.topk import source_of
from gnnrec_core.runs.recommend import empty_part
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.training import fit_model

CHANCE = "random"
BASELINES = (*MODELS.having("baseline"), CHANCE)
BASELINE_BYTES = 4 * 2**30
"""A baseline that would need more memory than this is left out of the table, with the reason."""


@dataclass(frozen=True)
class Row:
    """A run or a baseline in the table. `name` is the run folder's name or the baseline's."""

    name: str
    model: str
    is_baseline: bool
    metrics: dict[str, Interval]
    items: dict[str, float]

    @property
    def is_chance(self) -> bool:
        """Whether it is lists drawn at random."""
        return self.is_baseline and self.model == CHANCE


@dataclass(frozen=True)
class PairedDifference:
    """`run` minus `other` over the users measurable in both; interval and `p_adjusted` are for the whole comparison
    together and say the same; what can be said of it is `decision`, in words `sentence`."""

    metric: str
    run: str
    other: str
    value: float
    low: float
    high: float
    p_value: float
    p_adjusted: float
    n_users: int
    n_better: int
    n_worse: int
    decision: Decision
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        found = asdict(self)
        return {**found, **found.pop("decision"), "stands": self.decision.stands, "runs": [self.run, self.other]}


@dataclass(frozen=True)
class Case:
    """One figure of `run` against `other` on the same people: their parts `after` and `before` `[n]` each. Who does not
    count, because not in a group say, has the parts 0 / 0."""

    metric: Metric
    run: str
    other: str
    after: Parts
    before: Parts


@dataclass(frozen=True)
class Comparison:
    """Runs and baselines on the same data, k and users. `evidence` keeps each row's lists, for charts."""

    k: int
    split: str
    fingerprint: str
    dataset: str
    convention: str
    rows: tuple[Row, ...]
    differences: tuple[PairedDifference, ...]
    warnings: tuple[str, ...]
    evidence: dict[str, Evidence] = field(default_factory=dict, repr=False)
    published: Published | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            "k": self.k,
            "split": self.split,
            "fingerprint": self.fingerprint,
            "dataset": self.dataset,
            "convention": self.convention,
            "runs": [
                {
                    "run": row.name,
                    "model": row.model,
                    "baseline": row.is_baseline,
                    "metrics": {name: value.to_dict() for name, value in row.metrics.items()},
                    "items": row.items,
                }
                for row in self.rows
            ],
            "differences": [d.to_dict() for d in self.differences],
            "warnings": list(self.warnings),
            "published": None if self.published is None else self.published.to_dict(),
        }


def compare(
    runs: Sequence[Run],
    k: int = 20,
    *,
    split: SplitName = "test",
    convention: str = "ours",
    baselines: Sequence[str] = BASELINES,
    tested: Sequence[str] | None = None,
    n_permutations: int = 2000,
    seed: int = 0,
) -> Comparison:
    """The runs and the baselines side by side; each run is tested against the first and against each baseline.

    Raises RunError where the runs are of different data: their figures cannot be compared.
    """
    check_same_data(runs)
    convention, dataset = find_convention(convention), runs[0].dataset
    gate = gate_of(dataset)
    names = unique_names(runs)
    evidence = {name: gather(run, k, split) for name, run in zip(names, runs, strict=True)}
    warnings = [] if len(dataset.interactions.rows(split)) else [" ".join(empty_part(dataset, split))]
    for name in baselines:
        try:
            evidence[f"baseline: {name}"] = evidence_of(dataset, baseline_lists(dataset, name, k, split, seed), split)
        except LensError as error:
            warnings.append(f"The baseline {name} is left out: {error.message}")
    models = {name: run.record.model for name, run in zip(names, runs, strict=True)}
    rows = tuple(
        _row(name, models.get(name, name.removeprefix("baseline: ")), name not in models, e, convention, gate)
        for name, e in evidence.items()
    )
    pairs = [(name, names[0]) for name in names[1:]]
    pairs += [(name, other) for name in names for other in evidence if other not in models]
    tested = default_tests("compare") if tested is None else tested
    differences = _differences(evidence, pairs, tested, convention, n_permutations, seed, gate)
    return Comparison(
        k, split, dataset.fingerprint, dataset.name, convention, rows, differences, tuple(warnings), evidence,
        _published(dataset, k, split, rows, convention),
    )  # fmt: skip


def _published(dataset: Dataset, k: int, split: SplitName, rows: Sequence[Row], convention: str) -> Published | None:
    """What others published on the same data, beside the runs (baselines are ours, not theirs)."""
    figures = {
        row.name: {name: each.value for name, each in row.metrics.items()} for row in rows if not row.is_baseline
    }
    named = [name for name, metric in METRICS.items() if convention in {v.convention for v in metric.variants}]
    return published(dataset, k, split, figures, dict.fromkeys(named, convention))


def check_same_data(runs: Sequence[Run]) -> None:
    """RunError unless all runs have the fingerprint of the first."""
    for run in runs[1:]:
        if run.dataset.fingerprint != runs[0].dataset.fingerprint:
            raise RunError(
                f"{runs[0].name} and {run.name} were trained on different data "
                f"({runs[0].dataset.fingerprint[:12]} and {run.dataset.fingerprint[:12]}).",
                "Compare runs of one dataset; train them again on the same import.",
                fingerprints=[r.dataset.fingerprint for r in runs],
            )


def unique_names(runs: Sequence[Run]) -> list[str]:
    """The folder names of the runs, numbered where two are the same or one is called as a baseline is."""
    taken, names = {f"baseline: {name}" for name in BASELINES}, list[str]()
    for run in runs:
        name, number = run.name, 2
        while name in names or name in taken:
            name, number = f"{run.name} ({number})", number + 1
        names.append(name)
    return names


def baseline_lists(dataset: Dataset, name: str, k: int, split: SplitName = "test", seed: int = 0) -> Recommendations:
    """Lists of a baseline, computed from the train interactions and kept for the next call.

    "random" draws a score for each pair from `seed`; the others are models with their default settings. Raises
    UnsupportedError or RequestError where a model does not fit in memory.
    """
    return _baseline_lists(_ByFingerprint(dataset), name, k, split, seed)


class _ByFingerprint:
    """A dataset that is equal to another with the same content: the key of the cache."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __hash__(self) -> int:
        return hash(self.dataset.fingerprint)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByFingerprint) and self.dataset.fingerprint == other.dataset.fingerprint


@lru_cache(maxsize=16)
def _baseline_lists(key: _ByFingerprint, name: str, k: int, split: SplitName, seed: int) -> Recommendations:
    dataset = key.dataset
    if name == CHANCE:

        def random_scores(users: IntArray) -> NDArray[np.float32]:
            rng = np.random.default_rng([seed, int(users[0])])
            return rng.random((len(users), dataset.n_items), dtype=np.float32)

        return ranked(dataset, random_scores, k, split)
    kind = MODELS.load(name)
    settings = read_settings(kind.settings_type, {})
    if isinstance(kind, SizedRecommender) and kind.memory_bytes(dataset, settings) > BASELINE_BYTES:
        raise LensError(f"{name} would need more than {BASELINE_BYTES / 2**30:.0f} GB for {dataset.n_items:,} items.")
    model = kind.create(dataset, settings, seed, "cpu")
    fit_model(model)
    return ranked(dataset, source_of(model), k, split)


def _row(name: str, model: str, is_baseline: bool, evidence: Evidence, convention: str, gate: Gate) -> Row:
    metrics = measurable(evidence)
    return Row(
        name,
        model,
        is_baseline,
        {m.name: gate.interval(m, m.parts(evidence, convention)) for m in metrics if m.level != "global"},
        {m.name: gate.value(m, evidence, convention).value for m in metrics if m.level == "global"},
    )


def _differences(
    evidence: dict[str, Evidence],
    pairs: Sequence[tuple[str, str]],
    tested: Sequence[str],
    convention: str,
    n_permutations: int,
    seed: int,
    gate: Gate,
) -> tuple[PairedDifference, ...]:
    metrics = [find_metric(name) for name in tested]
    parts = {(m.name, key): m.parts(e, convention) for m in metrics for key, e in evidence.items()}
    cases = [Case(m, run, other, parts[m.name, run], parts[m.name, other]) for m in metrics for run, other in pairs]
    return tuple(found for found in paired_differences(cases, gate, n_permutations, seed) if found is not None)


def paired_differences(
    cases: Sequence[Case], gate: Gate, n_permutations: int = 2000, seed: int = 0, practical: float = PRACTICAL
) -> tuple[PairedDifference | None, ...]:
    """The difference of each case, adjusted for all of them together; None where too few are measurable in both."""
    if not cases:
        return ()
    changes = [paired_values(case.before, case.after) for case in cases]
    tests = paired_tests(np.stack(changes, axis=1), n_permutations, seed)
    return tuple(
        _difference(case, change, tests, number, practical) if _is_enough(change, gate) else None
        for number, (case, change) in enumerate(zip(cases, changes, strict=True))
    )


def _is_enough(change: NDArray[np.float64], gate: Gate) -> bool:
    known = np.isfinite(change)
    return bool(known.any()) and gate.is_enough(known)


def _difference(
    case: Case, change: NDArray[np.float64], tests: PairedTests, number: int, practical: float
) -> PairedDifference:
    metric, run, other, parts = case.metric, case.run, case.other, (case.after, case.before)
    known = np.isfinite(change)
    n, figures = int(known.sum()), [metric.interval((top[known], bottom[known])).value for top, bottom in parts]
    value = float(change[known].mean())
    p_value, p_adjusted, reach = (float(of[number]) for of in (tests.p_value, tests.p_adjusted, tests.reach))
    outer, span = None, float("inf")
    if metric.level == "user" and metric.bounds and all(metric.fits(top[known]) for top, _ in parts):
        span = metric.bounds[1] - metric.bounds[0]
        wide = mean_interval(change, 1 - ALPHA / len(tests.reach), (-span, span))
        outer = (wide.low, wide.high)
    low, high = interval_from_test(value, reach, p_adjusted, outer, span)
    detectable = reach * (1 + POWER / tests.critical) if tests.critical else float("nan")
    effect = Effect(value, low, high, p_value, p_adjusted, figures[1] - metric.offset, n, n, detectable)
    decision = decide(metric, effect, practical)
    return PairedDifference(
        metric.name, run, other, value, low, high, p_value, p_adjusted, n,
        int((change > 1e-12).sum()), int((change < -1e-12).sum()), decision,
        pair_sentence(metric, run, other, figures, effect, decision, practical),
    )  # fmt: skip
