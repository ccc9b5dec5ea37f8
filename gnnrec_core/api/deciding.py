"""Verbs that decide: a candidate against the incumbent, how large an experiment must be, and what it said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gnnrec_core.api.answers import Answer
from gnnrec_core.api.asking import RunLike, opened
from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import SplitName

if TYPE_CHECKING:
    import pandas as pd

    from gnnrec_core.views.privacy import NameUser

GATE_COLUMNS = ("difference", "low", "high", "p_adjusted", "margin", "ok", "n_users")
READING = ("adjust", "planned_people", "shares", "min_group_size")
"""Options of `ab_read` that say how it is read; the others are columns of the log."""


def gate(
    candidate: RunLike,
    incumbent: RunLike,
    k: int = 20,
    split: str = "test",
    figures: Iterable[str] | None = None,
    by: Iterable[str] | None = None,
    seed: int = 0,
    name_user: NameUser | None = None,
    **settings: Any,
) -> Answer:
    """May `candidate` take the place of `incumbent`? Rows: figure, group, difference, low, high, margin, ok.

    `figures` may not be lost (default: `decide.gate.DECLARED`), `by` are groupings (default: all that the data have),
    `settings` are the gate's (`margin=0.05`, `group_figure="ndcg"`). Lists from anywhere are runs too (`from_lists`).
    People appear under pseudonyms unless `name_user` names them otherwise. RunError where the two have different data.
    """
    from gnnrec_core.base.pseudonyms import load_pseudonyms
    from gnnrec_core.decide.gate import DECLARED, GateSettings
    from gnnrec_core.decide.gate import gate as core
    from gnnrec_core.runs.workspace import workspace
    from gnnrec_core.views.decide.gate import gate_sections, people_rows

    if name_user is None:
        here = workspace()
        name_user = load_pseudonyms(here.home, here.read_only).name
    found = core(
        opened(candidate),
        opened(incumbent),
        k,
        figures=DECLARED if figures is None else tuple(figures),
        groupings=None if by is None else tuple(by),
        split=cast(SplitName, split),
        settings=read_settings(GateSettings, settings),
        seed=seed,
    )
    content = {**found.to_dict(), "people": list(people_rows(found, name_user))}
    return Answer(
        f"{found.candidate} in the place of {found.incumbent}: {found.verdict.word}",
        found,
        content,
        lambda: _gate_rows(content),
        lambda: gate_sections(found, name_user),
    )


def _gate_rows(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row a figure of everybody, then of each group."""
    named = [("all users", figure) for figure in content["figures"]]
    named += [(f"{group['grouping']} {group['group']}", group) for group in content["groups"]]
    for group, one in named:
        yield {"figure": one["name"], "group": group, **{name: one[name] for name in GATE_COLUMNS}}


def ab_read(
    log: pd.DataFrame | str | Path,
    outcomes: str | Iterable[str] = "outcome",
    by: Iterable[str] = (),
    run: RunLike | None = None,
    k: int = 20,
    seed: int = 0,
    **options: Any,
) -> Answer:
    """What the log of an experiment says. Rows: metric, arm, difference, low, high, p_value, p_adjusted, ...

    `outcomes` are columns that are summed a person, or `"clicks/views"`; `by` are columns with groups of people; `run`
    knows the people: their groups, what to expect of them, and what carries their lists. `options`: `user="user"`,
    `arm="arm"`, `time`, `before=["clicks_before"]`, `start="2026-11-01"`, `control`, `crossed` (`decide.ab.log`), and
    `adjust="holm"`, `planned_people`, `shares`, `min_group_size` (`decide.ab.reading`). Raises DataError where the log
    cannot be read.
    """
    from gnnrec_core.decide.ab.log import LogSettings, read_log
    from gnnrec_core.decide.ab.reading import ReadSettings, read_experiment
    from gnnrec_core.decide.ab.traits import traits_of
    from gnnrec_core.views.decide.experiment import reading_sections

    columns = {name: value for name, value in options.items() if name not in READING}
    rules = {name: value for name, value in options.items() if name in READING}
    held = read_log(log, read_settings(LogSettings, {**columns, "outcomes": _names(outcomes)}))
    traits = traits_of(held, _names(by), None if run is None else opened(run), k)
    found = read_experiment(held, read_settings(ReadSettings, rules), traits, seed)
    content = found.to_dict()
    return Answer(
        " against ".join(found.arms[::-1]),
        found,
        content,
        lambda: ({k: v for k, v in one.items() if not isinstance(v, dict)} for one in content["effects"]),
        lambda: reading_sections(found),
    )


def ab_plan(
    *runs: RunLike,
    log: pd.DataFrame | str | Path | None = None,
    outcomes: str | Iterable[str] = "outcome",
    columns: dict[str, Any] | None = None,
    k: int = 20,
    seed: int = 0,
    **settings: Any,
) -> Answer:
    """How large an experiment must be: from `log`, or from runs in hand. Rows: an outcome each.

    With two runs also what interleaving would need. `columns` are those of the log (as the options of `ab_read`),
    `settings` those of the plan (`effect=0.05`, `power=0.8`, `people_per_day`, `segments`, ...).
    """
    from gnnrec_core.decide.ab.desk import plan_experiment
    from gnnrec_core.decide.ab.log import LogSettings, read_log
    from gnnrec_core.decide.ab.planning import PlanSettings
    from gnnrec_core.views.decide.experiment import plan_sections

    held = None
    if log is not None:
        held = read_log(log, read_settings(LogSettings, {**(columns or {}), "outcomes": _names(outcomes)}), 1)
    found = plan_experiment([opened(run) for run in runs], held, read_settings(PlanSettings, settings), k, seed)
    content = found.to_dict()
    return Answer("How large an experiment", found, content, lambda: content["outcomes"], lambda: plan_sections(found))


def off_policy(
    log: pd.DataFrame | str | Path, run: RunLike, outcome: str = "outcome", k: int = 10, **columns: Any
) -> Answer:
    """What lists of `k` of `run` would have earned, from a log that says how likely each shown item was to be shown.

    `columns`: `user="user"`, `item="item"`, `propensity`. Rows: estimate, value, low, high. RequestError where the log
    has no propensities.
    """
    from gnnrec_core.decide.ab.off_policy import PolicySettings
    from gnnrec_core.decide.ab.off_policy import off_policy as core
    from gnnrec_core.views.decide.experiment import policy_sections

    settings = read_settings(PolicySettings, {**columns, "outcome": outcome})
    found = core(log, opened(run), settings, k)
    content = found.to_dict()
    return Answer(
        f"What lists of {found.run} would have earned",
        found,
        {"off_policy": content},
        lambda: ({"estimate": name, **content[name]} for name in ("logged", "ips", "snips", "dr")),
        lambda: policy_sections(found),
    )


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
