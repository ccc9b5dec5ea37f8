"""Explanations and the questions that change the past, as blocks: drawn once for terminal, notebook, page and file."""

from __future__ import annotations

from typing import Any

from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Contribution, Explanation
from gnnrec_core.explain.questions.counterfactual import Counterfactual
from gnnrec_core.explain.questions.what_if import WhatIf
from gnnrec_core.explain.questions.why_not import WhyNot
from gnnrec_core.graph import RecGraph
from gnnrec_core.render.blocks import Bars, Block, Flow, Section, Table, Text, Verdict
from gnnrec_core.views.privacy import NameUser

N_BARS = 12
EXACT = 1e-5
"""Largest completeness error, relative to the score, that passes as a sum (float32)."""


def explanation_sections(
    explanation: Explanation, dataset: Dataset, top: int, picture: Flow | None = None
) -> tuple[Section, ...]:
    """What is said, how it comes about, what the score (or lead) is made of, and along which paths it travels."""
    reference = explanation.case.reference_item
    what = "score" if reference is None else f"lead over {dataset.title(reference)}"
    sections = [Section("In short", (Text(explanation.narrative),))] if explanation.narrative else []
    if picture is not None:
        sections.append(Section(f"How the {what} comes about", (picture,)))
    sections.append(Section(f"What the {what} is made of", ledger_blocks(explanation, top)))
    if explanation.paths:
        sections.append(Section("Along which paths the messages travel", path_blocks(explanation)))
    return tuple(sections)


def part_rows(parts: tuple[Contribution, ...]) -> tuple[dict[str, Any], ...]:
    """One row a contribution: kind, label, ids, value, share, and the recomputed score and rank without it."""
    return tuple(
        {
            "kind": part.kind,
            "label": part.label,
            "user": part.user,
            "item": part.item,
            "value": part.value,
            "share": part.share,
            "score_without": _check(part.checked)[0],
            "rank_without": _check(part.checked)[1],
        }
        for part in parts
    )


def counterfactual_sections(
    answer: Counterfactual, dataset: Dataset, graph: RecGraph, name_user: NameUser = str
) -> tuple[Section, ...]:
    """The set that takes the item off the list, or the set that comes nearest."""
    return (Section("What would take it off the list", counterfactual_blocks(answer, dataset, graph, name_user)),)


def counterfactual_blocks(
    answer: Counterfactual, dataset: Dataset, graph: RecGraph, name_user: NameUser = str
) -> tuple[Block, ...]:
    """What falls in this model, how small the set is, and what suffices when the model is trained again."""
    case, title = answer.case, dataset.title(answer.case.item_index)
    users = graph.sources(list(answer.edges)).tolist()
    whose = ["" if user == case.user_index else f" of {name_user(dataset.users.ids[user])}" for user in users]
    named = ", ".join(dataset.title(item) + of for item, of in zip(answer.removed, whose, strict=True))
    change = f"rank {case.rank} to {answer.rank_after}, score {case.score:.4g} to {answer.score_after:.4g}"
    if answer.found:
        said = f"Without {named}, {title} leaves the top {case.k} ({change})"
        said += f" in this model as it stands; recomputed, {answer.kept} kept."
        more = [f"Smallest set: {answer.minimality}; {answer.checked_smaller_sets:,} smaller sets were tried."]
    else:
        said = f"No set of up to {answer.limit} interactions was found without which {title} leaves the top {case.k}"
        said += f" in this model as it stands, {answer.kept} kept."
        furthest = f"The set that pushes it down furthest ({change}): {named}."
        more = [furthest if named else "None was found that moves it down at all."]
    if answer.told:
        more.append(answer.told)
    again = answer.trained_again
    if again is not None:
        level, n = "refitted exactly" if again.exact else "foretold", len(again.removed)
        less = ", ".join(map(dataset.title, again.removed))
        more.append(
            f"If the model is trained again, {n} suffice{'s' * (n == 1)}: without {less} the item stands at about "
            f"rank {again.rank_foretold} ({level})."
        )
    return (Verdict(said, "good" if answer.found and answer.verified else "warning"), Text(tuple(more)))


def why_not_sections(answer: WhyNot, dataset: Dataset, top: int) -> tuple[Section, ...]:
    """What the item lacks against the last one of the list, and the additions that lift it in."""
    case, named = answer.case, ", ".join(dataset.title(item) for item in answer.added)
    foretold: tuple[Block, ...] = ()
    if answer.found:
        said = f"With {named} added, it rises from rank {case.rank} to {answer.rank_after} in this model; recomputed."
        if answer.rank_foretold is not None:
            foretold = (Text((f"Trained with them: about rank {answer.rank_foretold} (foretold).",)),)
    else:
        said = f"No set of up to {answer.limit} additions was found that lifts it into the top {case.k}."
        said += f" The best one takes it to rank {answer.rank_after}: {named}." if named else ""
    reference = answer.contrast.case.reference_item
    lacks = "" if reference is None else f"Against {dataset.title(reference)} at rank {case.k} "
    lacks += f"it lacks {-answer.contrast.score:.4f}."
    return (
        Section("What would bring it in", (Verdict(said, "good" if answer.found else "warning"), *foretold)),
        Section("What it lacks", (Text((lacks[0].upper() + lacks[1:],)), *ledger_blocks(answer.contrast, top))),
    )


def what_if_sections(answer: WhatIf, dataset: Dataset) -> tuple[Section, ...]:
    """The list before and after the change."""
    return (
        Section(
            "The list after the change",
            (
                Table(
                    ("rank", "item", "score", "rank before"),
                    tuple((r["rank"], r["title"], r["score"], r["rank_before"]) for r in what_if_rows(answer, dataset)),
                    "Recomputed on the changed graph, what was trained kept; removed items stay out of the list.",
                ),
            ),
        ),
    )


def what_if_rows(answer: WhatIf, dataset: Dataset) -> tuple[dict[str, Any], ...]:
    """One row an item of the new list: rank, ids, score, and its rank before the change."""
    listed = zip(answer.after.tolist(), answer.score_after.tolist(), answer.rank_before.tolist(), strict=True)
    return tuple(
        {
            "rank": place,
            "item": dataset.items.ids[item],
            "title": dataset.title(item),
            "score": score,
            "rank_before": before or None,
        }
        for place, (item, score, before) in enumerate(listed, 1)
    )


def ledger_blocks(explanation: Explanation, top: int) -> tuple[Block, ...]:
    """Whether the parts sum, the largest as bars, the first `top` in a table with what remains without each."""
    parts, rest = explanation.contributions[:top], explanation.contributions[top:]
    bars = parts[:N_BARS]
    name = explanation.baseline_name
    first = ((name, explanation.baseline),) if name else ()
    share = _percent(explanation, explanation.baseline)
    rows: list[tuple[Any, ...]] = [(f"{name} (baseline)", explanation.baseline, share, *[None] * 4)] if name else []
    rows += [
        (part.label, part.value, _percent(explanation, part.value), *_check(part.checked), *_further(part))
        for part in parts
    ]
    if rest:
        value = sum(part.value for part in rest)
        rows.append((f"{len(rest)} more", value, _percent(explanation, value), *[None] * 4))
    what = "lead" if explanation.case.target == "margin" else "score"
    columns = ("part", "value", f"share of the {what}, %", f"{what} without it", "rank in this model")
    return (
        *_sums(explanation),
        Bars(
            (*(label for label, _ in first), *(part.label for part in bars)),
            (*(value for _, value in first), *(part.value for part in bars)),
            f"Contributions to the {what}, in units of the score.",
        ),
        Table(
            (*columns, "foretold", "trained again"),
            tuple(rows),
            "In this model: the graph without that part, all counted anew, what was trained kept, all items ranked "
            "again. Foretold: the rank in a model that is trained without it, as predicted"
            + (". " if explanation.calibration else "; this run is not calibrated. ")
            + "Trained again: it was trained without it.",
        ),
        *(Verdict(warning, "warning") for warning in explanation.warnings),
    )


def _percent(explanation: Explanation, value: float) -> float | None:
    share = explanation.share_of(value)
    return None if share is None else 100 * share


def _further(part: Contribution) -> tuple[Any, Any]:
    """The rank foretold, as a range where there is one, and the rank when trained again."""
    told, again = part.foretold, part.retrained
    said: Any = None
    if told is not None:
        is_range = told.rank_low is not None and told.rank_low != told.rank_high
        said = f"{told.rank_low}–{told.rank_high}" if is_range else told.rank_without
    return said, None if again is None else again.rank_without


def _sums(explanation: Explanation) -> tuple[Block, ...]:
    error = explanation.completeness_error
    if error is None:
        return ()
    held = error <= EXACT * max(1.0, abs(explanation.score))
    within = "exactly" if error == 0 else f"within {error:.1e}"
    return (
        Verdict(
            f"Baseline and all {len(explanation.contributions)} parts sum to {explanation.score:.6g} {within}.",
            "good" if held else "warning",
        ),
    )


def _check(checked: Any) -> tuple[float | None, int | None]:
    return (None, None) if checked is None else (checked.score_without, checked.rank_without)


def path_blocks(explanation: Explanation) -> tuple[Block, ...]:
    """The strongest message paths with their shares, and how much of the score is not shown."""
    rows = tuple(
        (" → ".join(node.title for node in path.nodes), path.value, _percent(explanation, path.value))
        for path in explanation.paths
    )
    blocks: list[Block] = [
        Table(("path", "value", "share of the score, %"), rows, "The paths that carry most, each with its share.")
    ]
    if explanation.path_share_shown is not None:
        blocks.append(
            Verdict(
                f"The paths shown carry {explanation.path_share_shown:.1%} of the score; "
                f"{1 - explanation.path_share_shown:.1%} is not shown here.",
            )
        )
    blocks += [Verdict(warning, "warning") for warning in explanation.warnings]
    return tuple(blocks)
