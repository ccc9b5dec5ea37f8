"""The operator of a linear model as sliders: other powers of degrees, other half-lives, and what each would change.

Nothing is trained: what was learned is kept and the operator is another one (`runs.live`). Degree powers below 0 give
less to items for being popular, as data-adaptive normalisation does (Park et al. 2025); every figure of the audit,
accuracy by segment and who would gain or lose on the provider side stand beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gnnrec_core.audit.curves import segment_table
from gnnrec_core.audit.sources import ranked
from gnnrec_core.audit.studies.mitigation import Bench, Mitigation, judged
from gnnrec_core.runs.live import live_fields, with_live
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.training import save
from gnnrec_core.whole.items.providers import Gain, provider_gains

OPERATOR = "operator"


@dataclass(frozen=True)
class Segment:
    """Head, middle or tail of the items before and after: its share of exposure, and of its held-out interactions how
    many the lists find (NaN where too few people hold its items out)."""

    name: str
    n_items: int
    exposure_before: float
    exposure_after: float
    recall_before: float
    recall_after: float


@dataclass(frozen=True)
class Tuned:
    """What other live settings would change. `run` is the run with them, in memory."""

    mitigation: Mitigation
    segments: tuple[Segment, ...]
    providers: tuple[Gain, ...]
    run: Run = field(repr=False)


def tune(bench: Bench, values: Mapping[str, Any], seed: int = 0) -> Tuned:
    """The bench's run with these live settings, against its own lists. Errors as `runs.live.with_live`."""
    run = with_live(bench.run, values)
    lists = ranked(run.dataset, run.model.score, bench.k, bench.split)
    found = judged(bench, OPERATOR, {name: getattr(run.settings, name) for name in values}, lists)
    before, after = (segment_table(each) for each in (bench.base, found.evidence))
    columns = ("exposure_share", "recall")
    segments = tuple(
        Segment(one["segment"], one["n_items"], *(row[name] for name in columns for row in (one, other)))
        for one, other in zip(before.iter_rows(named=True), after.iter_rows(named=True), strict=True)
    )
    return Tuned(found, segments, provider_gains(bench.base, found.evidence, seed), run)


def start_values(run: Run) -> dict[str, float]:
    """The live settings as the run has them."""
    return {each.name: float(getattr(run.settings, each.name)) for each in live_fields(run)}


def save_tuned(found: Tuned, base: Run, out: Path, overwrite: bool = False) -> Run:
    """Write the run with these settings into `out`, beside the same dataset. RequestError where `out` exists."""
    data = (base.place.resolve() / base.record.dataset_path).resolve()
    return save(found.run, out, overwrite, data)
