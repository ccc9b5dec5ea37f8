"""What the data says of users and items: typed columns in index order, and attributes as nodes of the graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.clean.attribute_types import typed
from gnnrec_core.data.dataset import IntArray, Problem, Vocabulary
from gnnrec_core.data.formats import detect, load_reader
from gnnrec_core.data.formats.roles import guess_column, named_column, plain_name
from gnnrec_core.data.formats.source import Table, need_file
from gnnrec_core.data.formats.text_file import read_attributes
from gnnrec_core.data.options import ImportOptions

TITLES = (
    "title",
    "movietitle",
    "itemtitle",
    "booktitle",
    "productname",
    "producttitle",
    "itemname",
    "name",
    "songtitle",
)
MANY_VALUES = 50
_RESERVED = ("user_index", "item_index", "user_id", "item_id")


@dataclass(frozen=True)
class AttributeNodes:
    """One relation made of an attribute: entity index and label of each edge."""

    name: str
    kind: str
    entity: IntArray
    label: tuple[str, ...]


def read_attribute_file(path: str, options: ImportOptions, kind: str) -> Table:
    """A file with one row an entity. Its id column is named like the log's, or known by name, or the first."""
    file = need_file(path)
    asked = options.user_col if kind == "user" else options.item_col

    def keep(names: tuple[str, ...]) -> tuple[str, ...]:
        column = guess_column(kind, names)
        if asked and any(plain_name(asked) == plain_name(name) for name in names):
            column = named_column(asked, names, file.name)
        column = column or names[0]
        if plain_name(column) in TITLES:
            column = names[0]
        return (column, *(name for name in names if name != column))

    form = detect(str(file))
    if form in ("parquet", "json", "recbole"):
        reader = load_reader(form)
        table: Table = reader.read_table(file, options)  # type: ignore[attr-defined]
        columns = keep(tuple(table.frame.columns))
        return replace(table, frame=table.frame.select(columns))
    return read_attributes(file, options, keep)


def attribute_table(
    table: Table | None, ids: Vocabulary, options: ImportOptions
) -> tuple[pl.DataFrame, tuple[Problem, ...]]:
    """`KIND_index, KIND_id`, title (of items, always) and attributes, one row an entity in index order, and what was
    met.

    DataError where fewer than half of the entities of the log have a row: the ids do not fit.
    """
    kind = ids.kind
    base = pl.DataFrame({f"{kind}_index": pl.Series(range(len(ids)), dtype=pl.Int64), f"{kind}_id": list(ids.ids)})
    if kind == "item":
        base = base.with_columns(title=pl.lit(None, pl.String))
    if table is None:
        return base, ()
    problems = list(table.problems)
    frame = _by_id(table, kind, problems)
    known = frame[f"{kind}_id"].is_in(list(ids.ids))
    matched = int(known.sum())
    if matched < len(ids) / 2:
        example = next((text for text in ids.ids if text not in set(frame[f"{kind}_id"])), "")
        raise DataError(
            f"{table.file} describes {matched:,} of the {len(ids):,} {kind}s of the log ({matched / len(ids):.0%}).",
            f"Check its id column ({table.frame.columns[0]!r}): {kind} {example!r} of the log is not there.",
            file=table.file,
            column=table.frame.columns[0],
            value=example,
        )
    problems += _match_problems(table, kind, len(ids) - matched, int((~known).sum()))
    joined = base.select(base.columns[:2]).join(frame, on=f"{kind}_id", how="left", maintain_order="left")
    columns = [joined[f"{kind}_index"], joined[f"{kind}_id"]]
    codes = {*table.codes, *options.codes} - {*options.amounts}
    amounts = {*table.amounts, *options.amounts} - {*options.codes}
    for name in frame.columns[1:]:
        column = typed(joined[name], True if name in codes else False if name in amounts else None)
        if name != "title" and _constant(column):
            text = f"Attribute {name!r} of {kind}s is the same everywhere and was left out."
            problems.append(_note("constant_attribute", "left out", text, table, name, len(column), "warning"))
            continue
        if column.null_count() > 0:
            text = f"{column.null_count():,} {kind}s have no {name!r}; it stays empty (group 'unknown')."
            problems.append(_note("missing_attribute", "kept", text, table, name, column.null_count(), "info"))
        if column.dtype == pl.String and name not in codes and _digits(column):
            text = f"Whole numbers of {name!r} are few and were read as codes; --amounts {name} reads amounts."
            problems.append(_note("codes", "read", text, table, name, column.n_unique(), "info"))
        if column.dtype == pl.List and joined[name].dtype != pl.List:
            text = f"Cells of {name!r} hold lists and were read as such (for example {_example(column)})."
            problems.append(_note("lists", "read", text, table, name, len(column) - column.null_count(), "info"))
        if kind == "user" and column.dtype == pl.String:
            problems += [*_too_fine(column, table), *_case_variants(column, table)]
        columns.append(column)
    if kind == "item" and "title" not in frame.columns:
        columns.insert(2, base["title"])
    return pl.DataFrame(columns), tuple(problems)


def _digits(column: pl.Series) -> bool:
    """Whole numbers that were kept as text, in canonical form (`007` was kept for its zeros)."""
    return bool(column.drop_nulls().str.contains(r"^(0|-?[1-9]\d*)$").all()) and column.null_count() < len(column)


def _example(column: pl.Series) -> str:
    longest: list[str] = max(column.drop_nulls().head(100).to_list(), key=len, default=[])
    return ", ".join(repr(label[:40]) for label in longest[:4])


def _too_fine(column: pl.Series, table: Table) -> list[Problem]:
    """Texts with so many values that they make no groups of people."""
    n, n_values = len(column) - column.null_count(), column.drop_nulls().n_unique()
    if n_values <= MANY_VALUES:
        return []
    if n_values == n:
        text = f"Attribute {column.name!r} differs for all {n:,} users: it looks like an id and makes no groups."
        return [_note("id_like_attribute", "kept", text, table, column.name, n_values, "warning")]
    text = f"Attribute {column.name!r} of users has {n_values:,} values; most groups will be too small to compare."
    return [_note("many_values", "kept", text, table, column.name, n_values, "warning")]


def _case_variants(column: pl.Series, table: Table) -> list[Problem]:
    """Texts that differ in capitals only: different groups that are hardly meant to be."""
    found: dict[str, list[str]] = {}
    for value in column.drop_nulls().unique().sort().to_list():
        found.setdefault(value.casefold(), []).append(value)
    alike = [values for values in found.values() if len(values) > 1]
    if not alike:
        return []
    text = (
        f"Attribute {column.name!r} of users has values that differ in capitals only, such as "
        f"{', '.join(map(repr, alike[0][:3]))}: they are different groups. Write them alike if they are one."
    )
    n = int(column.is_in([value for values in alike for value in values]).sum())
    return [_note("case_variants", "kept", text, table, column.name, n, "warning")]


def _why_renamed(stored: str, kind: str) -> str:
    return f"it is what {kind}s are called by" if stored == "title" else "the name is one of our own"


def _by_id(table: Table, kind: str, problems: list[Problem]) -> pl.DataFrame:
    """The table with a text id column `KIND_id`, no id twice, and the title column named `title`."""
    frame = table.frame
    frame = frame.with_columns(
        pl.col(name).cast(pl.String) for name in frame.columns if frame[name].dtype == pl.Categorical
    )
    id_column, names = frame.columns[0], {}
    title = None
    if kind == "item":
        by_name = {plain_name(name): name for name in reversed(frame.columns[1:])}
        title = next((by_name[known] for known in TITLES if known in by_name), None)
    for name in frame.columns:
        clean = "title" if name == title else name.strip()
        names[name] = f"{clean}_" if clean in _RESERVED or (clean == "title" and name != title) else clean
    for name, stored in names.items():
        if stored != name.strip() and name != id_column:
            text = f"Column {name!r} of {kind}s is called {stored!r} here: {_why_renamed(stored, kind)}."
            note = _note("renamed_attribute", "renamed", text, table, name, len(frame), "info")
            problems.append(replace(note, details={"kind": kind, "called": stored}))
    names[id_column] = f"{kind}_id"
    frame = frame.rename(names)
    key = pl.col(f"{kind}_id").cast(pl.String).fill_null("").str.strip_chars().str.normalize("NFC")
    frame = frame.with_columns(key)
    unique = frame.filter(pl.col(f"{kind}_id") != "").unique(f"{kind}_id", keep="first", maintain_order=True)
    if unique.height < frame.height:
        n = frame.height - unique.height
        text = f"{n:,} rows about {kind}s have no id or one that stood before; the first row of each was kept."
        problems.append(_note("duplicate_attribute_rows", "left out", text, table, id_column, n, "warning"))
    return unique


def _match_problems(table: Table, kind: str, n_without: int, n_extra: int) -> list[Problem]:
    problems = []
    if n_without:
        text = f"{n_without:,} {kind}s of the log have no row here; their attributes stay empty."
        problems.append(_note("entities_without_row", "kept", text, table, None, n_without, "warning"))
    if n_extra:
        text = f"{n_extra:,} rows describe {kind}s that are not in the log; they were not used."
        problems.append(_note("rows_without_entity", "ignored", text, table, None, n_extra, "info"))
    return problems


def _note(code: str, action: str, text: str, table: Table, column: str | None, n: int, severity: str) -> Problem:
    return Problem(code, severity, n, action, text, table.file, column=column)  # type: ignore[arg-type]


def _constant(column: pl.Series) -> bool:
    there = column.drop_nulls()
    return len(column) > 1 and not column.null_count() and there.n_unique() == 1


def attribute_nodes(table: pl.DataFrame, names: tuple[str, ...], kind: str) -> tuple[AttributeNodes, ...]:
    """The attributes `names` as edges from each entity to each of its values; DataError for unknown names."""
    nodes = []
    for name in names:
        column = named_column(name, [c for c in table.columns if c not in _RESERVED], f"the {kind} attributes")
        values = table[column]
        frame = pl.DataFrame({"entity": np.arange(table.height, dtype=np.int64), "label": values})
        frame = frame.explode("label") if values.dtype == pl.List else frame
        frame = frame.with_columns(pl.col("label").cast(pl.String)).drop_nulls().filter(pl.col("label") != "").unique()
        frame = frame.sort("entity", "label")
        nodes.append(AttributeNodes(column, f"{kind}-attribute", frame["entity"].to_numpy(), tuple(frame["label"])))
    return tuple(nodes)


def relation_choices(table: pl.DataFrame) -> tuple[str, ...]:
    """Attributes that could become nodes: text, lists and whole numbers with values that several entities share."""
    choices = []
    for name in table.columns:
        values = table[name]
        if name in _RESERVED or name == "title" or values.dtype.is_float():
            continue
        flat = values.explode(empty_as_null=True) if values.dtype == pl.List else values
        if 1 < flat.n_unique() <= max(50, table.height // 2):
            choices.append(name)
    return tuple(choices)


def file_name(path: str) -> str:
    """The name of a file without its folder and endings, for a relation."""
    return Path(path).name.split(".")[0]
