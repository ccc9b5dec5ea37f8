"""`rounds RUN --n 10`: people choose from their lists, the model learns from it, and so on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--n", type=int, default=10, help="rounds (default 10)")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--influence", type=float, default=0.8, help="chance that a choice comes from the list (0.8)")
    parser.add_argument("--sharpness", type=float, default=3.0, help="how much taste decides (default 3)")
    parser.add_argument("--group-by", metavar="COLUMN", help="groups, as in `audit`")
    parser.add_argument("--seeds", type=int, default=3, help="times that all is played (default 3)")
    parser.add_argument("--mitigate", metavar="NAME,NAME", help="also with the lists of these re-rankers, or all")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """Figures by round."""
    from gnnrec_core.api.changing import rounds
    from gnnrec_core.audit.rerankers import RERANKERS
    from gnnrec_core.commands.opening import opened, told_run

    asked = (arguments.n, arguments.k, arguments.influence, arguments.sharpness, arguments.group_by, arguments.seeds)
    named = [name.strip() for name in (arguments.mitigate or "").split(",") if name.strip()]
    ways = [plugin.name for plugin in RERANKERS] if named == ["all"] else named
    return rounds(opened(arguments), *asked, arguments.seed, ways).of(told_run(arguments))
