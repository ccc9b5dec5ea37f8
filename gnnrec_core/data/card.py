"""`dataset.json`: what it must say, and writing it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from gnnrec_core.base.checked import STRICT, Count, Form
from gnnrec_core.base.errors import DataError
from gnnrec_core.base.files import write_json

FORMAT_VERSION = 1
NAME = "dataset.json"
Size = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""How many rows a table of a dataset may have."""
Text = Annotated[str, Field(max_length=2**20)]


class RelationCard(TypedDict):
    """A relation and the file that holds its edges, below `relations/`."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    name: Text
    kind: Literal["user-user", "item-item", "item-attribute", "user-attribute", "attribute-attribute", "user-item"]
    n_edges: Size
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,80}\.parquet$")]


class ProblemCard(TypedDict, total=False):
    """A `Problem` of `data.values`; what an older version did not write is left out."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    code: Text
    severity: Literal["info", "warning", "error"]
    count: Count
    action: Text
    message: Text
    file: Text | None
    line: Count | None
    column: Text | None
    value: Text | None
    lines: list[Count]
    rows_removed: Count
    details: dict[str, Any]


class DatasetCard(TypedDict):
    """What stands in `dataset.json` beside its version: what pages show without reading the tables."""

    __pydantic_config__ = ConfigDict(**{**STRICT, "extra": "allow"})  # type: ignore[misc]
    name: Annotated[str, Field(min_length=1, max_length=2**20)]
    n_users: Size
    n_items: Size
    n_interactions: Size
    n_train: Size
    n_validation: Size
    n_test: Size
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    source: Text
    settings: dict[str, Any]
    relations: Annotated[list[RelationCard], Field(max_length=1000)]
    problems: Annotated[list[ProblemCard], Field(max_length=10_000)]


CARD = Form(DatasetCard, DataError, "Import its source again, or delete its folder.", FORMAT_VERSION)


def write_card(folder: Path, card: DatasetCard | dict[str, Any]) -> None:
    """Write `dataset.json` with the version of the format in front."""
    write_json(folder / NAME, {"format_version": FORMAT_VERSION, **card})
