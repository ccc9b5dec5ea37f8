"""`data describe DATASET`: sizes and distributions, and what the quality checks find."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gnnrec_core.base.terminal import say
from gnnrec_core.data.checks import CHECK_CODES, check_dataset
from gnnrec_core.data.dataset import Dataset, Problem
from gnnrec_core.data.describe import describe
from gnnrec_core.data.store import load_dataset


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("dataset", type=Path, help="folder made by `data import`")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The description as the contract's object."""
    dataset = load_dataset(arguments.dataset)
    return {
        "dataset": str(arguments.dataset),
        **describe(dataset).to_dict(),
        "fingerprint": dataset.fingerprint,
        "source": dataset.source,
        "problems": [asdict(problem) for problem in (*_on_import(dataset), *check_dataset(dataset))],
    }


def show(result: dict[str, Any]) -> None:
    """The same for people."""
    sizes = [f"{result[name]:,} {name[2:]}" for name in ("n_users", "n_items", "n_interactions")]
    say(f"{result['name']}: {', '.join(sizes)}")
    say("  " + ", ".join(f"{n:,} {split}" for split, n in result["n_by_split"].items()))
    say(f"  density {result['density']:.3%}; Gini of popularity {result['gini']:.3f}")
    for kind in ("user", "item"):
        degrees = result[f"{kind}_degree_quantiles"]
        say(f"  {kind} degree: " + ", ".join(f"{float(share):.0%} {value:g}" for share, value in degrees.items()))
    say(f"  users with one interaction: {result['share_users_with_one']:.1%}")
    say(f"  connected parts: {result['n_components']:,}; largest {result['largest_component']:.1%} of nodes")
    if result["first_time"] is not None:
        days = [datetime.fromtimestamp(result[name], UTC).date().isoformat() for name in ("first_time", "last_time")]
        say(f"  from {days[0]} to {days[1]}")
    for attribute in result["attributes"]:
        say(
            f"  {attribute['kind']} attribute {attribute['name']!r} ({attribute['type']}): "
            f"{attribute['n_known']:,} known, {attribute['n_values']:,} different"
        )
    for relation in result["relations"]:
        say(f"  relation {relation['name']!r} ({relation['kind']}): {relation['n_edges']:,} edges")
    for problem in result["problems"]:
        say(f"  {problem['severity']:8}{problem['message']}")


def _on_import(dataset: Dataset) -> tuple[Problem, ...]:
    """What was met on import, but for the quality checks, which are made anew."""
    return tuple(problem for problem in dataset.problems if problem.code not in CHECK_CODES)
