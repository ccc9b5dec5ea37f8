"""`data import SOURCE --out DATASET`: read a file, a folder, a database table or a named dataset."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.files import refuse_existing
from gnnrec_core.base.progress import watched
from gnnrec_core.base.settings import describe_settings, read_settings
from gnnrec_core.base.terminal import say
from gnnrec_core.commands.written import size_of
from gnnrec_core.data.formats import READERS
from gnnrec_core.data.importing import import_source
from gnnrec_core.data.leak import measure_leak
from gnnrec_core.data.options import EDGE_KINDS, ImportOptions
from gnnrec_core.data.store import save_dataset
from gnnrec_core.render.blocks import Facts, Section
from gnnrec_core.views.facts import problem_blocks

_NAMES = ("item_relations", "user_relations", "codes", "amounts")
"""Options that take names of attributes."""
_LISTS = (*_NAMES, "edges", "keep")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: one option a setting of `ImportOptions`."""
    parser.add_argument("source", help="file, folder, database URL (sqlite:///F#TABLE) or pyg:NAME")
    parser.add_argument("--out", required=True, type=Path, help="folder of the new dataset")
    parser.add_argument("--overwrite", action="store_true", help="replace the folder if it exists")
    parser.add_argument("--edges", action="append", default=[], help="file of side edges (repeatable)")
    parser.add_argument(
        "--edge-types", action="append", default=[], help=f"{'|'.join(EDGE_KINDS)}, in order of --edges"
    )
    for name in _NAMES:
        field_help = f"{ImportOptions.model_fields[name].description} (NAME or A,B; repeatable)"
        parser.add_argument(f"--{name.replace('_', '-')}", action="append", default=[], help=field_help)
    parser.add_argument(
        "--keep", action="append", default=[], help='"COLUMN OP VALUE" (repeatable); OP: = != < <= > >= in'
    )
    for field in describe_settings(ImportOptions):
        if field.name in (*_LISTS, "seed"):
            continue
        flag = f"--{field.name.replace('_', '-')}"
        if field.kind == "bool":
            parser.add_argument(flag, action="store_true", default=None, help=field.description)
        elif field.name == "day_first":
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=field.description)
        elif field.name == "format":
            parser.add_argument(flag, default=None, help=f"auto|{'|'.join(READERS.names)}")
        else:
            choices = f"{'|'.join(map(str, field.choices))}: " if field.choices else ""
            parser.add_argument(flag, default=None, help=(choices + field.description).replace("%", "%%"))


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Import, save, and answer with the contract's object."""
    started = time.perf_counter()
    refuse_existing(arguments.out, arguments.overwrite)
    options = read_options(arguments)
    with watched(_say) if sys.stderr.isatty() else nullcontext():
        dataset = import_source(arguments.source, options)
    save_dataset(dataset, arguments.out, arguments.overwrite)
    return {
        **size_of(dataset, arguments.out),
        "problems": [asdict(problem) for problem in dataset.problems],
        "rows_in": dataset.settings["rows_in"],
        "format": dataset.settings["format"],
        "split": dataset.settings["split"],
        "leak": asdict(measure_leak(dataset.interactions, dataset.settings["split"])),
        "seconds": round(time.perf_counter() - started, 3),
    }


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """Sizes, parts, leak, relations and problems."""
    sizes = f"{content['n_users']:,} users, {content['n_items']:,} items, {content['n_interactions']:,} interactions"
    parts = ", ".join(f"{content[f'n_{split}']:,} {split}" for split in ("train", "validation", "test"))
    facts = (
        ("read", f"{sizes} of {content['rows_in']:,} rows ({content['format']}) in {content['seconds']:.1f} s"),
        (f"split {content['split']}", parts),
        ("leak", content["leak"]["meaning"]),
        *((f"relation {relation['name']}", f"{relation['n_edges']:,} edges") for relation in content["relations"]),
    )
    return (Section(content["dataset"], (Facts(facts), *problem_blocks(content))),)


def read_options(arguments: argparse.Namespace) -> ImportOptions:
    """The import options that were typed; RequestError for wrong values."""
    kinds = [kind for text in arguments.edge_types for kind in text.split(",")]
    if len(kinds) != len(arguments.edges):
        raise RequestError(
            f"There are {len(arguments.edges)} --edges and {len(kinds)} --edge-types.",
            f"Give one of {', '.join(EDGE_KINDS)} for each file, in order.",
        )
    for kind in kinds:
        if kind not in EDGE_KINDS:
            raise RequestError(f"{kind!r} is not a type of edge.", f"Choose of {', '.join(EDGE_KINDS)}.", value=kind)
    typed: dict[str, Any] = {
        "edges": tuple({"path": path, "kind": kind} for path, kind in zip(arguments.edges, kinds, strict=True)),
        **{name: tuple(part for text in getattr(arguments, name) for part in text.split(",")) for name in _NAMES},
        "keep": tuple(arguments.keep),
        "seed": arguments.seed,
    }
    for field in describe_settings(ImportOptions):
        value = getattr(arguments, field.name, None)
        if field.name not in typed and value is not None:
            typed[field.name] = value
    return read_settings(ImportOptions, typed)


def _say(share: float, what: str) -> None:
    say(f"{share:4.0%} {what}", end="\n" if share >= 1 else "", error=True, again=True)
