"""`luck RUN`: which places, first items, reasons and group gaps another seed would have kept."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.commands.given import refuse_unused
from gnnrec_core.render.blocks import Facts, Section, Table


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="trainings with other seeds (default 5)")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument(
        "--ensemble", type=Path, metavar="OUT", help="also save the mean of all seeds as a run of its own (LightGCN)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the run at --ensemble")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The shares as the contract has them."""
    from gnnrec_core.audit.group_gaps import group_gaps
    from gnnrec_core.base.files import refuse_existing
    from gnnrec_core.explain.truth.ensemble import Ensemble
    from gnnrec_core.explain.truth.luck import luck
    from gnnrec_core.runs.run import load_run

    if arguments.ensemble is not None:
        refuse_existing(arguments.ensemble, arguments.overwrite)
    else:
        refuse_unused(arguments, ("overwrite",), "where nothing is saved", "Ask with --ensemble OUT, or leave it out.")
    asked = load_run(arguments.run, arguments.dataset)
    ensemble = None if arguments.ensemble is None else Ensemble(asked)
    heard = None if ensemble is None else ensemble.hear
    found = luck(asked, arguments.seeds, arguments.k, group_gaps(asked, arguments.k), heard)
    saved = {} if ensemble is None else {"ensemble": str(ensemble.save(arguments.ensemble, arguments.overwrite).folder)}
    told = found.model_dump(exclude={"dataset_fingerprint", "created"})
    for entry in (told, *told["by_rank"]):
        for name in {"overlap", "same_first", "stays"} & entry.keys():
            span = found.interval(entry[name])
            entry |= {f"{name}_low": span.low, f"{name}_high": span.high}
    return {"run": str(arguments.run), **saved, **told}


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """The shares, and how well the probability of staying was judged."""
    n, k = content["seeds"], content["k"]
    facts = [
        (f"of a top {k} stays", _share(content, "overlap")),
        ("first item the same", _share(content, "same_first")),
    ]
    if content["same_reason"] is not None:
        facts.append(("its strongest reason the same", f"{content['same_reason']:.0%}"))
    if content["brier"] is not None:
        facts.append(("Brier score of staying, on other seeds (lower is better)", f"{content['brier']:.4f}"))
        facts.append(("the same of the base rate", f"{content['brier_base']:.4f}"))
    ranks = tuple((entry["rank"], _share(entry, "stays")) for entry in content["by_rank"])
    table = Table(("rank", f"stays in the top {k}"), ranks, f"Mean over {content['n_users']:,} people.")
    gaps = tuple(
        (gap["name"], gap["value"], f"{gap['low']:.4f} to {gap['high']:.4f}", f"{gap['same_sign']:.0%}")
        for gap in content["figures"]
    )
    heads = ("gap between a group and all others", "in this run", "other seeds", "same sign")
    more = (Table(heads, gaps),) if gaps else ()
    title = f"Trained {n} more time{'s' * (n > 1)} with other seeds and nothing removed"
    return (Section(title, (Facts(tuple(facts)), table, *more)),)


def _share(entry: dict[str, Any], name: str) -> str:
    """A share with its 95 % interval over people."""
    return f"{entry[name]:.1%} ({entry[f'{name}_low']:.1%} to {entry[f'{name}_high']:.1%})"
