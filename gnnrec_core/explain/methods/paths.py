"""Message paths: the ledger opened up into the walks that it sums.

`walks` are what the score really is made of; `connecting` paths are the literal ones between user and item. Both say
what share of the score they carry, and what share is not shown.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Case, Explanation, Group, MessagePath
from gnnrec_core.explain.nodes import describe_node, edge_contributions
from gnnrec_core.explain.protocol import answer, frozen_warning
from gnnrec_core.explain.scores.edge_effects import user_ledger
from gnnrec_core.explain.scores.linear import Prepared, prepare
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.explain.walks.connecting import connecting_paths
from gnnrec_core.explain.walks.meta_paths import meta_path_groups, node_kinds
from gnnrec_core.explain.walks.reader_paths import reader_paths
from gnnrec_core.explain.walks.walks import Walk, best_walks
from gnnrec_core.models import able
from gnnrec_core.models.history_protocol import ReaderPathsRecommender
from gnnrec_core.models.protocol import PropagationRecommender


class PathsSettings(Settings):
    """Which paths, and how many."""

    kind: Literal["walks", "connecting"] = Field(
        "walks",
        description="walks: what messages really travel, each ending in an embedding; "
        "connecting: literal paths from the user to the item.",
    )
    n_paths: int = Field(10, ge=1, le=500, description="How many paths are listed, those with the largest |value|.")
    simple: bool = Field(False, description="Leave out walks that meet a node twice.")


class Paths:
    """The ledger with the strongest message paths that it sums, and the share of each shape of path."""

    name: ClassVar[str] = "paths"
    settings_type: ClassVar[type[Settings]] = PathsSettings
    is_stochastic: ClassVar[bool] = False

    def supports(self, model: Any) -> None:
        if not isinstance(model, PropagationRecommender | ReaderPathsRecommender):
            raise UnsupportedError(
                f"The model {getattr(model, 'name', type(model).__name__)!r} passes no messages along paths.",
                f"Choose the ledger, or a run of {able(PropagationRecommender, ReaderPathsRecommender)}.",
            )

    def explain(self, model: Any, dataset: Dataset, case: Case, settings: PathsSettings, seed: int) -> Explanation:
        scorer = scorer_of(model)
        start = time.perf_counter()
        if isinstance(model, ReaderPathsRecommender):
            literal = settings.kind == "connecting"
            opened = reader_paths(model, scorer.graph, dataset, case, settings.n_paths, settings.simple, literal)
        else:
            opened = _message_paths(prepare(model), dataset, case, settings)
        paths, groups, warnings = opened
        baseline, edges, values = user_ledger(model, case)
        contributions = edge_contributions(dataset, scorer.graph, edges, values, case.explained, case.user_index)
        frozen = scorer.frozen
        return answer(
            case,
            self,
            settings,
            contributions,
            baseline=baseline,
            is_additive=True,
            paths=paths,
            groups=groups,
            path_share_shown=float(sum(path.share for path in paths)),
            exact=not frozen,
            frozen=frozen,
            warnings=(*frozen_warning(frozen), *warnings),
            seed=seed,
            seconds=time.perf_counter() - start,
        )


def _message_paths(
    prepared: Prepared, dataset: Dataset, case: Case, settings: PathsSettings
) -> tuple[tuple[MessagePath, ...], tuple[Group, ...], tuple[str, ...]]:
    """The strongest paths of a propagation, the sums of each shape, and sentences on what is not shown."""
    find = _walks if settings.kind == "walks" else _connecting
    walks, warnings = find(prepared, case, settings)
    # Literal paths end at the item alone: they are part of its score, also where a margin is explained.
    whole = case.explained if settings.kind == "walks" else case.score
    target = target_vector(prepared, case)
    groups = meta_path_groups(prepared.propagation, dataset, case.user_index, target, case.explained)
    return message_paths(prepared, dataset, walks, whole), groups, warnings


def target_vector(prepared: Prepared, case: Case) -> Any:
    """z_i, or z_i - z_reference for a margin `[d]`."""
    final, graph = prepared.propagation.final, prepared.graph
    return sum(sign * final[graph.item_node(item)] for item, sign in case.signed_items)


def message_paths(
    prepared: Prepared, dataset: Dataset, walks: tuple[Walk, ...], whole: float
) -> tuple[MessagePath, ...]:
    """Walks in words: nodes with titles, the relation of each step, the shape, the share of `whole`."""
    kinds, names = node_kinds(dataset)
    return tuple(
        MessagePath(
            tuple(describe_node(dataset, node) for node in walk.nodes),
            walk.value,
            walk.value / whole if whole else 0.0,
            tuple(
                _relation(prepared, source, target)
                for source, target in zip(walk.nodes[:-1], walk.nodes[1:], strict=True)
            ),
            "-".join(names[kinds[node]] for node in walk.nodes),
        )
        for walk in walks
    )


def _walks(prepared: Prepared, case: Case, settings: PathsSettings) -> tuple[tuple[Walk, ...], tuple[str, ...]]:
    target = target_vector(prepared, case)
    return best_walks(prepared.propagation, case.user_index, target, settings.n_paths, settings.simple), ()


def _connecting(prepared: Prepared, case: Case, settings: PathsSettings) -> tuple[tuple[Walk, ...], tuple[str, ...]]:
    item = int(prepared.graph.item_node(case.item_index))
    lists = connecting_paths(prepared.propagation, prepared.graph, case.user_index, item)
    values = np.concatenate([values for _, values in lists])
    nodes = [row for rows, _ in lists for row in rows]
    best = np.argsort(-np.abs(values), kind="stable")[: settings.n_paths]
    walks = tuple(Walk(tuple(nodes[place].tolist()), float(values[place])) for place in best)
    share = 100 * float(values.sum()) / case.score if case.score else 0.0
    said = f"All {len(values):,} literal paths from the user to the item together carry {share:.2f} % of the score."
    return walks, (said,)


def _relation(prepared: Prepared, source: int, target: int) -> str:
    graph, edges = prepared.graph, prepared.edges_of(source)
    between = edges[graph.targets(edges) == target]
    return " and ".join(graph.relations[kind] for kind in graph.kinds(between)) or "itself"
