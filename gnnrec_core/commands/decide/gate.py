"""`gate CANDIDATE INCUMBENT`: ship, hold or cannot tell, for whom it is worse, and why. Exit 3 on hold."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnnrec_core.commands.paged import add_report, answered
from gnnrec_core.commands.people import add_identities, name_others

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer

HELD = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("candidate", type=Path, metavar="CANDIDATE", help="a run folder, or a table of lists")
    parser.add_argument("incumbent", type=Path, metavar="INCUMBENT", help="a run folder, or a table of lists")
    parser.add_argument("--k", type=int, default=20, help="list length (default 20)")
    parser.add_argument("--split", default="test", choices=("test", "validation"), help="the held-out part")
    parser.add_argument("--figures", metavar="A,B", help="what may not be lost (default: ndcg, recall, hit_rate, ...)")
    parser.add_argument("--margin", type=float, default=0.05, help="accepted loss, a share of each figure (0.05)")
    parser.add_argument("--group-by", action="append", metavar="COLUMN", help="repeatable; default: all groupings")
    parser.add_argument("--group-figure", default="ndcg", help="what no group may lose (default ndcg)")
    parser.add_argument("--min-group-size", type=int, default=10, help="smaller groups are never shown (default 10)")
    add_report(parser)
    parser.add_argument("--dataset", type=Path, help="the dataset of the lists, or where that of the runs is now")
    add_identities(parser)


def run(arguments: argparse.Namespace) -> Answer:
    """The verdict, figures, groups, changes and reasons."""
    from gnnrec_core.api.deciding import gate
    from gnnrec_core.runs.bringing.lists import load_run_or_lists

    a = arguments
    candidate, incumbent = (load_run_or_lists(path, a.dataset) for path in (a.candidate, a.incumbent))
    rules = {name: getattr(a, name) for name in ("margin", "group_figure", "min_group_size")}
    chosen = {"figures": a.figures.split(",") if a.figures else None, "by": a.group_by}
    names = name_others(candidate.dataset, a.identities)
    return answered(
        a, lambda: gate(candidate, incumbent, a.k, a.split, seed=a.seed, name_user=names, **chosen, **rules)
    )


def exit_code(result: dict[str, Any]) -> int:
    """3 on hold, else 0."""
    return HELD if result["verdict"] == "hold" else 0
