"""Experiments as blocks: what a log says, and how large the next one must be."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnnrec_core.decide.ab.bandit import Bandit
from gnnrec_core.decide.ab.desk import Desk
from gnnrec_core.decide.ab.off_policy import OffPolicy
from gnnrec_core.decide.ab.offline import Interleaving
from gnnrec_core.decide.ab.planning import Plan, effect_curve
from gnnrec_core.decide.ab.reading import MISMATCH, Effect, Reading
from gnnrec_core.decide.ab.sequential import ALPHA
from gnnrec_core.render.blocks import Block, Curves, Facts, Section, Table, Text, Verdict
from gnnrec_core.views.decide.gate import p_cell

MOST_ROWS = 15


def reading_sections(found: Reading) -> tuple[Section, ...]:
    """What the log says, effects, days, for whom."""
    return (
        Section("What it says", tuple(_said(found))),
        Section("Effects", _effects(found)),
        *([Section("Over days", _days(found))] if found.days else []),
        *([Section("For whom", tuple(_whom(found)))] if found.groups or found.traits else []),
    )


def _said(found: Reading) -> list[Block]:
    mismatch = found.srm["p_value"] < MISMATCH
    blocks: list[Block] = [
        Verdict(sentence, "warning" if mismatch and place == 0 else "note")
        for place, sentence in enumerate(found.sentences)
    ]
    pairs = [(arm, f"{n:,} people") for arm, n in zip(found.arms, found.srm["counts"], strict=True)]
    pairs.append(("chance of such a split", f"p = {found.srm['p_value']:.3g} (under {MISMATCH:g}: something is wrong)"))
    return [*blocks, Facts(tuple(pairs)), *([Text(found.notes)] if found.notes else [])]


def _effects(found: Reading) -> tuple[Block, ...]:
    rows = tuple(row for effect in found.effects for row in _effect_rows(effect))
    known = f" Known from before: {', '.join(found.before)}." if found.before else ""
    table = Table(
        ("outcome", "arm", "how", found.arms[0], "difference", "low", "high", "adjusted p"),
        rows,
        f"Differences from {found.arms[0]} with 95 % intervals, clustered by person; p adjusted for all effects "
        f"({found.settings.adjust}).{known}",
    )
    always = Table(
        ("outcome", "arm", "low", "high", "p at all times"),
        tuple((e.metric, e.arm, e.low_always, e.high_always, p_cell(e.p_always)) for e in found.effects),
        "If you look while it runs: these intervals hold at all times together, so you may stop when one leaves out 0.",
    )
    return table, always


def _effect_rows(effect: Effect) -> list[tuple[Any, ...]]:
    def row(how: str, e: Any) -> tuple[Any, ...]:
        return effect.metric, effect.arm, how, effect.control, e.difference, e.low, e.high, p_cell(e.p_adjusted)

    if effect.cuped is None:
        return [row("plain", effect.plain)]
    left = f"CUPED: {100 * effect.variance_left:.0f} % of the variance left"
    return [row("plain", effect.plain), row(left, effect.cuped)]


def _days(found: Reading) -> tuple[Block, ...]:
    days = [day for day in found.days if day.difference == day.difference]
    later = [day for day in found.days if day.so_far_low == day.so_far_low]
    blocks: list[Block] = [
        Curves(
            tuple((name, tuple(float(d.day) for d in days), tuple(getattr(d, of) for d in days))
                  for name, of in (("effect", "difference"), ("low", "low"), ("high", "high"))),
            "day since the person came in", "effect that day",
            "The effect on the first outcome by people's own days, with 95 % intervals.",
        )
    ]  # fmt: skip
    if later:
        blocks.append(
            Curves(
                tuple((name, tuple(float(d.day) for d in later), tuple(getattr(d, of) for d in later))
                      for name, of in (("effect so far", "so_far"), ("low", "so_far_low"), ("high", "so_far_high"))),
                "day of the experiment", "effect so far",
                "What was known on each day, with the interval that holds at all times together.",
            )
        )  # fmt: skip
    if found.novelty is not None:
        n = found.novelty
        blocks.append(Facts((
            ("effect a day, first half of people's days", n.early), ("second half", n.late), ("change", n.change),
            ("its 95 % interval", f"{n.low:.4g} to {n.high:.4g}"), ("p, a test of its own", n.p_value),
        )))  # fmt: skip
    return tuple(blocks)


def _whom(found: Reading) -> list[Block]:
    blocks: list[Block] = []
    if found.groups:
        ordered = sorted(found.groups, key=lambda g: g.p_adjusted if g.p_adjusted == g.p_adjusted else 2.0)
        blocks.append(Table(
            ("grouping", "group", "arm", "people", "effect", "low", "high", "more than others", "adjusted p"),
            tuple((g.grouping, g.group, g.arm, g.n, g.effect, g.low, g.high, g.difference, p_cell(g.p_adjusted))
                  for g in ordered),
            f"The effect on the first outcome in each group, and how far it is from that among everybody else; p is "
            f"adjusted for all {found.n_tried['groups']:,} that were tried.",
        ))  # fmt: skip
    if found.traits:
        blocks.append(Table(
            ("what carries their lists", "effect for one deviation more", "adjusted p", "people"),
            tuple((t.name, t.slope, p_cell(t.p_adjusted), t.n) for t in found.traits[:MOST_ROWS]),
            f"Which reasons those who gained share. Of {found.n_tried['traits']:,} tried, the strongest first; p is "
            f"how often shuffled arms give a trait as strong (a finding is under {ALPHA:g}).",
        ))  # fmt: skip
    return blocks


def policy_sections(found: OffPolicy) -> tuple[Section, ...]:
    """What other lists would have earned."""
    names = {"logged": "what was shown", "ips": "inverse propensities", "snips": "the same, self-normalised",
             "dr": "doubly robust"}  # fmt: skip
    rows = tuple((title, w.value, w.low, w.high) for name, title in names.items() for w in [getattr(found, name)])
    caption = f"Mean outcome a row had one of the {found.k} items of each list of {found.run} been shown at random."
    facts = Facts((("rows", found.n_rows), ("people", found.n_people), ("rows they are worth", found.effective),
                   ("share of rows with an item of the lists", found.reached),
                   ("largest weight", found.largest_weight)))  # fmt: skip
    said = tuple(Verdict(sentence, "warning") for sentence in found.warnings)
    return (
        Section(
            "What other lists would have earned", (*said, Table(("by", "value", "low", "high"), rows, caption), facts)
        ),
    )


def plan_sections(found: Desk) -> tuple[Section, ...]:
    """How large, how long, when to stop, and what else would do."""
    plan = found.plan
    return (
        Section("How large", (*(Verdict(note, "warning") for note in plan.notes), *_sizes(plan))),
        Section("When to look", _looks(plan)),
        *([Section("Interleaving", _interleaving(found.interleaving))] if found.interleaving else []),
        *([Section("A bandit instead", _bandit(found.bandit))] if found.bandit else []),
    )


def _sizes(plan: Plan) -> tuple[Block, ...]:
    rules = plan.settings
    said = [
        Verdict(
            f"{o.metric}: {o.people_cuped:,} people find an effect of {100 * rules.effect:g} % with a chance of "
            f"{100 * rules.power:g} %" + (f", in {o.days:,.1f} days" if o.days is not None else "") + "."
        )
        for o in plan.outcomes
    ]
    table = Table(
        ("outcome", "mean", "deviation", "effect", "people", "variance left", "people with the past",
         "people for each segment", "days", f"effect found in {rules.days} days", "power", "simulated", "+-"),
        tuple((o.metric, o.mean, o.sd, o.effect, o.people, o.variance_left, o.people_cuped, o.people_segment, o.days,
               o.mde, o.power_formula, o.power_simulated, o.power_error) for o in plan.outcomes),
        f"People of all {rules.arms} arms. Paid for: {plan.n_tests:,} tests at {plan.alpha_each:.3g} each; from "
        f"{plan.n_known:,} people known. The past: {', '.join(plan.before) or 'nothing known from before'}.",
    )  # fmt: skip
    first = plan.outcomes[0]
    people = np.geomspace(max(20, first.people_cuped / 20), first.people_cuped * 5, 30)
    sd = first.sd * first.variance_left**0.5
    curve = effect_curve(sd, first.mean, plan.alpha_each, rules.power, people.tolist())
    series = (("effect that is found", tuple(people.tolist()), tuple(float(100 * value) for value in curve)),)
    caption = f"{first.metric}: the smallest effect that is found with a chance of {100 * rules.power:g} %, by people."
    return (*said, table, Curves(series, "people in two arms", "effect, % of the mean", caption))


def _looks(plan: Plan) -> tuple[Block, ...]:
    table = Table(
        ("look at share of people", "stop beyond z", "alpha spent", "stopped by then"),
        tuple((look.share, look.z, look.spent, look.stopped) for look in plan.looks),
        f"{plan.settings.boundary} spending. If the effect is what is planned for: found in "
        f"{100 * plan.looks_power:.1f} %, with {100 * plan.looks_share:.0f} % of the people on average.",
    )
    always = (
        f"To look at any time instead (always-valid intervals), plan {plan.always_valid:.2f} times the people for the "
        "same chance at the end."
    )
    return table, Text((always,))


def _interleaving(pair: Interleaving) -> tuple[Block, ...]:
    facts = Facts((
        (f"difference of {pair.first} and {pair.second}, found items a person", pair.difference),
        ("credit a person when interleaved", pair.preference),
        ("people of an A/B test", pair.people_ab), ("people when interleaved", pair.people_interleaved),
        ("times fewer", pair.times_fewer),
    ))  # fmt: skip
    limits = "Held-out items stand in for clicks. Interleaving says which list people take more from, not by how much."
    return facts, Text((limits,))


def _bandit(bandit: Bandit) -> tuple[Block, ...]:
    facts = Facts((
        ("mean outcome by Thompson sampling", bandit.earned), ("with equal arms", bandit.equal),
        ("of the best arm", bandit.best), ("share of people in the best arm", bandit.share_best),
        ("error of the two best arms' difference, times that of equal arms", bandit.error_best_two),
    ))  # fmt: skip
    text = (
        f"A simulation over {bandit.days} days of {bandit.people_per_day:,} people, with the arms' outcomes as they "
        "are in the log: a bandit earns more while it runs and knows less in the end."
    )
    return facts, Text((text,))
