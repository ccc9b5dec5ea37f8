"""`data suspicious DATASET`: people whose interactions may not be those of a person, and what they change."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.commands.people import add_identities, name_others
from gnnrec_core.data.store import load_dataset
from gnnrec_core.render.blocks import Section


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="folder made by `data import`")
    parser.add_argument(
        "--model", default="", help="say what lists of others change without them, by this model (itemknn, ease, ...)"
    )
    parser.add_argument("--k", type=int, default=10, help="length of those lists (default 10)")
    add_identities(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Scores with reasons, and with `--model` what changes without these people."""
    from gnnrec_core.data.suspicious import find_suspicious
    from gnnrec_core.runs.without_people import lists_without
    from gnnrec_core.views.suspicious import suspicion_json

    dataset = load_dataset(arguments.dataset)
    found = find_suspicious(dataset)
    without = None
    if arguments.model and found.suspects:
        without = lists_without(dataset, found.users, arguments.model, arguments.k, found.pushed)
    name_user = name_others(dataset, arguments.identities)
    return {"dataset": str(arguments.dataset), **suspicion_json(found, dataset, name_user, without)}


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """Who, why, and what changes without them."""
    from gnnrec_core.views.suspicious import suspicion_sections

    return suspicion_sections(content)
