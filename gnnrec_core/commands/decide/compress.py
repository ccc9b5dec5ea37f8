"""`compress RUN --bits 8 --out RUN2`: smaller tables, what is lost and for whom, and whether the reasons survive."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.terminal import say


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


def show(result: dict[str, Any]) -> None:
    """Size, accuracy, lists, reasons."""
    say(f"{result['run']} in {result['bits']} bits: {result['times_smaller']:.2f} times smaller")
    found = result["gate"]
    say(f"  in the place of the other: {found['verdict']}. {found['sentences'][0]}")
    for entry in found["figures"]:
        share = entry["difference"] / abs(entry["incumbent"]) if entry["incumbent"] else float("nan")
        say(f"  {entry['name']:18} {entry['difference']:+.5f} ({share:+.2%})")
    say(f"  {found['lists']['overlap']['value']:.1%} of each list is kept")
    if result["same_reason"]:
        say(
            f"  the first item keeps its strongest reason for {result['same_reason']['value']:.1%} of people, and "
            f"{result['reasons_kept']['value']:.1%} of its three strongest"
        )
    if result["kept"]:
        say(f"  wrote {result['kept']}")
