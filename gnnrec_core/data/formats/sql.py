"""A table or a query of a database through SQLAlchemy, opened for reading only; DuckDB files through DuckDB itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.formats.looks import N_SAMPLE
from gnnrec_core.data.formats.roles import guess_roles, propose_roles
from gnnrec_core.data.formats.source import Part, SourceLog, Table, as_file
from gnnrec_core.data.options import ImportOptions

CHUNK = 50_000
_SQLITE_TABLES = (
    "select m.name, p.name from sqlite_master m, pragma_table_info(m.name) p "
    "where m.type in ('table', 'view') and m.name not like 'sqlite_%' order by m.name, p.cid"
)
_DUCKDB_TABLES = "select table_name, column_name from information_schema.columns order by table_name, ordinal_position"
_NO_NAMES = dict.fromkeys(("user_col", "item_col", "rating_col", "time_col"))
_SCHEMES = ("sqlite", "duckdb", "postgresql", "postgres", "mysql", "mariadb", "mssql", "oracle")


class SqlReader:
    """Reads `URL#TABLE`, or a URL with `--table NAME` or `--query SQL`."""

    columns_by_name = True

    def matches(self, source: str) -> bool:
        scheme, found, _ = source.partition("://")
        return (bool(found) and scheme.split("+")[0] in _SCHEMES) or _database_file(source) is not None

    def read(self, source: str, options: ImportOptions) -> SourceLog:
        file = _database_file(source)
        url, _, fragment = source.partition("#") if file is None else (file, "", "")
        table = options.table or fragment or None
        if file and not table and not options.query:
            table = _table_of_log(file, options)
        if bool(table) == bool(options.query):
            raise RequestError(
                "A database needs either a table or a query.", "Add #TABLE to the URL, or pass --table or --query."
            )
        progress.report(0.0, 1, "reading the database")
        opened = _duckdb if url.startswith("duckdb") else _sqlalchemy
        if options.query:
            _refuse_commands(options.query)
        with opened(url, table, options.query) as (names, rows, shown):
            name = table or "query"
            _refuse_repeats(names, name)
            blocks = iter(rows)
            first: Any = next(blocks, [])
            roles = guess_roles(
                names, options, name, lambda column: _frame(names, [first[:N_SAMPLE]], (column,))[column]
            )
            frame = _frame(names, chain([first], blocks), roles.columns)
        if not frame.height:
            raise DataError(f"{name} has no data rows.", "Choose a table with interactions.", file=name)
        return SourceLog(name, "sql", (Part(Table(name, frame, frame.height), roles),), location=f"{shown}#{name}")


def _database_file(source: str) -> str | None:
    """The URL of a file that is a database, by its first bytes."""
    path = as_file(source)
    if path is None:
        return None
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"SQLite format 3"):
        return f"sqlite:///{path}"
    return f"duckdb:///{path}" if head[8:12] == b"DUCK" else None


def _table_of_log(url: str, options: ImportOptions) -> str:
    """The only table, or the only one with columns for user and item; DataError that names the tables otherwise."""
    opened, inquiry = (_duckdb, _DUCKDB_TABLES) if url.startswith("duckdb") else (_sqlalchemy, _SQLITE_TABLES)
    found: dict[str, list[str]] = {}
    with opened(url, None, inquiry) as (_, blocks, _shown):
        for block in blocks:
            for table, column in block:
                found.setdefault(str(table), []).append(str(column))
    no_sample = pl.Series([], dtype=pl.String)
    logs = []
    for table, names in found.items():
        chosen = propose_roles(names, options.model_copy(update=_NO_NAMES), table, lambda name: no_sample)
        logs += [table] if chosen["user"] and chosen["item"] else []
    if len(found) == 1 or len(logs) == 1:
        return logs[0] if logs else next(iter(found))
    raise DataError(
        f"The database holds {len(found)} tables ({', '.join(map(repr, list(found)[:10]))}), and it cannot be told "
        "which is the log.",
        "Name it with --table.",
        value=", ".join(found),
    )


@contextmanager
def _sqlalchemy(url: str, table: str | None, query: str | None) -> Iterator[tuple[list[str], Any, str]]:
    """Column names, rows in blocks, and the URL without its password."""
    import sqlalchemy as sa

    try:
        address = sa.make_url(url.replace("postgres://", "postgresql://", 1))
        if address.drivername == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        shown = address.render_as_string(hide_password=True)
        engine = sa.create_engine(_read_only(address))
    except (sa.exc.SQLAlchemyError, ImportError, ValueError) as error:
        raise DataError(
            f"The database URL cannot be used: {_reason(error)}",
            "Write sqlite:///FILE#TABLE or postgresql://USER:PASSWORD@HOST/DB#TABLE, and install its driver.",
        ) from None
    try:
        with engine.connect().execution_options(**_limits(address)) as connection:
            statement = sa.text(query) if query else sa.select(_table(sa, connection, str(table)))
            result = connection.execution_options(stream_results=True, yield_per=CHUNK).execute(statement)
            if not result.returns_rows:
                raise RequestError("The query returns no rows.", "Write a SELECT.", value=query)
            yield list(result.keys()), result.partitions(CHUNK), shown
    except sa.exc.SQLAlchemyError as error:
        raise DataError(
            f"{shown} cannot be read: {_reason(error)}", "Check the address, the table and the query."
        ) from None
    finally:
        engine.dispose()


def _read_only(address: Any) -> Any:
    """An SQLite file is opened for reading only, and never made."""
    if address.get_backend_name() != "sqlite" or not address.database:
        return address
    path = Path(address.database)
    if not path.is_file():
        raise ValueError(f"there is no file {address.database!r}")
    return address.set(database=f"{path.resolve().as_uri()}", query={"mode": "ro", "uri": "true"})


def _limits(address: Any) -> dict[str, Any]:
    return {"postgresql_readonly": True} if address.get_backend_name() == "postgresql" else {}


def _table(sa: Any, connection: Any, name: str) -> Any:
    """The table of that name (or schema.name); DataError with near names where there is none."""
    schema, _, plain = name.rpartition(".")
    inspector = sa.inspect(connection)
    known = (*inspector.get_table_names(schema or None), *inspector.get_view_names(schema or None))
    if plain not in known:
        raise DataError(f"The database has no table {name!r}.", did_you_mean(plain, known), value=name)
    columns = [sa.column(column["name"]) for column in inspector.get_columns(plain, schema or None)]
    return sa.table(plain, *columns, schema=schema or None)


@contextmanager
def _duckdb(url: str, table: str | None, query: str | None) -> Iterator[tuple[list[str], Any, str]]:
    import duckdb

    path = Path(url.split(":///", 1)[-1])
    if not path.is_file():
        raise DataError(f"There is no DuckDB file {str(path)!r}.", "Write duckdb:///FILE#TABLE.", file=path.name)
    try:
        with duckdb.connect(str(path), read_only=True, config={"enable_external_access": "false"}) as connection:
            if table:
                found = connection.execute("select table_name from information_schema.tables").fetchall()
                known = tuple(row[0] for row in found)
                if table not in known:
                    raise DataError(f"The database has no table {table!r}.", did_you_mean(table, known), value=table)
                quoted = table.replace('"', '""')
                query = f'select * from "{quoted}"'
            result = connection.execute(str(query))
            names = [entry[0] for entry in result.description or []]
            yield names, iter(lambda: result.fetchmany(CHUNK), []), url
    except duckdb.Error as error:
        raise DataError(f"{path.name} cannot be read: {_reason(error)}", "Check the table and the query.") from None


def _refuse_commands(query: str) -> None:
    """DataError unless `query` begins as one that returns rows: ATTACH would make a file even when only reading."""
    words = re.sub(r"--[^\n]*|/\*.*?\*/|\(", " ", query, flags=re.DOTALL).split(None, 1)
    if not words or words[0].lower() not in ("select", "with", "values", "table", "from"):
        raise DataError("The query cannot be read: it is no SELECT.", "Write one that returns rows.", value=query)


def _reason(error: Exception) -> str:
    first = str(getattr(error, "orig", None) or error).strip().splitlines()
    return f"{(first or [type(error).__name__])[0][:200].rstrip('.')}."


def _refuse_repeats(names: list[str], table: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{table} has two columns {name!r}.", "Name each column once.", column=name, value=name)


def _frame(names: list[str], blocks: Any, columns: tuple[str, ...]) -> pl.DataFrame:
    places = [names.index(name) for name in columns]
    schema = dict.fromkeys(columns, pl.String)
    frames = [pl.DataFrame(schema=schema)]
    for block in blocks:
        cells = [[_text(row[place]) for row in block] for place in places]
        frames.append(pl.DataFrame(dict(zip(columns, cells)), schema=schema))
    return pl.concat(frames)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
