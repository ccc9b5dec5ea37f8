"""From a source to a `Dataset`: read, clean, merge, filter, weigh, split, attach attributes and side edges."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError
from gnnrec_core.data.attributes import attribute_nodes, attribute_table, read_attribute_file
from gnnrec_core.data.checks import check_dataset
from gnnrec_core.data.clean.behaviours import choose_rows
from gnnrec_core.data.clean.dislikes import disliked_relations, low_ratings
from gnnrec_core.data.clean.distinct import distinct
from gnnrec_core.data.clean.duplicates import once_in_order
from gnnrec_core.data.clean.filters import apply_filters, interaction_weights, weight_doubts
from gnnrec_core.data.clean.impressions import shown_relation, unfold_impressions
from gnnrec_core.data.dataset import Dataset, Interactions, Problem, Vocabulary
from gnnrec_core.data.formats import detect, load_reader
from gnnrec_core.data.formats.archive import unpacked
from gnnrec_core.data.formats.source import SourceLog, as_file, as_folder
from gnnrec_core.data.log import Log, Places, clean_log
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.side_edges import read_edge_files, side_relations
from gnnrec_core.data.splits import split_log


def import_source(source: str | Path, options: ImportOptions | None = None) -> Dataset:
    """Read `source` (a file, a folder, a database URL, a name) into a dataset, with an account of every repair.

    `settings["rows_in"]` of the result is the number of rows in the source: it equals the interactions kept plus the
    `rows_removed` of all problems. Raises DataError or RequestError that name what is wrong, where, and what to do.
    """
    options = options or ImportOptions()
    return build_dataset(read_source(str(source), options), str(source), options)


def read_source(source: str, options: ImportOptions) -> SourceLog:
    """Read a source with the reader that `options.format` names or that recognises it, and the files beside it:
    `options.users`, `options.items`, `options.edges`."""
    before = _state(source)
    with unpacked(source) as place:
        name = detect(place) if options.format == "auto" else options.format
        log = load_reader(name).read(place, options)
    if place != source:
        note = Problem("zip", "info", 1, "unpacked", "The ZIP archive was unpacked.", Path(source).name)
        log = replace(log, name=Path(source).stem, problems=(note, *log.problems))
    if _state(source) != before:
        raise DataError(
            f"{source} changed while it was read.", "Import it again when nothing writes to it.", file=source
        )
    return replace(
        unfold_impressions(log),
        users=read_attribute_file(options.users, options, "user") if options.users else log.users,
        items=read_attribute_file(options.items, options, "item") if options.items else log.items,
        edges=(*log.edges, *read_edge_files(options)),
    )


def _state(source: str) -> list[tuple[str, int, int]]:
    """Name, size and time of change of the files of a source; empty for what is no file."""
    folder, file = as_folder(source), as_file(source)
    files = sorted(folder.iterdir()) if folder else [file] if file else []
    return [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.is_file()]


def build_dataset(source: SourceLog, location: str, options: ImportOptions) -> Dataset:
    """The dataset of a source that has been read; its columns are let go as soon as they are clean."""
    progress.report(0.4, 1, "checking columns")
    rows_in = sum(part.table.n_in for part in source.parts)
    everybody = _ids_in_source(source)
    source, chosen, said_no = choose_rows(source, options)
    places = Places.of(source)
    log, n_future, met = clean_log(source, options)
    problems = _together([*source.problems, *(p for part in source.parts for p in part.table.problems), *chosen, *met])
    source = replace(source, parts=())
    progress.report(0.6, 1, "merging duplicates and filtering")
    log, more = once_in_order(log, options.duplicates, places)
    problems += more
    said_no = pl.concat([said_no, low_ratings(log, options)])
    log, more = apply_filters(log, options, places)
    problems += more
    problems += weight_doubts(log, options, places)
    progress.report(0.75, 1, "splitting")
    split, split_name, more = split_log(log, options, n_future)
    problems += more
    interactions = _interactions(log, split, options)
    progress.report(0.85, 1, "attributes and side edges")
    vocabularies = Vocabulary("user", log.user_ids), Vocabulary("item", log.item_ids)
    user_table, of_users = attribute_table(source.users, vocabularies[0], options)
    item_table, of_items = attribute_table(source.items, vocabularies[1], options)
    nodes, relations, of_edges = side_relations(
        source.edges,
        attribute_nodes(item_table, options.item_relations, "item"),
        attribute_nodes(user_table, options.user_relations, "user"),
        vocabularies,
        {vocabulary.kind: everybody[vocabulary.kind] - set(vocabulary.ids) for vocabulary in vocabularies},
    )
    exposure, of_shown = shown_relation(source.shown, *vocabularies)
    disliked, of_disliked = disliked_relations(said_no, *vocabularies, interactions, options.seed)
    relations = (*relations, *exposure, *disliked)
    problems += (*of_shown, *of_disliked)
    problems += [replace(p, rows_removed=0) for p in (*of_users, *of_items, *of_edges)]  # no interaction left
    dataset = Dataset(
        options.name or source.name,
        *vocabularies,
        interactions,
        user_table,
        item_table,
        nodes,
        relations,
        (),
        source.location or location,
        {**options.chosen(), "format": source.format, "split": split_name, "rows_in": rows_in},
    )
    progress.report(0.95, 1, "quality checks")
    checks = check_dataset(dataset)
    return replace(dataset, problems=(*_whole(problems, rows_in, len(interactions)), *checks))


def _together(problems: list[Problem]) -> list[Problem]:
    """What was met alike in three files of one log or more, counted once."""
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        said = re.sub(r"^[\d,]+ ", "", problem.message)
        what = (problem.code, problem.severity, problem.action, str(problem.column), said)
        groups.setdefault(what, []).append(problem)
    merged = []
    for (*_, said), alike in groups.items():
        count = sum(problem.count for problem in alike)
        files = f" (in {len(alike):,} files)."
        removed = sum(problem.rows_removed for problem in alike)
        text = (f"{count:,} " if said != alike[0].message else "") + said.removesuffix(".") + files
        together = replace(alike[0], count=count, rows_removed=removed, message=text)
        merged += alike if len(alike) <= 2 else [together]
    return merged


def _ids_in_source(source: SourceLog) -> dict[str, frozenset[str]]:
    """Every user and item id before anything is left out; asked only where side edges may lead to them."""
    found: dict[str, set[str]] = {"user": set(), "item": set()}
    for part in source.parts if source.edges else ():
        for kind, ids in found.items():
            ids.update(text.strip() for text in distinct(part.table.frame[getattr(part.roles, kind)]).values)
    return {kind: frozenset(ids) for kind, ids in found.items()}


def _interactions(log: Log, split: np.ndarray, options: ImportOptions) -> Interactions:
    columns = (log.user, log.item, interaction_weights(log, options), split)
    for column in (*columns, log.time, log.rating):
        if column is not None:
            column.flags.writeable = False  # so that `Interactions` need not copy what nobody else holds
    return Interactions(*columns, log.time, log.rating)


def _whole(problems: list[Problem], rows_in: int, kept: int) -> tuple[Problem, ...]:
    """The account must add up; where it does not, that is our bug, not the person's."""
    removed = sum(problem.rows_removed for problem in problems)
    if rows_in != kept + removed:
        raise RuntimeError(f"the account does not add up: {rows_in} rows in, {kept} kept, {removed} removed")
    return tuple(problems)
