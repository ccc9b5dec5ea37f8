"""What a person may choose on import. Declared once: the check, the form, the help and the command line follow."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, field_validator

from gnnrec_core.base.settings import Settings
from gnnrec_core.data.clean.conditions import parse_condition

EdgeKind = Literal["user-user", "item-item", "item-attribute", "user-attribute", "attribute-attribute"]
EDGE_KINDS: tuple[EdgeKind, ...] = get_args(EdgeKind)


def _numbers(value: Any) -> Any:
    return tuple(value.split(",")) if isinstance(value, str) else value


Pair = Annotated[tuple[float, float], BeforeValidator(_numbers)]


def _shares_as_typed(value: Any) -> Any:
    shares = _numbers(value)
    if isinstance(shares, tuple | list) and len(shares) != 3:
        raise ValueError(
            f"there are {len(shares)} shares where three are needed: train, validation and test "
            "(0.8,0,0.2 has no validation part, 0.8,0.2,0 no test part)"
        )
    return shares


Triple = Annotated[tuple[float, float, float], BeforeValidator(_shares_as_typed)]


class EdgeSource(Settings):
    """A file of side edges (`source,target[,weight]`) and what they connect."""

    path: str = Field(description="delimited text or Parquet: source, target, optional weight")
    kind: EdgeKind = Field(description="which nodes the edges connect")
    name: str = Field("", description="name of the relation; the file's name where it is empty")


class ImportOptions(Settings):
    """How a source becomes a dataset. Everything has a default that suits a plain log of interactions."""

    format: str = Field("auto", description="format of the source; auto recognises it by its content")
    name: str = Field("", max_length=200, description="name for display; the source's name where it is empty")

    user_col: str | None = Field(None, description="column of the user id (a name, or a number from 1)")
    item_col: str | None = Field(None, description="column of the item id (a name, or a number from 1)")
    rating_col: str | None = Field(None, description="column of the rating; 'none' leaves ratings unread")
    time_col: str | None = Field(None, description="column of the time; 'none' leaves times unread")

    table: str | None = Field(None, description="table of a database")
    query: str | None = Field(None, description="SELECT of a database, instead of a table")

    delimiter: str | None = Field(None, min_length=1, max_length=4, description="delimiter of text; guessed if empty")
    encoding: str | None = Field(None, description="encoding of text, such as cp1252; UTF-8 and UTF-16 are recognised")
    header: Literal["auto", "yes", "no"] = Field("auto", description="does the first row hold column names?")
    day_first: bool | None = Field(None, description="03/04/2024 is 3 April (true) or 4 March (false)")
    rating_scale: Pair | None = Field(None, description="lowest and highest allowed rating; others are refused")

    users: str | None = Field(None, description="file with one row a user: id column first or named, attributes")
    items: str | None = Field(None, description="file with one row an item: id column first or named, attributes")
    files: tuple[tuple[str, str], ...] = Field(
        (), description="what each file of a folder is, such as a.csv=log,b.csv=users; told by its columns if empty"
    )
    edges: tuple[EdgeSource, ...] = Field((), description="files of side edges")
    codes: tuple[str, ...] = Field((), description="attributes whose numbers are codes of groups, not amounts")
    amounts: tuple[str, ...] = Field((), description="attributes whose numbers are amounts although they are few")
    item_relations: tuple[str, ...] = Field((), description="item attributes that become nodes of the graph")
    user_relations: tuple[str, ...] = Field((), description="user attributes that become nodes of the graph")

    duplicates: Literal["last", "mean", "max"] = Field(
        "last", description="which rating a pair keeps that stands in the log more than once"
    )
    keep: tuple[str, ...] = Field((), description="conditions on rows, such as event_type in purchase,cart")
    behaviour_col: str | None = Field(None, description="column that says what happened, to be weighed")
    behaviour_weights: tuple[tuple[str, float], ...] = Field(
        (), description="weight of each behaviour, such as purchase=3,cart=2,view=1; others are left out"
    )
    negatives: Literal["drop", "keep"] = Field(
        "drop",
        description="rows that say no (label 0, dislike, a behaviour of weight 0, below min_rating): left out, or kept "
        "beside the graph as known negatives for training and evaluation",
    )
    min_rating: float | None = Field(None, description="leave out interactions rated lower")
    since: str | None = Field(None, description="leave out interactions before this date (2024-01-31 or seconds)")
    until: str | None = Field(None, description="leave out interactions from this date on (2024-01-31 or seconds)")
    min_user_interactions: int = Field(0, ge=0, le=10_000, description="leave out users with fewer, once")
    min_item_interactions: int = Field(0, ge=0, le=10_000, description="leave out items with fewer, once")
    k_core: int = Field(0, ge=0, le=10_000, description="leave out users and items with fewer, until none is left")
    weighting: Literal["none", "rating", "recency"] = Field("none", description="what an interaction's weight is")
    half_life_days: float = Field(365.0, gt=0, le=36_500, description="age at which a recency weight has halved")

    split: Literal["auto", "leave-last", "temporal", "random", "given"] = Field(
        "auto", description="how interactions are parted; auto keeps the source's own parts, else random per user"
    )
    ratios: Triple = Field((0.8, 0.1, 0.1), description="shares of train, validation and test")
    validation_ratio: float = Field(0.0, ge=0, le=0.5, description="share of train that becomes validation (given)")
    bad_rows: Literal["refuse", "drop"] = Field(
        "refuse", description="what becomes of rows without a usable value: the import is refused, or they are left out"
    )
    accept_future_times: bool = Field(False, description="split by time although some times lie in the future")
    seed: int = Field(0, ge=0, description="decides every random draw")

    @field_validator("ratios")
    @classmethod
    def _shares(cls, ratios: tuple[float, float, float]) -> tuple[float, float, float]:
        if min(ratios) < 0 or abs(sum(ratios) - 1) > 1e-6 or ratios[0] <= 0:
            raise ValueError("ratios are three shares that add up to 1, the first above 0")
        return ratios

    @field_validator("delimiter")
    @classmethod
    def _no_quote(cls, delimiter: str | None) -> str | None:
        if delimiter and any(letter in '"\r\n' for letter in delimiter):
            raise ValueError("a delimiter is no quote and no line end")
        return delimiter

    @field_validator("rating_scale")
    @classmethod
    def _ordered(cls, scale: tuple[float, float] | None) -> tuple[float, float] | None:
        if scale and scale[0] >= scale[1]:
            raise ValueError("the scale is a lower and a higher number")
        return scale

    @field_validator("behaviour_weights", "files", mode="before")
    @classmethod
    def _pairs(cls, typed: Any) -> Any:
        if not isinstance(typed, str):
            return typed
        pairs = [entry.rpartition("=")[::2] for entry in typed.split(",") if entry.strip()]
        if any(not name.strip() for name, _ in pairs):
            raise ValueError("write name=value, parted by commas, such as purchase=3,view=1 or a.csv=log,b.csv=users")
        return tuple((name.strip(), value.strip()) for name, value in pairs)

    @field_validator("behaviour_weights")
    @classmethod
    def _not_negative(cls, pairs: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
        if any(weight < 0 for _, weight in pairs) or len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("weights are 0 (left out) or more, and each behaviour is named once")
        return pairs

    @field_validator("keep", mode="before")
    @classmethod
    def _conditions(cls, typed: Any) -> Any:
        typed = (typed,) if isinstance(typed, str) else tuple(typed)
        for text in typed:
            parse_condition(text)
        return tuple(text for text in typed if text.strip())

    def needed_columns(self) -> tuple[str, ...]:
        """Columns that conditions and behaviour weights look at, as typed."""
        asked = (parse_condition(text).column for text in self.keep)
        return tuple(dict.fromkeys((*asked, *((self.behaviour_col,) if self.behaviour_col else ()))))

    def chosen(self) -> dict[str, Any]:
        """The options that differ from their defaults, and always split, ratios and seed: what a person must know."""
        full = self.model_dump(mode="json")
        plain = ImportOptions().model_dump(mode="json")
        return {k: v for k, v in full.items() if v != plain[k] or k in ("split", "ratios", "seed")}
