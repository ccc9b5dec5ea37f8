"""`cold-start RUN`: which list for somebody of whom little is known, and which questions would teach most."""

from __future__ import annotations

import argparse
from typing import Any

from gnnrec_core.base.errors import RequestError
from gnnrec_core.commands.given import ids_of, refuse_unused
from gnnrec_core.commands.opening import add_run, opened
from gnnrec_core.render.blocks import Section


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--items", metavar="ID,ID", help="what the newcomer has, for the questions (default: nothing)")
    parser.add_argument("--questions", type=int, default=3, choices=range(6), metavar="N",
                        help="questions, 0 to 5 (default 3)")  # fmt: skip


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The curves, the switch, and the questions where the run can be folded in."""
    import numpy as np

    from gnnrec_core.decide.cold_start import cold_start
    from gnnrec_core.decide.questions import teach

    found = opened(arguments)
    if not arguments.questions:
        refuse_unused(arguments, ("items",), "where no question is asked", "Leave it, or --questions 0, out.")
    ids = ids_of(arguments.items)
    given = np.array([found.dataset.items.index(word) for word in ids], np.int64)
    measured = cold_start(found, arguments.k, arguments.seed)
    content = measured.to_dict()
    if ids and "personal" in measured.missing:
        why = measured.missing["personal"]
        raise RequestError(f"No question can be asked of somebody who has these items: {why}", "Leave --items out.")
    can_ask = arguments.questions and "personal" not in measured.missing
    taught = teach(found, given, arguments.k, arguments.questions, arguments.seed) if can_ask else None
    return {**content, "given": ids, "teaching": taught and taught.to_dict(found)}


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """Curves, the switch, questions."""
    from gnnrec_core.views.decide.newcomers import cold_start_sections, question_sections

    asked = question_sections(content["teaching"]) if content["teaching"] else ()
    return (*cold_start_sections(content), *asked)
