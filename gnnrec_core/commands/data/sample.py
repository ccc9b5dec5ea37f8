"""`sample`: make the shipped sample data again."""

from __future__ import annotations

import argparse
from io import BytesIO
from pathlib import Path
from typing import Any

from gnnrec_core.base.files import refuse_existing, write_bytes
from gnnrec_core.commands.written import size_of
from gnnrec_core.data.sample import save_sample
from gnnrec_core.data.sample.incumbent import incumbent_lists
from gnnrec_core.render.blocks import Section, Text


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--out", type=Path, required=True, metavar="DATASET", help="the dataset folder to write")
    parser.add_argument("--lists", type=Path, metavar="FILE", help="also write the lists of a simulated incumbent")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing folder")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Write the sample; the same bytes for the same seed."""
    if arguments.lists is not None:
        refuse_existing(arguments.lists, arguments.overwrite)
    dataset = save_sample(arguments.out, arguments.seed, arguments.overwrite)
    if arguments.lists is not None:
        buffer = BytesIO()
        incumbent_lists(dataset).write_parquet(buffer, compression="zstd", compression_level=19)
        write_bytes(arguments.lists, buffer.getvalue())
    return size_of(dataset, arguments.out)


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """What was written."""
    said = (
        f"{content['n_interactions']:,} interactions of {content['n_users']:,} simulated readers with "
        f"{content['n_items']:,} real classics; fingerprint {content['fingerprint'][:12]}."
    )
    return (Section(content["dataset"], (Text((said,)),)),)
