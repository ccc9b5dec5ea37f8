"""`run import DATASET --out RUN`: a run out of lists, embeddings, a matrix or a scorer that were made elsewhere."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.errors import RequestError
from gnnrec_core.render.blocks import Facts, Section
from gnnrec_core.views.facts import table


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("dataset", type=Path, help="a dataset folder made by `data import`")
    parser.add_argument("--out", required=True, type=Path, metavar="RUN", help="the run folder to make")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--lists", type=Path, metavar="FILE", help="user, item, and rank or score (csv, parquet, jsonl)")
    kind.add_argument("--user-embeddings", type=Path, metavar="FILE", help="final embeddings of users")
    kind.add_argument("--propagation", metavar="NAME", help="lightgcn, simgcl or gat, with --embeddings and --layers")
    kind.add_argument("--least-squares", metavar="L2[,CONFIDENCE]",
                      help="ALS: people are solved for, with --item-embeddings")  # fmt: skip
    kind.add_argument("--item-item", type=Path, metavar="FILE", help="square matrix: sparse .npz or dense .npy")
    kind.add_argument("--scorer", metavar="COMMAND", help="a command that answers JSON lines, or http(s)://...")
    parser.add_argument("--item-embeddings", type=Path, metavar="FILE", help="with --user-embeddings")
    parser.add_argument("--similarity", choices=("dot", "cosine"), default="dot", help="with --user-embeddings")
    parser.add_argument("--embeddings", type=Path, metavar="FILE", help="layer-0 embeddings: users, then items")
    parser.add_argument("--layers", type=int, metavar="K", help="how many layers they are propagated over")
    parser.add_argument("--layer-weights", metavar="a,b,c", help="weights of layers 0 to K (default: the model's own)")
    parser.add_argument("--normalisation", choices=("symmetric", "rows", "columns", "none"),
                        help="of --propagation (default symmetric; gat: rows)")  # fmt: skip
    parser.add_argument("--self-loops", action="store_true", help="of --propagation: each node also hears itself")
    parser.add_argument("--attention", type=Path, metavar="FILE",
                        help="of gat: attention.source and attention.target (default: in --embeddings)")  # fmt: skip
    for side in ("user", "item"):
        parser.add_argument(
            f"--{side}-biases", type=Path, metavar="FILE", help=f"one number per {side}, in the same order"
        )
    parser.add_argument("--user-ids", type=Path, metavar="FILE", help="one user id a row, in the order of the rows")
    parser.add_argument("--item-ids", type=Path, metavar="FILE", help="one item id a row, in the order of the rows")
    parser.add_argument("--unknown", choices=("refuse", "drop"), default="refuse", help="ids that the data do not have")
    parser.add_argument("--check", type=Path, metavar="FILE", help="lists or scores of the source to compare with")
    parser.add_argument("--list-date", metavar="DATE", help="which lists, where they have a column date (the last)")
    parser.add_argument("--list-cutoff", type=int, metavar="K", help="which, where they have a column cutoff (largest)")
    for what in ("user", "item", "rank"):
        parser.add_argument(f"--{what}-col", metavar="NAME", help=f"what the lists call their column {what}")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in --out")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Import, check, store; the object of the contract."""
    from gnnrec_core.api.bringing import import_run

    made = import_run(
        arguments.dataset,
        arguments.out,
        lists=arguments.lists,
        user_embeddings=arguments.user_embeddings,
        item_embeddings=arguments.item_embeddings,
        similarity=arguments.similarity,
        propagation=arguments.propagation,
        embeddings=arguments.embeddings,
        layers=arguments.layers,
        layer_weights=_weights("--layer-weights", arguments.layer_weights),
        normalisation=arguments.normalisation,
        self_loops=arguments.self_loops,
        attention=arguments.attention,
        least_squares=_least_squares(arguments.least_squares),
        user_biases=arguments.user_biases,
        item_biases=arguments.item_biases,
        item_item=arguments.item_item,
        scorer=arguments.scorer,
        user_ids=arguments.user_ids,
        item_ids=arguments.item_ids,
        unknown=arguments.unknown,
        check=arguments.check,
        list_date=arguments.list_date,
        list_cutoff=arguments.list_cutoff,
        columns={what: name for what in ("user", "item", "rank") if (name := getattr(arguments, f"{what}_col"))},
        overwrite=arguments.overwrite,
    )
    told: dict[str, Any] = made.record.figures["imported"]
    return told


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """What was brought, what is missing of it, how it compares with its source, and what it can be asked."""
    facts: dict[str, Any] = {"can": ", ".join(content["can"])}
    for kind in ("users", "items"):
        if missing := content[f"missing_{kind}"]:
            facts[f"{kind} without a row"] = f"{len(missing):,}, such as {missing[0]!r}"
    if content["n_dropped"]:
        facts["rows of unknown ids left out"] = content["n_dropped"]
    lists = content["lists"]
    if lists["n_other_lists"]:
        facts["lists of"] = ", ".join(f"{name} {lists[name]}" for name in ("date", "cutoff") if name in lists)
        facts["rows of other lists left out"] = lists["n_other_lists"]
    if check := content["check"]:
        facts["compared with its source"] = f"{check['n_users']:,} users"
        facts["largest difference of a score"] = check["max_difference"]
        facts["equal lists"] = None if check["equal_lists"] is None else f"{check['equal_lists']:.1%}"
    if content["calls"]:
        facts["calls of the scorer"] = content["calls"]
    size = f"{content['n_users']:,} users, {content['n_items']:,} items"
    cannot = [table("What it cannot, and why", content["cannot"])] if content["cannot"] else []
    return (Section(f"{content['kind']} in {content['run']}: {size}", (Facts(tuple(facts.items())), *cannot)),)


def _least_squares(words: str | None) -> tuple[float, float] | None:
    given = _weights("--least-squares", words)
    if len(given) > 2:
        raise RequestError(f"--least-squares {words!r} are {len(given)} numbers.", "Write l2, or l2,confidence.")
    return (given[0], given[1] if len(given) > 1 else 1.0) if given else None


def _weights(option: str, words: str | None) -> tuple[float, ...]:
    if words is None:
        return ()
    try:
        return tuple(float(word) for word in words.split(","))
    except ValueError as error:
        raise RequestError(f"{option} {words!r} are not numbers.", "Write them as 0.5,0.25,0.25.") from error
