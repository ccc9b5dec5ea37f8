"""An audit to file: one HTML page that opens offline, the JSON beside it, and a table of users without names."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from gnnrec_core.audit.checks import Check
from gnnrec_core.audit.curves import (
    calibration_profiles,
    cold_start_curve,
    exposure_ratios,
    lorenz_curves,
    popularity_deciles,
)
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.report import AuditReport
from gnnrec_core.audit.sentences import impact_sentence
from gnnrec_core.audit.studies.cockpit import cockpit
from gnnrec_core.audit.studies.mitigation import Mitigation
from gnnrec_core.audit.studies.shown import BY_POPULARITY, ShownAgainstLists
from gnnrec_core.audit.verdicts import of_people, with_interval
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.files import json_bytes, refuse_existing, write_together
from gnnrec_core.base.pseudonyms import KEY_BYTES, Pseudonyms
from gnnrec_core.base.text import csv_file, csv_text
from gnnrec_core.render.blocks import Bars, Block, Curves, Facts, Section, Table, Text, Verdict
from gnnrec_core.render.html import page
from gnnrec_core.views.items import cockpit_sections
from gnnrec_core.views.scorecard import scorecard_sections

MOST_FINDINGS = 12
MOST_SEGMENTS = 30
LIMITS = (
    "Everything is measured offline, against interactions that were held out. These interactions were made under what "
    "people were shown at the time, so they favour popular items themselves.",
    "A difference between groups is a fact about these lists and these people. It does not say what causes it, and the "
    "same figures can come about in several ways.",
    "A group that does not differ significantly may still differ: where the sentence says that one cannot tell, read "
    "it so. Groups that are too small are not shown at all.",
    "The four-fifths ratio is a rule of thumb from employment selection in the United States (29 CFR 1607.4(D)); it is "
    "shown for reference, and alarms by chance when groups are small. This page is no legal advice.",
)


Attached = tuple[tuple[Section, ...], Mapping[str, Any]]
"""Sections of another answer, and its JSON."""


def write_audit(
    report: AuditReport,
    out: Path,
    checks: tuple[Check, ...] = (),
    mitigations: tuple[Mitigation, ...] = (),
    identities: bool = False,
    overwrite: bool = False,
    names: Pseudonyms | None = None,
    attached: Mapping[str, Attached] = MappingProxyType({}),
) -> tuple[Path, ...]:
    """Write FILE.html, FILE.json and FILE.csv, together or not at all; returns their paths.

    `attached` are sections of other questions to the same run, with their JSON, by name.

    Raises RequestError where `out` does not end in .html, its folder is not there, or a file exists.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise RequestError(f"The report {out} does not end in .html.", "Name it FILE.html.", value=str(out))
    if not out.parent.is_dir():
        raise RequestError(f"There is no folder {out.parent}.", "Make it first.", file=str(out.parent))
    files = (out, out.with_suffix(".json"), out.with_suffix(".csv"))
    for file in files:
        refuse_existing(file, overwrite)
    content = {
        **report.to_dict(),
        "checks": [vars(check) for check in checks],
        "what_if": [mitigation.to_dict() for mitigation in mitigations],
        **{name: dict(content) for name, (_, content) in attached.items()},
    }
    write_together(
        {
            files[1]: json_bytes(finite(content)),
            files[2]: csv_file(per_user_csv(report, identities, names)),
            files[0]: audit_page(report, checks, mitigations, attached).encode(),
        }
    )
    return files


def audit_page(
    report: AuditReport,
    checks: tuple[Check, ...] = (),
    mitigations: tuple[Mitigation, ...] = (),
    attached: Mapping[str, Attached] = MappingProxyType({}),
) -> str:
    """The page as text; what is attached comes before definitions and limits."""
    scope, own = report.scope, audit_sections(report, checks, mitigations)
    more = tuple(section for sections, _ in attached.values() for section in sections)
    return page(
        f"Audit of {scope.run}",
        (*own[:-2], *more, *own[-2:]),
        f"{scope.model} on {scope.dataset}, lists of {scope.k}, judged on {scope.split}",
    )


def audit_sections(
    report: AuditReport, checks: tuple[Check, ...] = (), mitigations: tuple[Mitigation, ...] = ()
) -> tuple[Section, ...]:
    """Verdicts, findings, scope, figures by group and of items, what a fix would change, definitions and limits."""
    scope = report.scope
    sections = [
        *scorecard_sections(report.scorecard),
        Section("Findings", _findings(report, checks)),
        Section("Scope", (_scope(report),)),
        Section("All people", _overall(report)),
        *([Section(f"Groups by {scope.group_by}", _groups(report))] if report.grouping else []),
        Section("Items", _items(report)),
        *cockpit_sections(cockpit(report.evidence), report.run.dataset.titles),
        *shown_sections(report.shown),
        Section("People with short histories", _cold_start(report)),
        *([Section("What if", tuple(_mitigation(m) for m in mitigations))] if mitigations else []),
        Section("Definitions", (_definitions(report),)),
        Section("Limits", (Text(LIMITS),)),
    ]
    return tuple(sections)


def shown_sections(found: ShownAgainstLists | None) -> tuple[Section, ...]:
    """What people were shown, and what these lists would show them; nothing where the data do not say it."""
    if found is None:
        return ()
    said = (
        f"Share of these lists that their people were never shown: {with_interval(found.unseen)}, mean over the "
        f"{found.n_people:,} people with impressions. The log has {found.n_impressions:,} impressions."
    )
    order = sorted(found.segments, key=lambda each: (each.of != BY_POPULARITY, -abs(each.difference.value)))
    rows = tuple(
        (e.of, e.segment, e.was, e.would_be, e.difference.value, e.difference.low, e.difference.high)
        for e in order[:MOST_SEGMENTS]
    )
    names = ("by", "segment", "was shown", "would be shown", "difference", "low", "high")
    more = f" The {MOST_SEGMENTS} that differ most, of {len(order):,}." if len(order) > MOST_SEGMENTS else ""
    hidden = f" {found.n_hidden:,} concern too few people to be said." if found.n_hidden else ""
    caption = f"Share of what a person was shown, and of their list; 95 % intervals over people.{more}{hidden}"
    return (Section("What was shown, and what would be", (Verdict(said), Table(names, rows, caption))),)


def per_user_csv(report: AuditReport, identities: bool = False, names: Pseudonyms | None = None) -> str:
    """One row a user with every per-user figure, in an order drawn from a secret key and without ids and groups.

    The key is that of `names`, or one that is forgotten; each audit has an order of its own, so that the rows of two
    cannot be laid side by side. With `identities`: user ids and groups too, in the order of the dataset.
    """
    ids, scope = report.run.dataset.users.ids, report.scope
    order = np.arange(scope.n_users)
    if not identities:
        keyed = names or Pseudonyms(secrets.token_bytes(KEY_BYTES))
        asked = (scope.run, scope.fingerprint, scope.k, scope.split, scope.convention, scope.group_by, scope.seed)
        order = np.argsort(keyed.order(ids, f"rows|{asked}"), kind="stable")
    names_of_figures = list(report.per_user)
    rows = (
        [
            *([ids[row], _groups_of(report, int(row))] if identities else []),
            *(float(report.per_user[name][row]) for name in names_of_figures),
        ]
        for row in order
    )
    return csv_text([*(["user_id", "groups"] if identities else []), *names_of_figures], rows)


def finite(value: object) -> object:
    """`value` for JSON: numbers that are not finite become null, numpy scalars plain numbers."""
    return json.loads(json.dumps(value, default=lambda v: v.tolist()), parse_constant=lambda _: None)


def _groups_of(report: AuditReport, row: int) -> str:
    if report.grouping is None:
        return ""
    return "; ".join(
        label for label, own in zip(report.grouping.labels, report.grouping.member[row], strict=True) if own
    )


def _findings(report: AuditReport, checks: tuple[Check, ...]) -> tuple[Block, ...]:
    harms = [d.sentence for d in report.differences if d.finding == "worse"]
    others = [sentence for sentence in report.verdicts if sentence not in harms]
    blocks: list[Block] = [
        Verdict(
            f"Check {c.expression}: {'failed' if c.failed else 'passed'}, {c.reason}.",
            "warning" if c.failed else "good",
        )
        for c in checks
    ]
    blocks += [Verdict(sentence, "warning") for sentence in harms]
    if len(others) > MOST_FINDINGS:  # the last one says of how many one cannot tell
        more = len(others) - MOST_FINDINGS
        others = [*others[: MOST_FINDINGS - 1], f"{more:,} more stand in the table of differences.", others[-1]]
    blocks += [Verdict(sentence) for sentence in others]
    if report.impact is not None:
        blocks.append(Verdict(impact_sentence(report.impact, report.differences)))
    return (*blocks, *(Verdict(sentence) for sentence in report.warnings))


def _scope(report: AuditReport) -> Facts:
    s = report.scope
    record = report.run.record
    return Facts(
        (
            ("Run", s.run),
            ("Model", s.model),
            ("Trained", record.created),
            ("Seed of the training", record.seed),
            ("Software", ", ".join(f"{name} {version}" for name, version in record.versions.items()) or "unknown"),
            ("Dataset", s.dataset),
            ("Fingerprint of the data", s.fingerprint),
            ("Lists", f"{s.k} items, out of all {s.n_items:,} items less those in train and validation of the user"),
            ("Judged on", f"{s.split} interactions"),
            ("People", s.n_users),
            ("of them with held-out items", s.n_evaluable),
            (
                "of them without a known group",
                "fewer than the threshold" if 0 < s.n_unknown < s.min_group_size else s.n_unknown,
            ),
            ("Groups", s.group_definition or "none"),
            ("Groups are shown from", f"{s.min_group_size} people"),
            ("A difference matters from", f"{s.practical:.0%} of the figure of the others"),
            ("Intervals", "95 %: inside the range of each figure; of differences they hold for all of them together"),
            (
                "Tests",
                f"{s.n_permutations:,} shuffles of labels, p-values adjusted for all differences (maxT)",
            ),
            ("Definitions", "our own" if s.convention == "ours" else f"as {s.convention} has them"),
            ("Seed of the audit", s.seed),
        )
    )


def _overall(report: AuditReport) -> tuple[Block, ...]:
    rows = [
        (METRICS[n].title, v.value, v.low, v.high, METRICS[n].direction, v.reason) for n, v in report.overall.items()
    ]
    head = ("Figure", "Value", "Low", "High", "Better is", "Why there is none")
    return (Table(head, tuple(rows), "All people, with 95 % intervals"),)


def _groups(report: AuditReport) -> tuple[Block, ...]:
    names = [name for name in ("ndcg", "recall", "hit_rate", "long_tail_share", "upd") if name in report.overall]
    sizes = tuple(
        (g.group, g.n_users, g.n_evaluable, g.n_held_out, *(with_interval(g.metrics[name]) for name in names), g.note)
        for g in report.by_group
    )
    columns = (
        "Group",
        "People",
        "With held-out items",
        "Held-out items a person",
        *(METRICS[n].title for n in names),
        "Note",
    )
    blocks: list[Block] = [Table(columns, sizes, "Groups, with 95 % intervals over their people")]
    if report.suppressed:
        blocks.append(Verdict(f"Not shown: {', '.join(report.suppressed)}.", "note"))
    ndcg = [d for d in report.differences if d.metric == "ndcg"]
    if ndcg:
        blocks.append(
            Bars(
                tuple(d.group for d in ndcg),
                tuple(d.value for d in ndcg),
                "NDCG of each group minus that of everybody else, with 95 % intervals for all differences together",
                tuple((d.low, d.high) for d in ndcg),
            )
        )
    rows = tuple(
        (
            METRICS[d.metric].title,
            d.group,
            d.n_group,
            d.value,
            d.low,
            d.high,
            d.p_value,
            d.p_adjusted,
            d.detectable,
            d.finding,
            "★" if d.stands else "",
        )
        for d in report.differences
    )
    head = ("Figure", "Group", "n", "Minus others", "Low", "High", "p", "p adjusted", "Detectable", "Finding", "Stands")
    blocks.append(Table(head, rows, "Every difference that was tested"))
    omnibus = tuple((METRICS[name].title, p) for name, p in report.omnibus.items())
    blocks.append(Table(("Figure", "p"), omnibus, "Does the grouping matter at all? One permutation test a figure"))
    return tuple(blocks)


def _items(report: AuditReport) -> tuple[Block, ...]:
    rows = tuple((METRICS[n].title, v.value, v.low, v.high, v.reason) for n, v in report.items.items())
    curves = tuple((c.name, tuple(c.x.tolist()), tuple(c.y.tolist())) for c in lorenz_curves(report.evidence, 60))
    ratios = exposure_ratios(report.evidence)
    deciles = tuple(tuple(row) for row in popularity_deciles(report.evidence).rows())
    blocks: list[Block] = [
        Table(
            ("Figure", "Value", "Low", "High", "Why there is none"),
            rows,
            "All lists; intervals of coverage and Gini by the jackknife",
        ),
        Curves(curves, "share of items, least first", "share of what they get", "Lorenz curves"),
        Bars(
            tuple(ratios["segment"]),
            tuple(ratios["ratio"]),
            "Exposure of the head, middle and tail / their share of train interactions; 1 is proportional",
        ),
        Table(("Decile of popularity", "History", "Lists", "Hits", "Held out"), deciles, "Shares, most popular first"),
    ]
    profiles = calibration_profiles(report.evidence)
    if profiles.height:
        labels = tuple(tuple(row) for row in profiles.rows())
        blocks.append(Table(("Label", "History", "Lists"), labels, "Mean share of each label in histories and lists"))
    return tuple(blocks)


def _cold_start(report: AuditReport) -> tuple[Block, ...]:
    rows = tuple(
        (f"{r['low_items']} to {r['high_items']}", r["n_users"], r["value"], r["low"], r["high"], r["held_out"])
        for r in cold_start_curve(report.evidence, gate=report.gate).rows(named=True)
    )
    head = ("Train items", "People", "NDCG", "Low", "High", "Held-out items a person")
    return (Table(head, rows, "NDCG by length of history"),)


def _mitigation(mitigation: Mitigation) -> Table:
    settings = ", ".join(f"{name} = {value}" for name, value in mitigation.settings.items())
    rows = tuple((METRICS[c.metric].title, c.before, c.after, c.value, c.low, c.high) for c in mitigation.changes)
    lost = mitigation.losers
    caption = f"{mitigation.method} ({settings}): {lost.n:,} people ({lost.share:.0%}) get a lower NDCG"
    return Table(("Figure", "Before", "After", "Change", "Low", "High"), rows, caption)


def _definitions(report: AuditReport) -> Table:
    used = [METRICS[name] for name in dict.fromkeys((*report.overall, *report.items))]
    rows = []
    for metric in used:
        variant = next((v for v in metric.variants if v.convention == report.scope.convention), None)
        note = f" As {variant.convention} has it: {variant.definition}" if variant else ""
        rows.append(
            (
                metric.title,
                of_people(metric.definition + note),
                metric.formula,
                metric.range,
                of_people(metric.denominator),
                metric.source,
            )
        )
    return Table(("Figure", "What it says", "Formula", "Range", "Over", "Source"), tuple(rows))
