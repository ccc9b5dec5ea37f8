"""What a fix buys, what it costs and whom: one sentence, and the curve over its strength."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.studies.mitigation import GroupChange, Mitigation
from gnnrec_core.audit.verdicts import figure, span_text
from gnnrec_core.render.blocks import Block, Curves, Section, Table

OTHERS = {
    "ndcg_change": "NDCG changes by",
    "ndcg_low": "Low",
    "ndcg_high": "High",
    "losers": "Share of people with a worse list",
}


def fix_sentence(found: Mitigation, gain: str) -> str:
    """The gain, the change of NDCG and whether it is sure, how many get a worse list, and which group pays most."""
    bought, paid = found.change(gain), found.change("ndcg")
    said = [f"{METRICS[gain].title} goes from {figure(bought.before)} to {figure(bought.after)}"]
    if math.isfinite(paid.low):
        may = " (may be chance)" if paid.low <= 0 <= paid.high else ""
        said.append(f"NDCG changes by {figure(paid.value, True)}, 95 % interval {span_text(paid.low, paid.high)}{may}")
    else:
        said.append("NDCG is the same for everybody" if paid.value == 0 else "NDCG cannot be judged")
    said.append(f"{100 * found.losers.share:.0f} % of people get a worse list")
    return "; ".join(said) + f". {_who(found)}"


def _who(found: Mitigation) -> str:
    groups = [group for group in found.groups if group.metric == "ndcg" and math.isfinite(group.after)]
    if len(groups) < 2:
        return ""
    change = {group.group: group.after - group.before for group in groups}
    least = min(groups, key=lambda group: change[group.group])
    if change[least.group] >= 0:
        return "No group's NDCG falls."
    return f"Most is paid by {least.group}: NDCG {_moved(least)}."


def _moved(group: GroupChange) -> str:
    return f"{figure(group.before)} to {figure(group.after)}"


def curve_section(along: str, steps: Sequence[Mapping[str, Any]]) -> Section:
    """The steps of a trade-off (`TradeOff.to_dict`) as curves and as a table."""
    names = [name for name in steps[0] if name in METRICS]
    values = tuple(float(step[along]) for step in steps)
    series = tuple((METRICS[name].title, values, tuple(float(step[name]) for step in steps)) for name in names)
    titles = {name: METRICS[name].title for name in names} | OTHERS
    head = tuple(titles.get(name, name) for name in steps[0])
    blocks: tuple[Block, ...] = (
        Curves(series, along, "figure", "What the fix buys, and NDCG, which it costs."),
        Table(head, tuple(tuple(step.values()) for step in steps), "Changes are paired, with 95 % intervals."),
    )
    return Section(f"Trade-off over {along}", blocks)
