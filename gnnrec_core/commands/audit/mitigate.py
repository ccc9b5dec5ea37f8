"""`mitigate RUN --method NAME`: what a re-ranking would change, who loses, and the setting as a run of its own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.audit.rerankers import RERANKERS
from gnnrec_core.render.blocks import Section, Table, Text


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--method", required=True, help=", ".join(RERANKERS.names))
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the method")
    parser.add_argument("--along", metavar="NAME", help="also the trade-off over this setting, from end to end")
    parser.add_argument("--k", type=int, default=20, help="list length (default 20)")
    parser.add_argument("--candidates", type=int, default=100, help="items of each user to choose from (default 100)")
    parser.add_argument("--group-by", metavar="COLUMN", help="groups whose figures are compared, as in `audit`")
    parser.add_argument("--split", default="test", choices=("test", "validation"), help="the held-out part")
    parser.add_argument("--out", type=Path, metavar="RUN", help="save the new lists as a run")
    parser.add_argument("--overwrite", action="store_true", help="replace the run at --out")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The changes, and where they were saved."""
    from gnnrec_core.audit.studies.mitigation import mitigate, prepare, save
    from gnnrec_core.audit.studies.trade_off import trade_off
    from gnnrec_core.base.files import refuse_existing
    from gnnrec_core.base.settings import read_settings, split_assignments
    from gnnrec_core.runs.run import load_run

    settings = read_settings(RERANKERS.load(arguments.method).settings_type, split_assignments(arguments.set))
    if arguments.out:
        refuse_existing(arguments.out, arguments.overwrite)
    base = load_run(arguments.run, arguments.dataset)
    bench = prepare(base, arguments.k, arguments.group_by, arguments.split, arguments.candidates)
    found = mitigate(bench, arguments.method, settings)
    curve = trade_off(bench, arguments.method, settings.model_dump(), arguments.along) if arguments.along else None
    if arguments.out:
        save(bench, found, arguments.out, arguments.seed, arguments.overwrite)
    return {
        "base_run": str(arguments.run),
        "k": arguments.k,
        **found.to_dict(),
        "curve": curve and {"along": curve.along, "steps": curve.to_dict()},
        "run": str(arguments.out) if arguments.out else None,
    }


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """Each figure before and after, who loses, and the trade-off where it was asked for."""
    from gnnrec_core.views.fix import curve_section

    rows = tuple((c["metric"], c["before"], c["after"], c["value"], c["low"], c["high"]) for c in content["changes"])
    lost = content["losers"]
    said = f"{lost['n']:,} users ({lost['share']:.1%}) lose NDCG"
    said += f", {lost['mean_loss']:.4f} on average" if lost["mean_loss"] == lost["mean_loss"] else ""
    shares = ", ".join(f"{share:.1%} of {group}" for group, share in lost["by_group"].items())
    more = ((shares,) if shares else ()) + ((f"saved as {content['run']}",) if content["run"] else ())
    settings = ", ".join(f"{name} = {value}" for name, value in content["settings"].items())
    changes = Table(("figure", "before", "after", "change", "low", "high"), rows)
    head = Section(f"{content['method']} ({settings}) on {content['base_run']}", (changes, Text((said, *more))))
    curve = content["curve"]
    return (head, curve_section(curve["along"], curve["steps"])) if curve else (head,)
