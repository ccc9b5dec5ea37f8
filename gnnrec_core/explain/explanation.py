"""What every explainer returns: parts, where they stand in the graph, and what was checked about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from gnnrec_core.graph import NodeType

Target = Literal["score", "margin"]
AT_RANDOM = "random"
"""What curves and sets of a faithfulness panel are called that were drawn at random."""


@dataclass(frozen=True)
class Node:
    """A node as a person sees it: type, raw id, title; `index` is the node index in the graph."""

    type: NodeType
    id: str
    title: str
    index: int


@dataclass(frozen=True)
class Check:
    """The graph rebuilt without the part, all that hangs on it computed anew, what was trained kept, scored again."""

    score_without: float
    rank_without: int


@dataclass(frozen=True)
class Foretold:
    """What a model trained without the part would say, predicted: the person's own embedding learned anew.

    `rank_low` to `rank_high` is where four in five such predictions end when the model really is trained; both None
    where the run is not calibrated, and then the size is a guess on the low side.
    """

    score_without: float
    rank_without: int
    rank_low: int | None = None
    rank_high: int | None = None


@dataclass(frozen=True)
class Retrained:
    """It was trained without the part: the mean over `n_seeds` trainings, or `exact` where training has no luck."""

    score_without: float
    rank_without: int
    n_seeds: int
    exact: bool


@dataclass(frozen=True)
class BaselineSplit:
    """What the ledger leaves to no single interaction, `a_0 <e_u, z_i>`, shared out; in units of the score.

    `own_history`: with the row that the user's own interactions ask for when all else is kept (relearned); `others`:
    with the mean of all users' rows, which everybody has taught; `unassigned`: the rest. They sum to the baseline.
    """

    own_history: float
    others: float
    unassigned: float

    @property
    def is_share(self) -> bool:
        """Whether all three point the same way, so that they read as shares of the baseline."""
        parts = (self.own_history, self.others, self.unassigned)
        return min(parts) >= 0 or max(parts) <= 0


@dataclass(frozen=True)
class Contribution:
    """One part of a score (or margin). `value` is signed, in units of the score; `share` = value / score.

    `kind`: "history" (an interaction of the user), "reader" (an interaction of the item's other users), "side" (a side
    edge), "own" (what no interaction carries), "relation", "feature". `user`, `item` are raw ids of the interaction
    where there is one; `edge` its column in the graph, user to item. `attention` and `lift` are set by attention only.
    """

    kind: str
    label: str
    value: float
    share: float
    user: str | None = None
    item: str | None = None
    edge: int | None = None
    nodes: tuple[Node, ...] = ()
    checked: Check | None = None
    foretold: Foretold | None = None
    retrained: Retrained | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MessagePath:
    """A walk through the graph that carries `value` of the score. `relations` names each step; `meta_path` groups
    walks of one shape ("user-item-user-item")."""

    nodes: tuple[Node, ...]
    value: float
    share: float
    relations: tuple[str, ...] = ()
    meta_path: str = ""


@dataclass(frozen=True)
class Case:
    """What is explained: the score of a pair, or its lead over `reference_item` (the item at rank k + 1).

    `score` and `reference_score` are what the model itself says, `rank` the item's 1-based rank among the items that a
    list may hold. Made by `case.make_case`.
    """

    user_index: int
    item_index: int
    target: Target
    k: int
    score: float
    rank: int
    reference_item: int | None = None
    reference_score: float = 0.0

    @property
    def explained(self) -> float:
        """The number whose parts are asked for: the score, or the margin score - reference_score."""
        return self.score - self.reference_score if self.target == "margin" else self.score

    @property
    def signed_items(self) -> tuple[tuple[int, float], ...]:
        """The explained number as a signed sum of scores: ((item, 1.0), (reference item, -1.0))."""
        if self.target == "margin" and self.reference_item is not None:
            return ((self.item_index, 1.0), (self.reference_item, -1.0))
        return ((self.item_index, 1.0),)


@dataclass(frozen=True)
class Group:
    """All walks of one shape together: `name` as "user-item-user", `value` in units of the score, its share."""

    name: str
    value: float
    share: float


KEPT = "the trained embeddings"


def kept_of(model: Any) -> str:
    """What a recomputation keeps of a model's training, in words: its `keeps` where it has that, else embeddings."""
    return str(getattr(model, "keeps", KEPT))


@dataclass(frozen=True)
class Explanation:
    """An answer to "why this item, for this user?" by one method.

    `score` is what is explained (the score, or the margin when `case.target` is "margin"), `rank` the item's 1-based
    rank among unseen items. Where `is_additive`, baseline + sum of all contributions = score up to
    `completeness_error` (absolute); `contributions` are all parts, largest |value| first. `seconds` is the method's own
    time, without checks. `frozen` says what the method held fixed; `groups` are sums over all walks of one shape, which
    with the baseline sum to the score; `warnings` are sentences for people. `kept` says what a recomputation keeps.
    `calibration` says what foretold figures rest on (None: on nothing, they are guesses on the low side);
    `baseline_split` shares the baseline out; `calls`: how often a scorer outside was asked since the run was opened.
    """

    case: Case
    method: str
    score: float
    rank: int
    baseline: float
    is_additive: bool
    completeness_error: float | None
    contributions: tuple[Contribution, ...]
    paths: tuple[MessagePath, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()
    exact: bool = False
    seed: int = 0
    path_share_shown: float | None = None
    groups: tuple[Group, ...] = ()
    faithfulness: dict[str, Any] = field(default_factory=dict)
    narrative: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    kept: str = KEPT
    calibration: dict[str, Any] | None = None
    calls: int | None = None
    baseline_split: BaselineSplit | None = None

    def share_of(self, value: float) -> float | None:
        """`value` as a share of the explained number; None where that is not above 0, as the sign would turn."""
        return value / self.score if self.is_additive and self.score > 0 else None

    @property
    def baseline_name(self) -> str:
        """What the baseline is in this model, in a few words; "" where there is none (as in models whose whole score is
        a sum over interactions)."""
        if abs(self.baseline) <= 1e-9 * abs(self.score):
            return ""
        if self.method not in ("ledger", "paths"):
            return "what is left without these parts"
        return "own attributes" if "gates" in self.frozen else "taste in the own embedding"
