"""`report RUN`: the evidence of one case as a page that opens offline, and as JSON beside it."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnnrec_core.base.errors import RequestError
from gnnrec_core.commands.cases import add_pair
from gnnrec_core.render.blocks import Section
from gnnrec_core.views.facts import fact_sections

if TYPE_CHECKING:
    from gnnrec_core.api.run import OpenRun


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_pair(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE.html", help="the page; FILE.json goes beside it"
    )
    parser.add_argument("--top", type=int, default=20, help="contributions listed and recomputed (default 20)")
    parser.add_argument("--as-of", metavar="YYYY-MM-DD", help="a section with the same case as of that day")
    parser.add_argument("--drift", action="store_true", help="a section on how the person's choices changed over time")
    parser.add_argument("--attack", action="store_true", help="a section on how many fake accounts push the item")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Write both files; says where they are, and what was found."""
    if arguments.top < 1:
        raise RequestError(f"--top {arguments.top} cannot be used.", "Choose 1 or more.", value=arguments.top)
    from gnnrec_core.base.pseudonyms import load_pseudonyms
    from gnnrec_core.commands.opening import opened
    from gnnrec_core.runs.workspace import workspace
    from gnnrec_core.views.evidence import gather
    from gnnrec_core.views.evidence_page import evidence_files, write_evidence

    page_file, json_file = evidence_files(arguments.out, arguments.overwrite)
    found, here = opened(arguments), workspace()
    evidence = gather(
        found,
        found.dataset.users.index(arguments.user),
        found.dataset.items.index(arguments.item),
        str if arguments.identities else load_pseudonyms(here.home, here.read_only).name,
        arguments.k,
        arguments.seed,
        arguments.top,
    )
    write_evidence(evidence, page_file, arguments.top, arguments.overwrite, attached(found, arguments))
    return {
        "report": str(page_file),
        "json": str(json_file),
        "user": evidence.user_id,
        "item": evidence.item_id,
        "score": evidence.score.case.score,
        "rank": evidence.score.case.rank,
        "completeness_error": evidence.score.completeness_error,
        "methods": [opinion.method for opinion in (evidence.score, *evidence.second_opinions)],
        "not_computed": [{"what": what, "why": why} for what, why in evidence.skipped],
    }


def attached(run: OpenRun, arguments: argparse.Namespace) -> dict[str, tuple[tuple[Section, ...], dict[str, Any]]]:
    """The case as of another day, the person over time, and the item pushed, where they were asked for."""
    from gnnrec_core.api.changing import as_of, attack, drift, told_as_of
    from gnnrec_core.commands.cases import for_the_reader

    answers = {}
    if arguments.as_of:
        state = as_of(run, arguments.user, arguments.item, arguments.as_of, arguments.k, top=arguments.top).value
        if state.explanation is not None:
            state = replace(state, explanation=for_the_reader(state.explanation, run.dataset, arguments))
        answers["as_of"] = told_as_of(run, state, arguments.top)
    if arguments.drift:
        answers["drift"] = drift(run, arguments.user, k=arguments.k, seed=arguments.seed)
    if arguments.attack:
        answers["attack"] = attack(run, arguments.item, k=arguments.k, seed=arguments.seed)
    return {name: (answer.sections, answer.to_dict()) for name, answer in answers.items()}


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """Where the files lie, and what could not be computed."""
    return fact_sections(content, f"Evidence: {content['item']} for {content['user']}")
