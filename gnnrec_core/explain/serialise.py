"""Explanations as the JSON objects of the contract: for the command line, reports and evidence files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Contribution, Explanation, MessagePath, Node
from gnnrec_core.explain.questions.counterfactual import Counterfactual
from gnnrec_core.explain.questions.why_not import WhyNot
from gnnrec_core.explain.truth.sufficing import TrainedAgain
from gnnrec_core.graph import RecGraph


def explanation_json(explanation: Explanation, dataset: Dataset, top: int) -> dict[str, Any]:
    """The explanation with its first `top` contributions, and the sum of all of them so that it can be checked."""
    case, parts = explanation.case, explanation.contributions
    reference = case.reference_item
    return {
        **_pair(dataset, case.user_index, case.item_index),
        "target": case.target,
        "k": case.k,
        "score": explanation.score,
        "rank": explanation.rank,
        "item_score": case.score,
        "reference_item": None if reference is None else dataset.items.ids[reference],
        "reference_title": None if reference is None else dataset.title(reference),
        "method": explanation.method,
        "settings": explanation.settings,
        "seed": explanation.seed,
        "exact": explanation.exact,
        "frozen": list(explanation.frozen),
        "additive": explanation.is_additive,
        "kept": explanation.kept,
        "baseline": explanation.baseline,
        "baseline_name": explanation.baseline_name,
        "baseline_split": None if explanation.baseline_split is None else asdict(explanation.baseline_split),
        "completeness_error": explanation.completeness_error,
        "calibration": explanation.calibration,
        "calls": explanation.calls,
        "n_contributions": len(parts),
        "sum_of_contributions": float(sum(part.value for part in parts)),
        "contributions": [_contribution(part) for part in parts[:top]],
        "paths": [_path(path) for path in explanation.paths],
        "path_share_shown": explanation.path_share_shown,
        "groups": [asdict(group) for group in explanation.groups],
        "faithfulness": explanation.faithfulness,
        "narrative": list(explanation.narrative),
        "warnings": list(explanation.warnings),
        "seconds": explanation.seconds,
    }


def counterfactual_json(
    answer: Counterfactual, dataset: Dataset, graph: RecGraph | None = None, name_user: Callable[[str], str] = str
) -> dict[str, Any]:
    """The counterfactual; where none was found, `removed` is the set that pushes the item down furthest. With the
    model's `graph` each entry of it names whose interaction it is, others by `name_user`; without, all are the user's.
    """
    case = answer.case
    return {
        **_pair(dataset, case.user_index, case.item_index),
        "k": case.k,
        "found": answer.found,
        "removed": _removed(dataset, answer, graph, name_user),
        "rank_before": case.rank,
        "rank_after": answer.rank_after,
        "score_before": case.score,
        "score_after": answer.score_after,
        "verified": answer.verified,
        "checked_smaller_sets": answer.checked_smaller_sets,
        "recomputed_smaller_sets": answer.recomputed,
        "minimality": answer.minimality,
        "trained_again": _trained_again(dataset, answer.trained_again),
        "limit": answer.limit,
        "kept": answer.kept,
        "calls": answer.calls,
        "seconds": answer.seconds,
    }


def why_not_json(answer: WhyNot, dataset: Dataset, top: int) -> dict[str, Any]:
    """The contrast with the item at rank k, and the additions that lift the item in."""
    case = answer.case
    return {
        **_pair(dataset, case.user_index, case.item_index),
        "k": case.k,
        "rank": case.rank,
        "score": case.score,
        "contrast": explanation_json(answer.contrast, dataset, top),
        "found": answer.found,
        "added": [_item(dataset, item) for item in answer.added],
        "rank_before": case.rank,
        "rank_after": answer.rank_after,
        "rank_foretold": answer.rank_foretold,
        "score_before": case.score,
        "score_after": answer.score_after,
        "verified": answer.verified,
        "limit": answer.limit,
        "seconds": answer.seconds,
    }


def _removed(
    dataset: Dataset, answer: Counterfactual, graph: RecGraph | None, name_user: Callable[[str], str]
) -> list[dict[str, Any]]:
    own = answer.case.user_index
    users = [own] * len(answer.removed) if graph is None else graph.sources(list(answer.edges)).tolist()
    ids = dataset.users.ids
    return [
        {"user": ids[user] if user == own else name_user(ids[user]), **_item(dataset, item)}
        for user, item in zip(users, answer.removed, strict=True)
    ]


def _trained_again(dataset: Dataset, found: TrainedAgain | None) -> dict[str, Any] | None:
    if found is None:
        return None
    removed = [_item(dataset, item) for item in found.removed]
    return {"removed": removed, "rank_foretold": found.rank_foretold, "exact": found.exact}


def _pair(dataset: Dataset, user: int, item: int) -> dict[str, Any]:
    return {"user": dataset.users.ids[user], **_item(dataset, item)}


def _item(dataset: Dataset, item: int) -> dict[str, Any]:
    return {"item": dataset.items.ids[item], "title": dataset.title(item)}


def _node(node: Node) -> dict[str, Any]:
    return {"type": node.type, "id": node.id, "title": node.title}


def _contribution(part: Contribution) -> dict[str, Any]:
    return {
        "kind": part.kind,
        "label": part.label,
        "user": part.user,
        "item": part.item,
        "value": part.value,
        "share": part.share,
        **{name: _level(getattr(part, name)) for name in ("checked", "foretold", "retrained")},
        "nodes": [_node(node) for node in part.nodes],
        "detail": part.detail,
    }


def _level(level: Any) -> dict[str, Any] | None:
    return None if level is None else dict(vars(level))


def _path(path: MessagePath) -> dict[str, Any]:
    return {
        "nodes": [_node(node) for node in path.nodes],
        "value": path.value,
        "share": path.share,
        "relations": list(path.relations),
        "meta_path": path.meta_path,
    }
