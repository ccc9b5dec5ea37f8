"""`search DATASET --model NAME --trials N --out FOLDER`: settings by search, judged on validation; needs Optuna."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnnrec_core.base.terminal import say
from gnnrec_core.render.blocks import Section

if TYPE_CHECKING:
    from gnnrec_core.decide.trials import Trial


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="a dataset folder with a validation part")
    parser.add_argument("--model", required=True, metavar="NAME", help="the model")
    parser.add_argument("--trials", type=int, default=30, help="how many trainings in all (default 30)")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the study, and the chosen run")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="fixed in every trial")
    parser.add_argument("--space", action="append", default=[], metavar="NAME=LOW:HIGH[:log]|A,B",
                        help="where to look (default: what the model declares); repeatable")  # fmt: skip
    parser.add_argument("--objectives", default="accuracy", help="accuracy, exposure, gap, seconds (with commas)")
    parser.add_argument("--group-by", default="activity", metavar="COLUMN", help="the groups of the gap")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--take", type=int, metavar="N", help="keep trial N as the run (default: the best)")
    parser.add_argument("--no-run", action="store_true", help="keep no run")
    parser.add_argument("--resume", action="store_true", help="take up a search, also beside others that are at it")
    parser.add_argument("--overwrite", action="store_true", help="begin anew where there is a search already")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The search of the contract."""
    from gnnrec_core.base.settings import read_settings, split_assignments
    from gnnrec_core.decide.searching import search, take
    from gnnrec_core.decide.trials import SearchSettings, read_space

    rules = {"objectives": arguments.objectives.split(","), "group_by": arguments.group_by}
    found = search(
        arguments.dataset,
        arguments.model,
        arguments.trials,
        arguments.out,
        settings=read_settings(SearchSettings, rules),
        fixed=split_assignments(arguments.set),
        space=read_space(arguments.space) or None,
        seed=arguments.seed,
        device=arguments.device,
        resume=arguments.resume,
        overwrite=arguments.overwrite,
        on_trial=_tell,
    )
    folder = None
    if not arguments.no_run:
        folder = str(take(found, arguments.dataset, arguments.out, arguments.take, arguments.device))
    return {**found.to_dict(), "run": folder}


def _tell(trial: Trial) -> None:
    """A line of progress."""
    told = ", ".join(f"{name} {value:.4g}" for name, value in trial.figures.items())
    early = ", ended early" if trial.ended_early else ""
    say(f"trial {trial.number}: {told} after {trial.epochs} epochs{early} {trial.settings}", error=True)


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """The best, the front, the importance of settings."""
    from gnnrec_core.views.decide.searching import search_sections

    return search_sections(content, content["run"])
