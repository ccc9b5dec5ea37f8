"""Public datasets and splits that are recognised, and what was published on them (`known.json`, a source a figure).

A published figure is set beside ours only where dataset, split, length of lists, candidates and definition agree;
else one sentence says which of them does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from gnnrec_core.base.checked import STRICT, Count, Form
from gnnrec_core.base.errors import DataError
from gnnrec_core.data.dataset import Dataset, SplitName

FILE = Path(__file__).with_name("known.json")
OURS = "ours"
Checksum = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class Figure(TypedDict):
    """What one source says of one model: `metrics` at lists of `k`, over all items or `candidates` that were drawn."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    model: str
    k: Annotated[int, Field(ge=1)]
    metrics: dict[str, Share]
    source: str
    candidates: NotRequired[Annotated[int, Field(ge=2)]]
    convention: NotRequired[str]


class KnownSplit(TypedDict):
    """A public split; `test_pairs` is the `pairs_checksum` of its test part, where we could measure it."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    name: str
    n_train: Count
    n_test: Count
    figures: list[Figure]
    test_pairs: NotRequired[Checksum]


class KnownDataset(TypedDict):
    """A public dataset by its sizes; `pairs` is the `pairs_checksum` of all of it, where we could measure it."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    name: str
    n_users: Count
    n_items: Count
    n_interactions: Count
    source: str
    splits: list[KnownSplit]
    pairs: NotRequired[Checksum]


class _Table(TypedDict):
    __pydantic_config__ = STRICT  # type: ignore[misc]
    datasets: list[KnownDataset]


FORM = Form(_Table, DataError, "Install GNNRec Lens again.")


@dataclass(frozen=True)
class Published:
    """What is published on the dataset of some runs. `rows`: run, metric, yours, model, published, k, source, one a
    figure that may be compared; `refused`: why others may not; `by` says what the dataset was recognised by."""

    dataset: str
    by: Literal["content", "sizes"]
    rows: tuple[dict[str, Any], ...]
    refused: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As `evaluate` and `compare` print it."""
        return {"dataset": self.dataset, "by": self.by, "rows": list(self.rows), "refused": list(self.refused)}


def pairs_checksum(dataset: Dataset, *splits: SplitName) -> str:
    """sha256 (hex) of the sorted `user TAB item` ids, a line each, of these parts (all without any)."""
    log = dataset.interactions
    rows = log.rows(*splits) if splits else slice(None)
    users, items = dataset.users.ids, dataset.items.ids
    pairs = zip(log.user_index[rows].tolist(), log.item_index[rows].tolist(), strict=True)
    lines = sorted(f"{users[user]}\t{items[item]}\n" for user, item in pairs)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def recognise(dataset: Dataset) -> KnownDataset | None:
    """The public dataset with as many users, items and interactions; None where there is none."""
    sizes = (dataset.n_users, dataset.n_items, len(dataset.interactions))
    return next((k for k in _known() if (k["n_users"], k["n_items"], k["n_interactions"]) == sizes), None)


def published(
    dataset: Dataset,
    k: int,
    split: SplitName,
    measured: Mapping[str, Mapping[str, float]],
    conventions: Mapping[str, str] | None = None,
) -> Published | None:
    """What others published where `measured` (run: metric: value, of lists of `k` on `split`) was measured; None where
    the dataset is none that we know. `conventions` names the definition of a metric that is not `OURS`."""
    known = recognise(dataset)
    if known is None:
        return None
    if "pairs" in known and pairs_checksum(dataset) != known["pairs"]:
        why = f"The sizes are those of {known['name']}, but ids or interactions are not: nothing is compared."
        return Published(known["name"], "sizes", (), (why,))
    by: Literal["content", "sizes"] = "content" if "pairs" in known else "sizes"
    fits = [entry for entry in known["splits"] if _is_split(dataset, entry)]
    if not fits:
        return Published(known["name"], by, (), (_other_split(dataset, known),))
    if split != "test":
        why = f"Published figures of {known['name']} are of the test part, these are of {split}: nothing is compared."
        return Published(known["name"], by, (), (why,))
    reasons, rows = dict[str, list[str]](), list[dict[str, Any]]()
    for figure in fits[0]["figures"]:
        why = _not_comparable(figure, k, conventions or {})
        if why:
            reasons.setdefault(why, []).append(figure["model"])
            continue
        said = {"model": figure["model"], "k": k, "source": figure["source"]}
        rows += [
            {"run": run, "metric": name, "yours": values[name], "published": value, **said}
            for run, values in measured.items()
            for name, value in figure["metrics"].items()
            if name in values
        ]
    refused = tuple(f"Not compared with {', '.join(models)}: {why}." for why, models in reasons.items())
    return Published(known["name"], by, tuple(rows), refused)


def sentences(found: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """`ndcg@20: LightGCN published .1554, yours .1600 (+.0046).` for rows of `Published`."""
    return tuple(
        f"{row['metric']}@{row['k']}: {row['model']} published {_short(row['published'])}, "
        f"yours {_short(row['yours'])} ({_short(row['yours'] - row['published'], True)})."
        for row in found
    )


@cache
def _known() -> tuple[KnownDataset, ...]:
    return tuple(FORM.read(FILE)["datasets"])


def _is_split(dataset: Dataset, entry: KnownSplit) -> bool:
    """A validation part is taken from train, so both together are what is public as train."""
    n = dataset.interactions.n_by_split
    if (n["train"] + n["validation"], n["test"]) != (entry["n_train"], entry["n_test"]):
        return False
    return "test_pairs" not in entry or pairs_checksum(dataset, "test") == entry["test_pairs"]


def _other_split(dataset: Dataset, known: KnownDataset) -> str:
    if not known["splits"]:
        return f"This is {known['name']}; no figure of lists on a fixed public split of it is in our table."
    n, wanted = dataset.interactions.n_by_split["test"], known["splits"][0]
    if n == wanted["n_test"]:
        of = f"it has as many, but other, test interactions than {wanted['name']}"
    else:
        of = f"{wanted['name']} has {wanted['n_test']:,} test interactions, not {n:,}"
    return f"This is {known['name']} in another split ({of}): published figures are not compared."


def _not_comparable(figure: Figure, k: int, conventions: Mapping[str, str]) -> str:
    """Why figures of one source may not be set beside ours; "" where they may."""
    if "candidates" in figure:
        return f"it ranks among {figure['candidates']} candidates that were drawn, here all items are ranked"
    if figure["k"] != k:
        return f"published for lists of {figure['k']}, these have {k}"
    theirs = figure.get("convention", OURS)
    other = [name for name in figure["metrics"] if conventions.get(name, OURS) != theirs]
    if not other:
        return ""
    here, there = (name if name != OURS else "by our definition" for name in (conventions.get(other[0], OURS), theirs))
    return f"its {', '.join(other)} is another figure (there {there}, here {here})"


def _short(value: float, signed: bool = False) -> str:
    text = f"{value:+.4f}" if signed else f"{value:.4f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text
