"""The file: a page that opens offline, with what the page shows and where it comes from."""

from __future__ import annotations

from datetime import UTC, datetime

from gnnrec_core import __version__
from gnnrec_core.models import title_of
from gnnrec_core.render.blocks import Facts, Section
from gnnrec_core.render.html import page
from gnnrec_ui.frame.study import Study
from gnnrec_ui.taken.elements import read_back
from gnnrec_ui.taken.heard import Heard


def view_file(heard: Heard, title: str, study: Study, address: str, are_ids_shown: bool) -> str:
    """The page as one HTML file; `title` where it has no heading of its own."""
    heading, sections = read_back(heard)
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    facts = [("Made", f"{made}, by GNNRec Lens {__version__}"), ("Address", address)]
    dataset, run = study.dataset_entry, study.run_entry
    if dataset is not None:
        facts += [("Dataset", dataset.name), ("Fingerprint of the data", dataset.fingerprint)]
    if run is not None:
        model = title_of(run.record.model)
        facts += [
            ("Run", run.id),
            ("Model", model),
            ("Trained", run.record.created[:16].replace("T", " ")),
            ("Seed", str(run.record.seed)),
        ]
    facts += [("Other people", "by their ids" if are_ids_shown else "by pseudonyms")]
    about = " · ".join(value for name, value in facts if name in ("Dataset", "Model", "Run"))
    return page(
        heading or title,
        (*sections, Section("Where this comes from", (Facts(tuple(facts)),))),
        about,
        "What the page showed when this file was made. It holds all that it needs and loads nothing.",
    )
