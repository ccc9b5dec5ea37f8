"""Texts that are times: ISO 8601, day and month in either order, months by name. All as whole seconds since 1970."""

from __future__ import annotations

import numpy as np
import polars as pl

_SLASHED = r"^(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d{2})(?:,?[ T](\d{1,2}:\d{2}(?::\d{2})?)(?: ?([AaPp][Mm]))?)?$"
_ISO = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_CLOCK = r"(\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?[ap]m)?)"
_ZONE = r"(z|utc|gmt|[+-]\d{2}:?\d{2})"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_NAMED = (
    (rf"^{_MONTH} {_DAY} {_CLOCK}(?: {_ZONE})? (\d{{4}})$", "mdczy"),  # Apr 01 18:00:09 +0000 2012
    (rf"^{_MONTH} {_DAY},? (\d{{4}}|\d{{2}})(?:,? (?:at )?{_CLOCK})?(?: {_ZONE})?$", "mdycz"),  # Apr 1, 2012 18:00
    (rf"^{_DAY}\.?[ /-]{_MONTH}[ /-](\d{{4}}|\d{{2}})(?:[ :,]{{1,2}}{_CLOCK})?(?: {_ZONE})?$", "dmycz"),  # 1-Apr-12
    (rf"^(\d{{4}})[ /-]{_MONTH}[ /-]{_DAY}(?:,? {_CLOCK})?(?: {_ZONE})?$", "ymdcz"),  # 2012-Apr-01
)
_WEEKDAY = r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? "


def iso_seconds(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Seconds of dates in ISO 8601 (and 2012/04/01), null for others; which bring a zone of their own?"""
    iso = text.str.replace(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})", "$1-$2-$3")
    iso = iso.str.replace(r" ?(UTC|GMT)$", "Z").str.replace(" ", "T", literal=True)
    iso = iso.str.replace(r"(:\d{2}),(\d{1,9})", "$1.$2").str.replace(r"T([+-]\d{2}:?\d{2})$", "$1")
    iso = iso.str.replace(r"(:\d{2}(?:\.\d+)?[+-]\d{2})$", "$1:00").str.replace(r"^(\d{4}-\d{2})$", "$1-01")
    iso = iso.str.replace(r"^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})", "${1}-${2}-${3}T${4}:${5}:${6}")
    zoned = iso.str.contains(r"(?:[Zz]|[+-]\d{2}:?\d{2})$") & iso.str.contains("T")
    full = iso.str.replace(r"[zZ]$", "+00:00").str.replace(r"T(\d{1,2}:\d{2})([+-])", "T$1:00$2")
    found = full.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", strict=False, time_zone="UTC").dt.epoch("s")
    plain = iso.set(zoned | ~iso.str.contains(r"^\d{4}"), None)
    for form in _ISO:
        found = found.fill_null(plain.str.to_datetime(form, strict=False, time_unit="us").dt.epoch("s"))
    return found, zoned.fill_null(False)


def named_month_seconds(text: pl.Series) -> pl.Series:
    """Seconds of dates with the month's English name (`Tue Apr 01 18:00:09 +0000 2012`, `1-Apr-2012`, `Apr 1, 2012`,
    `01/Apr/2012:18:00:09 +0000`), and of `04 1, 2012`; null for others. A weekday is passed over."""
    low = text.str.to_lowercase().str.replace_all(r"\s+", " ").str.replace(_WEEKDAY, "")
    low = low.str.replace(r"^(\d{1,2}) (\d{1,2}), (\d{4})$", "$3-$1-$2")
    month = low.str.extract(f"(?:^|[ /-]){_MONTH}(?:[ /-]|$)", 1).str.slice(0, 3)
    number = month.replace_strict({name: str(place) for place, name in enumerate(_MONTHS, 1)}, default=None)
    found = iso_seconds(_padded(low.str.extract_groups(r"^(?<y>\d{4})-(?<m>\d{1,2})-(?<d>\d{1,2})$"), None))[0]
    if not number.drop_nulls().len():
        return found
    for pattern, order in _NAMED:
        groups = low.str.extract_groups(pattern)
        named = groups.struct.rename_fields(["month" if letter == "m" else letter for letter in order])
        found = found.fill_null(iso_seconds(_padded(named, number))[0])
    return found


def _padded(groups: pl.Series, number: pl.Series | None) -> pl.Series:
    """ISO text of the parts `y`, `m` (or the month's `number`), `d`, a clock `c` and a zone `z`."""
    parts = groups.struct.unnest()
    parts = parts.with_columns(pl.lit(None, pl.String).alias(name) for name in "cz" if name not in parts.columns)
    month = pl.col("m") if number is None else number.alias("m")
    year = pl.when(pl.col("y").str.len_bytes() == 4).then(pl.col("y"))
    century = year.when(pl.col("y") < "70").then("20" + pl.col("y")).otherwise("19" + pl.col("y"))
    zone = pl.col("z").str.replace("^(z|utc|gmt)$", "+00:00").str.replace(r"^([+-]\d\d)(\d\d)$", "$1:$2").fill_null("")
    date = pl.concat_str(
        century, pl.lit("-"), month.str.zfill(2), pl.lit("-"), pl.col("d").str.zfill(2), pl.lit("T"), _by_24(), zone
    )
    return parts.select(date.alias("text")).to_series()


def _by_24() -> pl.Expr:
    """The clock `c` as hh:mm:ss of 24 hours; midnight where there is none; null for 13:00 pm."""
    clock = pl.col("c").fill_null("00:00:00")
    bare = clock.str.extract(r"^([\d:.]+)", 1)
    hour = bare.str.extract(r"^(\d+)", 1).cast(pl.Int64, strict=False)
    afternoon, morning = clock.str.contains("pm$"), clock.str.contains("am$")
    by_12 = pl.when((hour < 1) | (hour > 12)).then(None).otherwise(hour % 12 + 12 * afternoon.cast(pl.Int64))
    full = pl.when(afternoon | morning).then(by_12).otherwise(hour).cast(pl.String).str.zfill(2)
    rest = bare.str.extract(r"^\d+(:.*)$", 1)
    return full + pl.when(rest.str.count_matches(":") == 1).then(rest + ":00").otherwise(rest)


def slashed_parts(text: pl.Series) -> pl.DataFrame:
    """First and second number, year, clock and half of the day of dates such as 03/04/2024; null for others. `dotted`:
    it is written with points."""
    plain = text.str.replace(r"^(\d{1,2})-(\d{1,2})-(\d{4})", "$1/$2/$3")
    parts = plain.str.extract_groups(_SLASHED).struct.unnest()
    parts = parts.rename(dict(zip(parts.columns, ("first", "second", "year", "clock", "half"), strict=True)))
    return parts.with_columns(dotted=text.str.contains(r"^\d{1,2}\.\d{1,2}\.") | parts["first"].is_null())


def slashed_seconds(parts: pl.DataFrame, day_first: bool) -> pl.Series:
    """Seconds of `slashed_parts`; a year of two digits is 1970 to 2069."""
    year = pl.col("year")
    century = pl.when(year.str.len_bytes() == 4).then(pl.lit("")).when(year < "70").then(pl.lit("20"))
    day, month = ("first", "second") if day_first else ("second", "first")
    clock = pl.col("clock").fill_null("0:00")
    full_clock = pl.when(clock.str.count_matches(":") == 1).then(clock + ":00").otherwise(clock)
    date = pl.concat_str(century.otherwise(pl.lit("19")), year, pl.lit("-"), pl.col(month), pl.lit("-"), pl.col(day))
    half = pl.col("half").str.to_uppercase()
    texts = parts.select(pl.concat_str(date, pl.lit(" "), full_clock, half.fill_null("")).alias("text")).to_series()
    by_24 = texts.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    by_12 = texts.str.to_datetime("%Y-%m-%d %I:%M:%S%p", strict=False, time_unit="us")
    return by_24.fill_null(by_12).dt.epoch("s")


def has_short_year(parts: pl.DataFrame) -> np.ndarray:
    """Which `slashed_parts` have a year of two digits, bool `[n]`."""
    return (parts["year"].str.len_bytes() == 2).fill_null(False).to_numpy()
