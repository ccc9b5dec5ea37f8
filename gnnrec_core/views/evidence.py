"""The evidence of one case: what was asked, every figure with its check, and all that is needed to repeat it.

`gather` computes, `evidence_json` gives the figures to programs, `evidence_page` to people. Nothing in either depends
on the clock or on where the run lies, so the same case gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.explain.explaining import explain, with_faithfulness
from gnnrec_core.explain.explanation import Explanation, Target
from gnnrec_core.explain.narrative import narrate
from gnnrec_core.explain.questions.counterfactual import Counterfactual, find_counterfactual
from gnnrec_core.explain.serialise import counterfactual_json, explanation_json
from gnnrec_core.explain.truth.faithfulness import truth_of
from gnnrec_core.explain.walks.bridges import bridges
from gnnrec_core.render.blocks import Flow
from gnnrec_core.runs.record import library_versions
from gnnrec_core.runs.run import Run
from gnnrec_core.views.case_picture import case_picture
from gnnrec_core.views.privacy import NameUser, pseudonymous

LIMITS = (
    "In this model means: recomputed on the graph without the named part, all that is counted in it anew, what was "
    "trained kept. Foretold means: predicted for a model that is trained without it. Trained again means: it was. A "
    "sentence claims no more than the level that it names.",
    "Removed items stay out of the ranking.",
    "What is shown explains the model, not the person: it says what the score is made of, not why somebody reads.",
    "Other users go by keyed pseudonyms. A pseudonym is no anonymity: a rare history can point to a person.",
)


@dataclass(frozen=True)
class Evidence:
    """All that was computed for one case.

    `score` is the ledger of the score, `margin` that of the lead over the item that would take its place (None where
    there is no other item); `skipped` says what could not be computed, and why.
    """

    run: Run
    model_sha256: str
    k: int
    seed: int
    score: Explanation
    margin: Explanation | None
    paths: Explanation | None
    second_opinions: tuple[Explanation, ...]
    counterfactual: Counterfactual | None
    skipped: tuple[tuple[str, str], ...]
    picture: Flow

    @property
    def dataset(self) -> Dataset:
        return self.run.dataset

    @property
    def user_id(self) -> str:
        return self.dataset.users.ids[self.score.case.user_index]

    @property
    def item_id(self) -> str:
        return self.dataset.items.ids[self.score.case.item_index]

    @property
    def title(self) -> str:
        return self.dataset.title(self.score.case.item_index)


def gather(
    run: Run,
    user_index: int,
    item_index: int,
    name_user: NameUser,
    k: int = 10,
    seed: int = 0,
    top: int = 20,
    second_opinions: Sequence[str] | None = None,
) -> Evidence:
    """Compute the evidence, by default with every method that is a second opinion.

    UnsupportedError where the model has no ledger, RequestError for a wrong index or k.
    """
    skipped: list[tuple[str, str]] = []

    def ask(method: str, target: Target = "score", measured: bool = False) -> Explanation | None:
        try:
            found = explain(run, user_index, item_index, method, target, k, None, seed, check_top=top)
        except (UnsupportedError, RequestError) as error:
            skipped.append((method if target == "score" else f"{method} of the margin", error.message))
            return None
        if measured:
            found = with_faithfulness(run.model, run.dataset, found, seed, truth)
        return _told(found, run.dataset, user_index, name_user)

    ledger = explain(run, user_index, item_index, "ledger", "score", k, None, seed, check_top=top)
    truth = truth_of(run.model, run.dataset, ledger.case)
    ledger = with_faithfulness(run.model, run.dataset, ledger, seed, truth)
    names = EXPLAINERS.having("second_opinion") if second_opinions is None else second_opinions
    opinions = tuple(found for name in names if (found := ask(name, measured=True)) is not None)
    counterfactual = None
    try:
        counterfactual = find_counterfactual(run, user_index, item_index, k)
    except (UnsupportedError, RequestError) as error:
        skipped.append(("counterfactual", error.message))
    return Evidence(
        run,
        hashlib.sha256((run.place / "model.safetensors").read_bytes()).hexdigest(),
        k,
        seed,
        _told(ledger, run.dataset, user_index, name_user),
        ask("ledger", "margin"),
        ask("paths"),
        opinions,
        counterfactual,
        tuple(skipped),
        case_picture(ledger.case, bridges(run.model, ledger.case), run.graph, run.dataset, name_user),
    )


def evidence_json(evidence: Evidence, top: int = 20) -> dict[str, Any]:
    """The evidence for programs: explanations and the counterfactual as the commands print them, without timings."""
    data = evidence.dataset

    def shown(explanation: Explanation | None) -> dict[str, Any] | None:
        return None if explanation is None else explanation_json(explanation, data, top)

    found = evidence.counterfactual
    content: dict[str, Any] = {
        "case": case_facts(evidence),
        "explanation": shown(evidence.score),
        "margin": shown(evidence.margin),
        "paths": shown(evidence.paths),
        "second_opinions": [shown(opinion) for opinion in evidence.second_opinions],
        "counterfactual": None if found is None else counterfactual_json(found, data),
        "not_computed": [{"what": what, "why": why} for what, why in evidence.skipped],
        "provenance": provenance(evidence),
        "limits": list(LIMITS),
    }
    timeless: dict[str, Any] = _without_seconds(content)
    return timeless


def case_facts(evidence: Evidence) -> dict[str, Any]:
    """What was asked, and the model's own answer."""
    case = evidence.score.case
    return {
        "user": evidence.user_id,
        "item": evidence.item_id,
        "title": evidence.title,
        "k": evidence.k,
        "score": case.score,
        "rank": case.rank,
        "dataset": evidence.run.record.dataset_name,
        "run": evidence.run.name,
        "model": evidence.run.record.model,
    }


def provenance(evidence: Evidence) -> dict[str, Any]:
    """Hashes, settings, seeds, versions, and the command that makes this evidence again."""
    record = evidence.run.record
    return {
        "dataset_fingerprint": evidence.dataset.fingerprint,
        "model_sha256": evidence.model_sha256,
        "model_settings": record.settings,
        "training_seed": record.seed,
        "explanation_seed": evidence.seed,
        "trained_with": record.versions,
        "explained_with": library_versions(),
        "command": f"report {evidence.run.name} --user {evidence.user_id} --item {evidence.item_id} "
        f"--k {evidence.k} --seed {evidence.seed}",
    }


def _told(explanation: Explanation, dataset: Dataset, user_index: int, name_user: NameUser) -> Explanation:
    """Other people by pseudonym, in the figures and in the sentences."""
    named = replace(explanation, narrative=narrate(explanation, dataset, name_user))
    return pseudonymous(named, dataset.users.ids[user_index], name_user)


def _without_seconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_seconds(entry) for key, entry in value.items() if key != "seconds"}
    if isinstance(value, (list, tuple)):
        return [_without_seconds(entry) for entry in value]
    return value
