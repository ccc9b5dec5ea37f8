"""`compress RUN --bits 8 --out RUN2`: a smaller run, what is lost and for whom, and whether the reasons survive."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.render.blocks import Section


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a trained run")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--bits", type=int, choices=(4, 8), help="bits of each number (default 8)")
    way.add_argument("--edges", type=float, metavar="SHARE", help="keep this share of the interactions in the graph")
    way.add_argument("--dimensions", type=int, metavar="N", help="distil into a model with so many dimensions")
    parser.add_argument("--out", type=Path, metavar="RUN2", help="keep the smaller run here")
    parser.add_argument("--k", type=int, default=20, help="list length (default 20)")
    parser.add_argument("--overwrite", action="store_true", help="replace an older run")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """What it costs, and the run that was kept."""
    from gnnrec_core.base.files import refuse_existing
    from gnnrec_core.decide.compression import compress, save
    from gnnrec_core.decide.smaller import WAYS
    from gnnrec_core.runs.run import load_run

    if arguments.out:
        refuse_existing(arguments.out, arguments.overwrite)
    way = next((name for name in WAYS if getattr(arguments, name) is not None), "bits")
    amount = getattr(arguments, way)
    base = load_run(arguments.run, arguments.dataset)
    _, found = compress(base, 8 if amount is None else amount, arguments.k, arguments.seed, way)
    if arguments.out:
        save(base, arguments.out, found, arguments.overwrite)
    return {**found.to_dict(), "kept": str(arguments.out) if arguments.out else None}


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """Size, accuracy, lists, reasons."""
    from gnnrec_core.views.decide.smaller import smaller_sections

    return smaller_sections(content)
