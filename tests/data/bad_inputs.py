"""A small good log to spoil, and a run of the command line that says how a spoilt one ends."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import polars as pl

from gnnrec_core.cli import main

HEADER = "user_id,item_id,rating,timestamp"
N_ROWS = 240


def good_rows() -> list[list[str]]:
    """30 users with 8 of 40 items each: 240 rows, so with a header an appended row stands on line 242."""
    return [
        [
            f"u{user}",
            f"i{(user * 7 + 3 * place) % 40}",
            str((user + place) % 5 + 1),
            str(1_600_000_000 + user * 1000 + place),
        ]
        for user in range(30)
        for place in range(8)
    ]


def text(rows: list[list[str]], header: str | None = HEADER, delimiter: str = ",", end: str = "\n") -> str:
    lines = ([header.replace(",", delimiter)] if header else []) + [delimiter.join(row) for row in rows]
    return end.join(lines) + end


def with_rows(*extra: str) -> str:
    """The good log and more lines, the first of them on line 242."""
    return text(good_rows()) + "".join(line + "\n" for line in extra)


def with_column(place: int, change: Any) -> str:
    """The good log with each cell of a column changed: `change(cell, row number)`."""
    rows = good_rows()
    for number, row in enumerate(rows):
        row[place] = change(row[place], number)
    return text(rows)


def bring(capsys: Any, folder: Path, content: str | bytes, *words: str, name: str = "log.csv") -> dict[str, Any]:
    """Import `content` by the command line. Answers the JSON object, and checks what holds for every import:
    exit 0 with an account that adds up and a whole folder, or exit 2 with a sentence, a hint and no folder."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return bring_file(capsys, str(path), folder, *words)


def bring_file(capsys: Any, source: str, folder: Path, *words: str) -> dict[str, Any]:
    """The same for a source that is there already."""
    out = folder / "dataset"
    shutil.rmtree(out, ignore_errors=True)
    capsys.readouterr()
    code = main(["data", "import", source, "--out", str(out), "--json", *words])
    printed = capsys.readouterr()
    answer: dict[str, Any] = json.loads(printed.out)
    assert printed.out.count("\n") == 1
    if code == 2:
        error = answer["error"]
        assert error["message"] and error["message"] in printed.err
        assert error["hint"], "an error must say what to do"
        assert not list(folder.glob("*dataset*")), "nothing may be left behind"
        return answer
    assert code == 0
    removed = sum(problem["rows_removed"] for problem in answer["problems"])
    assert answer["rows_in"] == answer["n_interactions"] + removed
    for problem in answer["problems"]:
        assert problem["count"] > 0 and problem["message"] and problem["action"]
        if problem["rows_removed"] and problem["action"] == "dropped":
            assert problem["file"] and problem["line"], problem
    return answer


def error(answer: dict[str, Any]) -> dict[str, Any]:
    """The error of an answer, with its details beside it."""
    assert "error" in answer, f"was accepted: {[problem['message'] for problem in answer['problems']]}"
    return {**answer["error"], **answer["error"]["details"]}


def problem(answer: dict[str, Any], code: str) -> dict[str, Any]:
    """The one problem of that code."""
    assert "error" not in answer, answer["error"]
    found = [entry for entry in answer["problems"] if entry["code"] == code]
    assert len(found) == 1, f"{code} not in {[(entry['code'], entry['message']) for entry in answer['problems']]}"
    return found[0]


def codes(answer: dict[str, Any]) -> set[str]:
    """The codes of all problems but those that only say what was read."""
    assert "error" not in answer, answer["error"]
    return {entry["code"] for entry in answer["problems"]} - {"columns", "items_unseen_in_train"}


FORMS = ("csv", "parquet", "ndjson", "sql", "inter")


def written(
    frame: pl.DataFrame, form: str, folder: Path, name: str = "log", types: dict[str, str] | None = None
) -> str:
    """The table in one of `FORMS`, as a source; `types` are RecBole's, `token` where none is named."""
    path = folder / f"{name}.{form}"
    path.unlink(missing_ok=True)
    if form == "csv":
        frame.write_csv(path)
    elif form == "parquet":
        frame.write_parquet(path)
    elif form == "ndjson":
        path.write_text("".join(json.dumps(row) + "\n" for row in frame.iter_rows(named=True)))
    elif form in ("inter", "user", "item"):
        header = "\t".join(f"{column}:{(types or {}).get(column, 'token')}" for column in frame.columns)
        path.write_text("\n".join([header, *("\t".join(map(str, row)) for row in frame.rows())]) + "\n")
    else:
        columns = ", ".join(f'"{column}"' for column in frame.columns)
        with sqlite3.connect(path) as database:
            database.execute(f"create table log ({columns})")
            database.executemany(f"insert into log values ({', '.join('?' * frame.width)})", frame.rows())
        database.close()
        return f"sqlite:///{path}#log"
    return str(path)
