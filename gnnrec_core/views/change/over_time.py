"""A case as of a day, and a person over time: as JSON and as blocks."""

from __future__ import annotations

from typing import Any

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.report import AuditReport
from gnnrec_core.change.as_of import AsOf, State
from gnnrec_core.change.drift import Drift
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Explanation
from gnnrec_core.explain.serialise import explanation_json
from gnnrec_core.explain.truth.level_words import ordinal
from gnnrec_core.render.blocks import Block, Curves, Facts, Section, Table, Text, Verdict
from gnnrec_core.views.explanation import ledger_blocks
from gnnrec_core.views.lists import list_json

MOST_LABELS = 6
SHOWN = ("ndcg", "recall", "coverage", "gini", "arp")


def as_of_json(found: AsOf, dataset: Dataset, top: int = 10) -> dict[str, Any]:
    """The object of the contract: the ledger of that day, with graph, list, audit and today's rank beside it."""
    told = {} if found.explanation is None else explanation_json(found.explanation, found.state.run.dataset, top)
    return {
        **told,
        "user": dataset.users.ids[found.user_index],
        "item": dataset.items.ids[found.item_index],
        "title": dataset.title(found.item_index),
        "date": found.state.day.isoformat(),
        "level": found.state.level,
        "level_means": found.state.words,
        "graph": {**state_json(found.state), "n_history": found.n_history},
        "was_there": found.was_there,
        "score": found.score,
        "rank": found.rank,
        "today": {"score": found.score_now, "rank": found.rank_now},
        "no_ledger": found.no_ledger,
        "items": list_json(found.lists, dataset)["items"],
        "audit": found.report.to_dict(),
    }


def state_json(state: State) -> dict[str, int]:
    """How much was there, and how much came later."""
    return {
        "n_train": state.n_train,
        "n_users": state.n_users,
        "n_items": state.n_items,
        "n_later": state.n_later,
    }


def as_of_sections(found: AsOf, dataset: Dataset, top: int = 10) -> tuple[Section, ...]:
    """What stood where that day, the ledger, the list, what was known, the audit."""
    case, *rest = day_sections(found, dataset)
    return case, ledger_section(found.explanation, found.no_ledger, top), *rest


def day_sections(found: AsOf, dataset: Dataset) -> tuple[Section, ...]:
    """The same without the ledger."""
    state, title = found.state, dataset.title(found.item_index)
    case = f"As of {state.day} {title} stood {ordinal(found.rank)}; today it stands {ordinal(found.rank_now)}."
    if found.was_there:
        case = f"As of {state.day} this person had {title} already; its place among the others: {ordinal(found.rank)}."
    known = (
        ("train interactions then", state.n_train),
        ("people with one", state.n_users),
        ("items with one", state.n_items),
        ("interactions that came later", state.n_later),
        ("this person's history then", found.n_history),
    )
    level = Text((f"Level: {state.words}. Links that have no day are in every graph.",))
    rows = tuple((entry["rank"], entry["title"], entry["score"]) for entry in list_json(found.lists, dataset)["items"])
    return (
        Section(f"As of {state.day}", (Verdict(case), level)),
        Section("The list then", (Table(("rank", "item", "score"), rows),)),
        Section("What was known then", (Facts(known),)),
        audit_section(found.report),
    )


def ledger_section(explanation: Explanation | None, why: str, top: int = 10) -> Section:
    """What the score was made of, or why nobody can say."""
    told = (Text((why,)),) if explanation is None else tuple(ledger_blocks(explanation, top))
    return Section("What the score was made of", told)


def audit_section(report: AuditReport) -> Section:
    """The figures of the lists of that day."""
    figures = report.items | report.overall
    audit = tuple(
        (METRICS[name].title, figures[name].value, figures[name].low, figures[name].high)
        for name in SHOWN
        if name in figures
    )
    groups = tuple(
        (group.group, group.n_users, *(group.metrics[n].value for n in ("ndcg", "recall") if n in group.metrics))
        for group in report.by_group
    )
    told = f"Lists of {report.scope.k} of that day, judged on the same held-out choices as every day."
    tables: list[Block] = [Table(("figure", "value", "low", "high"), audit, told)]
    if groups:
        tables.append(Table(("group", "people", "NDCG", "Recall"), groups, "Groups are today's: the same people."))
    return Section("The audit then", tuple(tables))


def drift_json(found: Drift, dataset: Dataset) -> dict[str, Any]:
    """`change` is the turn (null where the history is too short); shares are by label, those that matter first."""
    names, turn = found.labels.names, found.turn
    change = None
    if turn is not None:
        change = {
            "date": None if found.day is None else found.day.isoformat(),
            "found": turn.stands,
            "p_value": turn.p_value,
            "window": found.window,
            "n_before": turn.cut,
            "rose": names[turn.rose],
            "fell": names[turn.fell],
        }
    return {
        "user": dataset.users.ids[found.user_index],
        "by": found.labels.column,
        "n_interactions": found.n,
        "n_untimed": found.n_untimed,
        "change": change,
        "verdict": turn_sentence(found),
        "level_means": found.words,
        "k": found.k,
        "windows": [
            {
                "from": window.first.isoformat(),
                "to": window.last.isoformat(),
                "n": window.n,
                "chosen": _by_label(names, window.chosen),
                "reasons": None if window.reasons is None else _by_label(names, window.reasons),
                "first_item": _title(dataset, window.first_item),
                "first_reason": None if window.first_reason is None else dataset.title(window.first_reason),
                "list_overlap": window.overlap,
            }
            for window in found.windows
        ],
    }


def drift_sections(found: Drift, dataset: Dataset) -> tuple[Section, ...]:
    """Whether and when it changed, the strips of what was chosen and of what carried the list, and the windows."""
    told = drift_json(found, dataset)
    strips: list[Block] = [_strip(found, [w.chosen for w in found.windows], f"Share of each {found.labels.column}")]
    if all(window.reasons is not None for window in found.windows):
        reasons = [window.reasons or () for window in found.windows]
        strips.append(_strip(found, reasons, "Share in what raises the list"))
    rows = tuple(
        (f"{w['from']} to {w['to']}", w["n"], w["first_item"], w["first_reason"] or "–", w["list_overlap"])
        for w in told["windows"]
    )
    caption = (
        f"List of {found.k} as of the end of each window ({found.words}); overlap with the list before: rank-biased "
        "overlap, 0 nothing in common, 1 the same order."
    )
    return (
        Section("When it changed", (Verdict(turn_sentence(found), "note"),)),
        Section("Over time", tuple(strips)),
        Section("Lists", (Table(("window", "n", "first item", "carried most by", "overlap"), rows, caption),)),
    )


def turn_sentence(found: Drift) -> str:
    """What the test says, with its p-value and what it can and cannot see."""
    turn, names = found.turn, found.labels.names
    if turn is None:
        return f"{found.n} interactions are too few to say whether this person's choices changed."
    said = f"permutation test over all days, p = {turn.p_value:.3f}"
    if not turn.stands:
        return f"No change of {found.labels.column} stands out ({said}); a slow or small one may be missed."
    return (
        f"From about {found.day} on {names[turn.rose]} took the place of {names[turn.fell]} in what this person chose "
        f"({said})."
    )


def _strip(found: Drift, shares: list[tuple[float, ...]], what: str) -> Curves:
    totals = [sum(row[place] for row in shares) for place in range(len(found.labels.names))]
    top = sorted(range(len(totals)), key=lambda place: -totals[place])[:MOST_LABELS]
    if found.turn is not None and found.turn.stands:
        top = list(dict.fromkeys([found.turn.rose, found.turn.fell, *top]))[:MOST_LABELS]
    xs = tuple(float(place + 1) for place in range(len(shares)))
    series = tuple((found.labels.names[place], xs, tuple(row[place] for row in shares)) for place in top)
    return Curves(series, "window", "share", f"{what} in each window of {found.windows[0].n} or so interactions.")


def _by_label(names: tuple[str, ...], shares: tuple[float, ...]) -> dict[str, float]:
    order = sorted(range(len(names)), key=lambda place: -shares[place])
    return {names[place]: shares[place] for place in order if shares[place] > 0}


def _title(dataset: Dataset, item: int) -> str | None:
    return dataset.title(item) if item >= 0 else None
