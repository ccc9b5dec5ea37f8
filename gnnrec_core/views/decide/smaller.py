"""A run made smaller, as blocks: size, time, accuracy, and whether the reasons survive."""

from __future__ import annotations

from typing import Any

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.render.blocks import Facts, Section, Table, Text, Verdict
from gnnrec_core.render.theme import percent
from gnnrec_core.views.decide.gate import KINDS, SAID


def smaller_sections(content: dict[str, Any]) -> tuple[Section, ...]:
    """Of the JSON object of `compress`."""
    found, same, kept = content["gate"], content["same_reason"], content["reasons_kept"]
    size: list[tuple[str, Any]] = [
        (f"times smaller ({content['of']})", content["times_smaller"]),
        ("MB before", content["bytes_before"] / 1e6),
        ("MB after", content["bytes_after"] / 1e6),
        ("seconds to the first 100 lists before", content["seconds_before"]),
        ("seconds after", content["seconds_after"]),
    ]
    size += [("kept as", content["kept"])] if content.get("kept") else []
    rows = tuple((METRICS[f["name"]].title, f["incumbent"], f["difference"], f["low"], f["high"])
                 for f in found["figures"])  # fmt: skip
    about = "Figures with a 95 % interval of the difference, people paired; the rule is that of the gate."
    said = Verdict(f"In the place of the other: {SAID[found['verdict']]}. {found['sentences'][0]}",
                   KINDS[found["verdict"]])  # fmt: skip
    sections = [
        Section("Size and time", (Facts(tuple(size)),)),
        Section("Accuracy", (said, Text(tuple(found["sentences"][1:])), Table(
            ("figure", "before", "difference", "low", "high"), rows, about))),
        Section("Do the reasons survive?", tuple(_reasons(found, same, kept, content["groups_reasons"]))),
    ]  # fmt: skip
    return tuple(sections)


def _reasons(found: dict[str, Any], same: Any, kept: Any, groups: list[dict[str, Any]]) -> list[Any]:
    lists = f"{percent(found['lists']['overlap']['value'])} of each list is kept, on average"
    if same is None or kept is None:
        return [Text((f"{lists}. Reasons are not compared: this model's score has no parts.",))]
    sentences = (
        f"{lists}.",
        f"For {percent(same['value'])} of people the first item keeps its strongest reason "
        f"({percent(same['low'])} to {percent(same['high'])}); of the three strongest {percent(kept['value'])} stay.",
    )
    if not groups:
        return [Text(sentences)]
    rows = tuple((g["grouping"], g["group"], g["n"], g["same_reason"])
                 for g in sorted(groups, key=lambda g: g["same_reason"]))  # fmt: skip
    about = "Share of each group's people, the fewest first; groups of too few people are not shown."
    return [Text(sentences), Table(("grouping", "group", "people", "keep their strongest reason"), rows, about)]
