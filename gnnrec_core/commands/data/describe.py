"""`data describe DATASET`: sizes and distributions, and what the quality checks find."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gnnrec_core.data.checks import CHECK_CODES, check_dataset
from gnnrec_core.data.dataset import Dataset, Problem
from gnnrec_core.data.describe import describe
from gnnrec_core.data.store import load_dataset
from gnnrec_core.render.blocks import Facts, Section
from gnnrec_core.views.facts import problem_blocks, table


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


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """Sizes and distributions, attributes and relations, what the checks found."""
    sizes = ", ".join(f"{content[name]:,} {name[2:]}" for name in ("n_users", "n_items", "n_interactions"))
    facts: list[tuple[str, Any]] = [
        ("interactions by part", ", ".join(f"{n:,} {split}" for split, n in content["n_by_split"].items())),
        ("density", f"{content['density']:.3%}"),
        ("Gini of popularity", content["gini"]),
        ("users with one interaction", f"{content['share_users_with_one']:.1%}"),
        ("connected parts", f"{content['n_components']:,}; largest {content['largest_component']:.1%} of nodes"),
    ]
    for kind in ("user", "item"):
        quantiles = content[f"{kind}_degree_quantiles"].items()
        facts.append((f"{kind} degree", ", ".join(f"{float(share):.0%} {value:g}" for share, value in quantiles)))
    if content["first_time"] is not None:
        days = [datetime.fromtimestamp(content[name], UTC).date().isoformat() for name in ("first_time", "last_time")]
        facts.append(("time", f"from {days[0]} to {days[1]}"))
    tables = [table(name, content[name]) for name in ("attributes", "relations") if content[name]]
    return (Section(f"{content['name']}: {sizes}", (Facts(tuple(facts)), *tables, *problem_blocks(content))),)


def _on_import(dataset: Dataset) -> tuple[Problem, ...]:
    """What was met on import, but for the quality checks, which are made anew."""
    return tuple(problem for problem in dataset.problems if problem.code not in CHECK_CODES)
