"""`compress RUN --bits 8 --out RUN2`: smaller tables, what is lost and for whom, and whether the reasons survive."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.render.blocks import Facts, Section, Table, Text


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a trained run")
    parser.add_argument("--bits", type=int, default=8, choices=(4, 8), help="bits of each number (default 8)")
    parser.add_argument("--out", type=Path, metavar="RUN2", help="keep the smaller run here")
    parser.add_argument("--k", type=int, default=20, help="list length (default 20)")
    parser.add_argument("--overwrite", action="store_true", help="replace an older run")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """What it costs, and the run that was kept."""
    from gnnrec_core.base.files import refuse_existing
    from gnnrec_core.decide.compression import compress, save
    from gnnrec_core.runs.run import load_run

    if arguments.out:
        refuse_existing(arguments.out, arguments.overwrite)
    base = load_run(arguments.run, arguments.dataset)
    _, found = compress(base, arguments.bits, arguments.k, arguments.seed)
    if arguments.out:
        save(base, arguments.bits, arguments.out, found, arguments.overwrite)
    return {**found.to_dict(), "kept": str(arguments.out) if arguments.out else None}


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """Size, accuracy, lists, reasons."""
    found, same, kept = content["gate"], content["same_reason"], content["reasons_kept"]
    facts: list[tuple[str, Any]] = [
        ("times smaller", content["times_smaller"]),
        ("share of each list that is kept", found["lists"]["overlap"]["value"]),
    ]
    if same and kept:
        facts.append(("people whose first item keeps its strongest reason", same["value"]))
        facts.append(("share of its three strongest that is kept", kept["value"]))
    facts += [("kept as", content["kept"])] if content["kept"] else []
    rows = tuple((f["name"], f["incumbent"], f["difference"], f["low"], f["high"]) for f in found["figures"])
    table = Table(("figure", "before", "difference", "low", "high"), rows)
    said = Text((f"In the place of the other: {found['verdict']}.", *found["sentences"]))
    return (Section(f"{content['run']} in {content['bits']} bits", (Facts(tuple(facts)), said, table)),)
