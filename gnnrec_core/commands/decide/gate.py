"""`gate CANDIDATE INCUMBENT`: ship, hold or cannot tell, for whom it is worse, and why. Exit 3 on hold."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.terminal import say
from gnnrec_core.commands.people import add_identities, name_others

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
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write one page that opens offline")
    parser.add_argument("--overwrite", action="store_true", help="replace an older report")
    parser.add_argument("--dataset", type=Path, help="the dataset of the lists, or where that of the runs is now")
    add_identities(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The verdict, figures, groups, changes and reasons."""
    from gnnrec_core.base.files import refuse_existing, write_bytes
    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.decide.gate import DECLARED, GateSettings, gate
    from gnnrec_core.render import html
    from gnnrec_core.runs.lists import load_run_or_lists
    from gnnrec_core.views.gate import gate_sections, people_rows

    if arguments.report:
        refuse_existing(arguments.report, arguments.overwrite)
    candidate, incumbent = (
        load_run_or_lists(path, arguments.dataset) for path in (arguments.candidate, arguments.incumbent)
    )
    names = ("margin", "group_figure", "min_group_size")
    found = gate(
        candidate,
        incumbent,
        arguments.k,
        figures=arguments.figures.split(",") if arguments.figures else DECLARED,
        groupings=arguments.group_by,
        split=arguments.split,
        settings=read_settings(GateSettings, {name: getattr(arguments, name) for name in names}),
        seed=arguments.seed,
    )
    name_user = name_others(candidate.dataset, arguments.identities)
    if arguments.report:
        title = f"{found.candidate} in the place of {found.incumbent}?"
        page = html.page(title, gate_sections(found, name_user), f"{found.dataset}, lists of {found.k}, {found.split}")
        write_bytes(arguments.report, page.encode("utf-8", "replace"))
    return {
        **found.to_dict(),
        "people": list(people_rows(found, name_user)),
        "report": str(arguments.report) if arguments.report else None,
    }


def exit_code(result: dict[str, Any]) -> int:
    """3 on hold, else 0."""
    return HELD if result["verdict"] == "hold" else 0


def show(result: dict[str, Any]) -> None:
    """The verdict first, then what it rests on."""
    say(f"{result['verdict'].upper()}: {result['candidate']} in the place of {result['incumbent']}")
    for sentence in (*result["sentences"], *result["settle"]):
        say(f"  - {sentence}")
    marks = {True: "ok", False: "WORSE", None: "open"}
    for entry in result["figures"]:
        mark = marks[entry["ok"]] if entry["judged"] else "–"
        say(
            f"  {entry['name']:18} {mark:6} {entry['difference']:+.4f} "
            f"[{entry['low']:+.4f}, {entry['high']:+.4f}], accepted loss {entry['margin']:.4f}"
        )
    lists = result["lists"]
    say(f"  lists: {lists['overlap']['value']:.0%} kept, {lists['exposure_moved']:.0%} of all exposure moved")
    for entry in _first_of_each(result["reasons"]):
        say(f"  reason by {entry['by']:10} {entry['name']:40} {entry['share']:7.1%} of the change")
    if result["reasons_missing"]:
        say(f"  {result['reasons_missing']}")
    if result["report"]:
        say(f"  wrote {result['report']}")


def _first_of_each(reasons: list[dict[str, Any]], most: int = 3) -> list[dict[str, Any]]:
    """The first few by each attribute; the page and the JSON have more."""
    of = {entry["by"]: [one for one in reasons if one["by"] == entry["by"]][:most] for entry in reasons}
    return [entry for some in of.values() for entry in some]
