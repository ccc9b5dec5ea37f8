"""The evidence of one case as a page for people: the same figures as the JSON beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.files import json_bytes, refuse_existing, write_together
from gnnrec_core.base.plain import plain
from gnnrec_core.render.blocks import Block, Curves, Facts, Section, Table, Text, Verdict
from gnnrec_core.render.html import page
from gnnrec_core.views.evidence import LIMITS, Evidence, case_facts, evidence_json, provenance
from gnnrec_core.views.explanation import counterfactual_blocks, ledger_blocks, path_blocks
from gnnrec_core.views.facts import named


def write_evidence(
    evidence: Evidence,
    file: Path,
    top: int = 20,
    overwrite: bool = False,
    attached: Mapping[str, tuple[tuple[Section, ...], Mapping[str, Any]]] = MappingProxyType({}),
) -> Path:
    """Write `file` and the JSON beside it; its path. `attached` are sections of other questions to the same case, with
    their JSON, by name. RequestError as `evidence_files` has it."""
    file, beside = evidence_files(file, overwrite)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_together(
        {
            beside: json_bytes(
                plain(evidence_json(evidence, top) | {name: dict(content) for name, (_, content) in attached.items()})
            ),
            file: evidence_page(evidence, top, [each for each, _ in attached.values()]).encode("utf-8", "replace"),
        }
    )
    return file


def evidence_files(file: Path, overwrite: bool = False) -> tuple[Path, Path]:
    """The page and the JSON beside it; RequestError where `file` does not end in .html or one of them exists."""
    if file.suffix != ".html":
        raise RequestError(f"{file} is not an .html file.", "Name it FILE.html.", value=str(file))
    for path in (file, file.with_suffix(".json")):
        refuse_existing(path, overwrite)
    return file, file.with_suffix(".json")


def evidence_page(evidence: Evidence, top: int = 20, attached: Sequence[tuple[Section, ...]] = ()) -> str:
    """One self-contained page that opens offline; what is attached comes before provenance and limits."""
    case = evidence.score.case
    sections = [
        Section("In short", (Text(evidence.score.narrative), Facts(named(case_facts(evidence))))),
        Section("How the score comes about", (evidence.picture,)),
        Section("What the score is made of", ledger_blocks(evidence.score, top)),
    ]
    if evidence.margin is not None and case.rank is not None:
        reference = evidence.margin.case.reference_item
        leads = "" if reference is None else f" over {evidence.dataset.title(reference)}"
        sections.append(Section(f"What its lead is made of{leads}", ledger_blocks(evidence.margin, top)))
    if evidence.paths is not None:
        sections.append(Section("Along which paths the messages travel", path_blocks(evidence.paths)))
    sections += [
        Section("What would have to change", _counterfactual(evidence)),
        Section("Which method to believe on this case", _methods(evidence)),
        *(section for sections in attached for section in sections),
        Section("Provenance", (Facts(named(provenance(evidence))),)),
        Section("Limits", (Text(LIMITS), *_not_computed(evidence))),
    ]
    return page(
        f"Evidence: {evidence.title}",
        tuple(sections),
        f"Why {evidence.title} stands at rank {case.rank} for {evidence.user_id}",
        f"GNNRec Lens. Data {evidence.dataset.fingerprint[:16]}, model {evidence.model_sha256[:16]}, "
        f"seed {evidence.seed}.",
    )


def _counterfactual(evidence: Evidence) -> tuple[Block, ...]:
    if evidence.counterfactual is None:
        return (Verdict(next((why for what, why in evidence.skipped if what == "counterfactual"), "Not computed.")),)
    return counterfactual_blocks(evidence.counterfactual, evidence.dataset, evidence.run.graph)


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
                panel["spearman_low"],
                panel["spearman_high"],
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
            ("method", "Spearman", "low", "high", "Kendall", "necessity", "sufficiency gap", "deletion area",
             "insertion area", "stability", "beats random"),
            tuple(rows),
            "Measured by recomputing. Spearman (with its 95 % interval), Kendall: agreement with leaving each one out. "
            "Necessity: drop when "
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
            *[None] * 4,
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
