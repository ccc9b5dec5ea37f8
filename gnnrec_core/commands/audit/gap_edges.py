"""`gap-edges RUN --group-by COLUMN --group NAME`: which interactions carry a group's difference, each one verified."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gnnrec_core.commands.people import add_identities, name_others
from gnnrec_core.render.blocks import Section, Table

SHOWN = 20
"""Interactions that are printed; the JSON has all."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run of a model that propagates (lightgcn, gat)")
    parser.add_argument("--group-by", required=True, metavar="COLUMN", help="groups, as in `audit`")
    parser.add_argument("--group", required=True, metavar="NAME", help="the group whose difference is looked at")
    parser.add_argument("--metric", default="ndcg", help="an accuracy figure (default ndcg)")
    parser.add_argument("--k", type=int, default=20, help="list length (default 20)")
    parser.add_argument("--check", type=int, default=60, help="interactions that are verified one by one (default 60)")
    parser.add_argument("--split", default="test", choices=("test", "validation"), help="the held-out part")
    parser.add_argument("--min-group-size", type=int, default=10, help="smaller groups are refused (default 10)")
    add_identities(parser)
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The verified interactions, most shrinkage first, and sets of them."""
    from gnnrec_core.audit.groups import group_users
    from gnnrec_core.audit.studies.gap_edges import gap_edges
    from gnnrec_core.runs.run import load_run

    found = gap_edges(
        base := load_run(arguments.run, arguments.dataset),
        group_users(base.dataset, arguments.group_by),
        arguments.group,
        arguments.metric,
        arguments.k,
        arguments.check,
        arguments.split,
        arguments.min_group_size,
        name_others(base.dataset, arguments.identities),
    )
    answer = asdict(found)
    if not arguments.identities:
        for edge in answer["edges"]:
            del edge["edge"]  # edges stand in the order of the people
    return answer


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """The gap, the interactions one by one, the strongest together."""
    edges = tuple((e["user"], e["title"], e["gap_without"], e["change"]) for e in content["edges"][:SHOWN])
    bundles = tuple((b["n"], b["gap_without"], b["group_without"], b["rest_without"]) for b in content["bundles"])
    gap = f"{content['group_value']:.4f}, all others {content['rest_value']:.4f}, difference {content['gap']:+.4f}"
    return (
        Section(
            f"{content['group']}: {content['metric']} {gap}",
            (
                Table(("user", "item", "difference without it", "smaller by"), edges, "One interaction left out"),
                Table(("n", "difference", "group", "others"), bundles, "The n strongest together left out"),
            ),
        ),
    )
