"""`fold-in RUN --items ID,ID,...`: a list for somebody who is not in the data, without training."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

from gnnrec_core.render.blocks import Section, Table, Verdict


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument(
        "--items", required=True, metavar="ID,ID,...", help="what the person has; an id with a comma goes in quotes"
    )
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The list, each score with what the given items carry of it."""
    from gnnrec_core.runs.fold_in import fold_in
    from gnnrec_core.runs.run import load_run

    found = load_run(arguments.run, arguments.dataset)
    dataset = found.dataset
    ids = [word.strip() for word in next(csv.reader([arguments.items]), []) if word.strip()]
    answer = fold_in(found, [dataset.items.index(word) for word in ids], arguments.k)
    return {
        "run": str(arguments.run),
        "given": [{"item": word, "title": dataset.title(dataset.items.index(word))} for word in ids],
        "items": [
            {
                "item": dataset.items.ids[item],
                "title": dataset.title(item),
                "score": float(answer.score[place]),
                "rank": place + 1,
                "own": float(answer.own[place]),
                "contributions": [
                    {"item": word, "value": float(value)}
                    for word, value in zip(ids, answer.values[:, place], strict=True)
                ],
            }
            for place, item in enumerate(answer.item_index.tolist())
        ],
        "frozen": list(answer.frozen),
        "warnings": list(answer.warnings),
    }


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """The list, each item with the given item that carries most of its score."""
    titles = {entry["item"]: entry["title"] for entry in content["given"]}
    rows = []
    for entry in content["items"]:
        most = max(entry["contributions"], key=lambda part: part["value"])
        because = titles[most["item"]] if most["value"] > 0 else ""
        rows.append((entry["rank"], entry["score"], entry["title"], because))
    table = Table(("rank", "score", "item", "most comes from"), tuple(rows))
    warnings = (Verdict(sentence, "warning") for sentence in content["warnings"])
    return (Section(f"For somebody who has {', '.join(titles.values())}", (table, *warnings)),)
