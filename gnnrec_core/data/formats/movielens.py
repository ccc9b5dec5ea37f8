"""The MovieLens layouts of GroupLens: 100K, 1M, 10M, 20M, 25M, 32M and latest, whole folders with titles and genres."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError, LensError
from gnnrec_core.data.formats.roles import guess_roles
from gnnrec_core.data.formats.source import Part, Roles, SourceLog, Table, as_file, as_folder
from gnnrec_core.data.formats.text_file import file_dialect, read_text
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.text.dialect import Dialect, guess_dialect
from gnnrec_core.data.text.plain import head_text, plain_text

_LOG = ("user_id", "item_id", "rating", "timestamp")
_GENRES = (
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)
_NO_GENRE = "(no genres listed)"


class MovieLensReader:
    """Reads a folder as it is unpacked, or its ratings file alone (`u.data`, `ratings.dat`)."""

    def matches(self, source: str) -> bool:
        folder = as_folder(source)
        if folder is None:
            path = as_file(source)
            return path is not None and (_is_dat(path) or path.name == "u.data")
        if (folder / "u.data").is_file():
            return True
        return (
            _is_dat(folder / "ratings.dat") or _first_line(folder / "ratings.csv") == "userId,movieId,rating,timestamp"
        )

    def read(self, source: str, options: ImportOptions) -> SourceLog:
        folder, path = as_folder(source), as_file(source)
        place = folder or (path.parent if path else Path(source))
        progress.report(0.0, 1, f"reading {place.name}")
        whole = folder is not None
        if path is not None and path.name not in ("u.data", "ratings.dat", "ratings.csv"):
            return SourceLog(path.name, "movielens", (_ratings(path, "::", options),))
        if (path and path.name == "u.data") or (whole and (place / "u.data").is_file()):
            users, items = (_users_100k(place), _items_100k(place)) if whole else (None, None)
            return SourceLog(place.name, "movielens", (_ratings(place / "u.data", "\t", options),), users, items)
        if (path and path.name == "ratings.dat") or (whole and (place / "ratings.dat").is_file()):
            users, items = (_users_1m(place), _movies(place / "movies.dat", "::")) if whole else (None, None)
            return SourceLog(place.name, "movielens", (_ratings(place / "ratings.dat", "::", options),), users, items)
        if (place / "ratings.csv").is_file():
            items = _movies(place / "movies.csv", ",") if whole else None
            return SourceLog(place.name, "movielens", (_with_header(place / "ratings.csv", options),), None, items)
        raise DataError(
            f"{source} holds none of the MovieLens layouts.",
            "Name a folder with u.data, ratings.dat or ratings.csv.",
            file=source,
        )


def _first_line(path: Path) -> str:
    try:
        return head_text(path, size=4096).split("\n")[0].strip().strip("\ufeff")
    except (LensError, OSError):
        return ""


def _is_dat(path: Path) -> bool:
    """Whole numbers parted by `::`."""
    cells = _first_line(path).split("::")
    return len(cells) in (3, 4) and cells[0].isdigit() and cells[1].isdigit()


def _ratings(path: Path, delimiter: str, options: ImportOptions) -> Part:
    """A ratings file without a header: user, item, rating, time."""
    dialect = _headless(path, delimiter, _LOG)
    columns = _LOG[: len(dialect.names)]
    roles = Roles("user_id", "item_id", "rating", "timestamp" if len(columns) == 4 else None, names=columns)
    if options.rating_col == "none" or options.time_col == "none":
        rating = None if options.rating_col == "none" else roles.rating
        roles = replace(roles, rating=rating, time=None if options.time_col == "none" else roles.time)
    return Part(read_text(path, dialect, roles.columns, None, options.bad_rows == "drop"), roles)


def _with_header(path: Path, options: ImportOptions) -> Part:
    dialect = file_dialect(path, options)
    roles = guess_roles(dialect.names, options, path.name, dialect.sample)
    return Part(read_text(path, dialect, roles.columns, options.encoding, options.bad_rows == "drop"), roles)


def _headless(path: Path, delimiter: str, names: tuple[str, ...], encoding: str | None = None) -> Dialect:
    """The dialect of a file whose columns the layout fixes. DataError where it has fewer than the layout says."""
    dialect = guess_dialect(head_text(path, encoding), path.name, delimiter, "no", quoted=False)
    if len(dialect.names) not in (len(names), len(names) - 1):
        raise DataError(
            f"{path.name} has {len(dialect.names)} columns where MovieLens has {len(names)}.",
            "Use --format csv and name the columns.",
            file=path.name,
            line=1,
            value=delimiter.join(dialect.first_rows[0])[:80],
        )
    return replace(dialect, names=names[: len(dialect.names)])


def _encoding(path: Path) -> str | None:
    """The older files are in Latin-1, the newer in UTF-8."""
    try:
        with plain_text(path):
            return None
    except DataError:
        return "latin-1"


def _users_100k(folder: Path) -> Table | None:
    path = folder / "u.user"
    if not path.is_file():
        return None
    names = ("user_id", "age", "gender", "occupation", "zip_code")
    return read_text(path, _headless(path, "|", names), names)


def _items_100k(folder: Path) -> Table | None:
    """`u.item`: one column a genre with 0 or 1, brought together as one list."""
    path = folder / "u.item"
    if not path.is_file():
        return None
    names = ("item_id", "title", "release_date", "video_release_date", "url", *_GENRES)
    encoding = _encoding(path)
    table = read_text(path, _headless(path, "|", names, encoding), names, encoding)
    frame = table.frame
    flags = [
        pl.when(pl.col(genre).cast(pl.String) == "1").then(pl.lit(genre)).otherwise(pl.lit(None, pl.String))
        for genre in _GENRES
    ]
    genres = pl.concat_list(flags).list.drop_nulls()
    return replace(table, frame=frame.select("item_id", "title", "release_date", genres=genres))


def _users_1m(folder: Path) -> Table | None:
    path = folder / "users.dat"
    if not path.is_file():
        return None
    names = ("user_id", "gender", "age", "occupation", "zip_code")
    return read_text(path, _headless(path, "::", names), names)


def _movies(path: Path, delimiter: str) -> Table | None:
    """`movies.dat` or `movies.csv`: id, title, genres parted by `|`."""
    if not path.is_file():
        return None
    encoding = _encoding(path)
    names = ("item_id", "title", "genres")
    if delimiter == ",":
        dialect = replace(guess_dialect(head_text(path, encoding), path.name, ",", "yes"), names=names)
    else:
        dialect = _headless(path, delimiter, names, encoding)
    table = read_text(path, dialect, names, encoding)
    text = pl.col("genres").cast(pl.String)
    genres = pl.when(text != _NO_GENRE).then(text.str.split("|")).alias("genres")
    return replace(table, frame=table.frame.with_columns(genres))
