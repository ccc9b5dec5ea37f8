"""`luck RUN`: which places, first items and reasons another seed would have kept."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.terminal import say


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="trainings with other seeds (default 5)")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The shares as the contract has them."""
    from gnnrec_core.explain.truth.luck import luck
    from gnnrec_core.runs.run import load_run

    found = luck(load_run(arguments.run, arguments.dataset), arguments.seeds, arguments.k)
    told = found.model_dump(exclude={"dataset_fingerprint", "created"})
    for entry in (told, *told["by_rank"]):
        for name in {"overlap", "same_first", "stays"} & entry.keys():
            span = found.interval(entry[name])
            entry |= {f"{name}_low": span.low, f"{name}_high": span.high}
    return {"run": str(arguments.run), **told}


def show(result: dict[str, Any]) -> None:
    """The shares for people."""
    n, k = result["seeds"], result["k"]
    say(f"Trained {n} more time{'s' * (n > 1)} with other seeds and nothing removed; {result['n_users']:,} people.")
    say(f"  {_share(result, 'overlap')} of a top {k} stays;")
    say(f"  the first item stays first for {_share(result, 'same_first')};")
    if result["same_reason"] is not None:
        say(f"  the strongest reason of the first item is the same for {result['same_reason']:.0%}.")
    for entry in result["by_rank"]:
        say(f"  rank {entry['rank']:3}: {_share(entry, 'stays')} stay in the top {k}")
    if result["brier"] is not None:
        error = f"Brier score {result['brier']:.4f}, base rate {result['brier_base']:.4f}"
        say(f"  Probability of staying, judged on seeds that it was not found on: {error} (lower is better).")


def _share(entry: dict[str, Any], name: str) -> str:
    """A share with its 95 % interval over people."""
    return f"{entry[name]:.1%} ({entry[f'{name}_low']:.1%} to {entry[f'{name}_high']:.1%})"
