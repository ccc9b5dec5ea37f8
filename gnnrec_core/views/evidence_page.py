"""The evidence of one case as a page for people: the same figures as the JSON beside it."""

from __future__ import annotations

from typing import Any

from gnnrec_core.explain.explanation import Contribution, Explanation
from gnnrec_core.explain.questions.counterfactual import Counterfactual
from gnnrec_core.render.html import Bars, Block, Curves, Facts, Section, Table, Text, Verdict, page
from gnnrec_core.views.evidence import LIMITS, Evidence, case_facts, provenance

N_BARS = 12
EXACT = 1e-5
"""Largest completeness error, relative to the score, that passes as a sum (float32)."""


def evidence_page(evidence: Evidence, top: int = 20) -> str:
    """One self-contained page that opens offline."""
    case = evidence.score.case
    sections = [
        Section("In short", (Text(evidence.score.narrative), Facts(tuple(_named(case_facts(evidence)))))),
        Section("What the score is made of", _ledger(evidence.score, top)),
    ]
    if evidence.margin is not None and case.rank is not None:
        reference = evidence.margin.case.reference_item
        leads = "" if reference is None else f" over {evidence.dataset.title(reference)}"
        sections.append(Section(f"What its lead is made of{leads}", _ledger(evidence.margin, top)))
    if evidence.paths is not None:
        sections.append(Section("Along which paths the messages travel", _paths(evidence.paths)))
    sections += [
        Section("What would have to change", _counterfactual(evidence)),
        Section("Which method to believe on this case", _methods(evidence)),
        Section("Provenance", (Facts(tuple(_named(provenance(evidence)))),)),
        Section("Limits", (Text(LIMITS), *_not_computed(evidence))),
    ]
    return page(
        f"Evidence: {evidence.title}",
        tuple(sections),
        f"Why {evidence.title} stands at rank {case.rank} for {evidence.user_id}",
        f"GNNRec Lens. Data {evidence.dataset.fingerprint[:16]}, model {evidence.model_sha256[:16]}, "
        f"seed {evidence.seed}.",
    )


def _ledger(explanation: Explanation, top: int) -> tuple[Block, ...]:
    parts = explanation.contributions[:top]
    rest = explanation.contributions[top:]
    rest_value = sum(part.value for part in rest)
    bars = parts[:N_BARS]
    rows: list[tuple[Any, ...]] = [("taste in the own embedding (baseline)", explanation.baseline, *[None] * 5)]
    rows += [(part.label, part.value, 100 * part.share, *_check(part.checked), *_further(part)) for part in parts]
    if rest:
        rows.append((f"{len(rest)} more", rest_value, *[None] * 5))
    what = "lead" if explanation.case.target == "margin" else "score"
    return (
        *_sums(explanation),
        Bars(
            ("taste in the own embedding", *(part.label for part in bars)),
            (explanation.baseline, *(part.value for part in bars)),
            f"Contributions to the {what}, in units of the score.",
        ),
        Table(
            ("part", "value", "share, %", f"{what} without it", "rank in this model", "foretold", "trained again"),
            tuple(rows),
            "In this model: the graph without that part, degrees computed anew, embeddings kept, all items ranked "
            "again. Foretold: the rank in a model that is trained without it, as predicted"
            + (". " if explanation.calibration else "; this run is not calibrated. ")
            + "Trained again: it was trained without it.",
        ),
        *(Verdict(warning, "warning") for warning in explanation.warnings),
    )


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
    return (
        Verdict(
            f"Baseline and all {len(explanation.contributions)} parts sum to {explanation.score:.6g} "
            f"within {error:.1e}.",
            "good" if held else "warning",
        ),
    )


def _check(checked: Any) -> tuple[float | None, int | None]:
    return (None, None) if checked is None else (checked.score_without, checked.rank_without)


def _paths(explanation: Explanation) -> tuple[Block, ...]:
    rows = tuple(
        (" → ".join(node.title for node in path.nodes), path.value, 100 * path.share) for path in explanation.paths
    )
    blocks: list[Block] = [
        Table(("path", "value", "share, %"), rows, "The paths that carry most, each with its share.")
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


def _counterfactual(evidence: Evidence) -> tuple[Block, ...]:
    found = evidence.counterfactual
    if found is None:
        return (Verdict(next((why for what, why in evidence.skipped if what == "counterfactual"), "Not computed.")),)
    titles = [evidence.dataset.title(item) for item in found.removed]
    change = f"rank {found.case.rank} to {found.rank_after}, score {found.case.score:.4g} to {found.score_after:.4g}"
    if not found.found:
        return (
            Verdict(
                f"No set of up to {found.limit} interactions was found without which the item leaves the top "
                f"{found.case.k} in this model as it stands.",
                "warning",
            ),
            Text((f"The set that pushes it down furthest ({change}): {', '.join(titles)}.",) if titles else ()),
        )
    return (
        Verdict(
            f"Without {', '.join(titles)} the item leaves the top {found.case.k} ({change}) in this model as it "
            "stands; recomputed.",
            "good" if found.verified else "warning",
        ),
        Text(
            (
                f"Smallest set: {found.minimality}; {found.checked_smaller_sets:,} smaller sets were tried.",
                *_trained_again(evidence, found),
            )
        ),
    )


def _trained_again(evidence: Evidence, found: Counterfactual) -> tuple[str, ...]:
    """About how few suffice when the model is trained again."""
    again = found.trained_again
    if again is None:
        return ()
    titles = ", ".join(evidence.dataset.title(item) for item in again.removed)
    level = "refitted exactly" if again.exact else "foretold"
    return (
        f"If the model is trained again, {len(again.removed)} suffice: without {titles} the item stands about "
        f"rank {again.rank_foretold} ({level}).",
    )


def _methods(evidence: Evidence) -> tuple[Block, ...]:
    panels = [o.faithfulness for o in (evidence.score, *evidence.second_opinions) if o.faithfulness.get("sets")]
    if not panels:
        return (Verdict(str(evidence.score.faithfulness.get("verdict", "Not measured."))),)
    rows = []
    for panel in panels:
        fifth = [effect for effect in panel["sets"] if effect["name"] == panel["method"]][-1]
        own = panel["curves"][0]
        rows.append(
            (
                panel["method"],
                panel["spearman"],
                panel["kendall"],
                fifth["necessity"],
                fifth["sufficiency_gap"],
                own["deletion_area"],
                own["insertion_area"],
                panel["stability"],
                panel["beats_random"],
            )
        )
    rows += _controls(panels[0])
    return (
        Table(
            ("method", "Spearman", "Kendall", "necessity", "sufficiency gap", "deletion area",
             "insertion area", "stability", "beats random"),
            tuple(rows),
            "Measured by recomputing. Spearman, Kendall: agreement with leaving each one out. Necessity: drop when "
            "the first 20 % go (higher is better); sufficiency gap: drop when only they stay (lower is better); areas "
            "under the deletion curve (lower is better) and the insertion curve (higher is better). Controls: "
            "several random orders (mean), and the user's most popular items first.",
        ),
        _curves(panels[0], "deletion"),
        _curves(panels[0], "insertion"),
        *(Verdict(panel["verdict"], "good" if panel["beats_random"] else "warning") for panel in panels),
    )  # fmt: skip


def _controls(panel: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Rows of the orders that know nothing of the case: what a method has to beat."""
    effects = {effect["name"]: effect for effect in panel["sets"]}  # of each order the largest set, which comes last
    return [
        (
            f"control: {curve['name']}",
            None,
            None,
            effects[curve["name"]]["necessity"],
            effects[curve["name"]]["sufficiency_gap"],
            curve["deletion_area"],
            curve["insertion_area"],
            None,
            None,
        )
        for curve in panel["curves"][1:]
    ]


def _curves(panel: dict[str, Any], kind: str) -> Curves:
    series = tuple(
        (curve["name"], tuple(map(float, curve["n_edges"])), tuple(curve[kind])) for curve in panel["curves"]
    )
    done = "removed" if kind == "deletion" else "kept alone"
    return Curves(series, f"interactions {done}", "score", f"Score when the first reasons are {done}, recomputed.")


def _not_computed(evidence: Evidence) -> tuple[Block, ...]:
    return tuple(Verdict(f"Not computed: {what}. {why}") for what, why in evidence.skipped)


def _named(facts: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name.replace("_", " "), _flat(value)) for name, value in facts.items()]


def _flat(value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(f"{name} {entry}" for name, entry in value.items())
    return " ".join(map(str, value)) if isinstance(value, list) else value
