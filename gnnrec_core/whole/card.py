"""The system card: what a recommender is made of and what was measured of it, each figure with the command that gives
it, and what nobody has said yet as an open question to its author.

Nothing in a card depends on when or where it is made: the same run, answers and choices give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from gnnrec_core.audit.auditing import audit
from gnnrec_core.audit.groups import available_groupings
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.report import AuditReport
from gnnrec_core.audit.sources import ranked
from gnnrec_core.audit.studies.mitigation import judged, prepare
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.about.describe import describe
from gnnrec_core.data.about.leak import measure_leak
from gnnrec_core.explain.truth.calibration import load_calibration
from gnnrec_core.explain.truth.luck import load_luck
from gnnrec_core.models import DERIVED, MODELS
from gnnrec_core.ranking.intervals import Interval
from gnnrec_core.ranking.topk import source_of
from gnnrec_core.runs.recommend import evaluate
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.drivers import drivers
from gnnrec_core.whole.parameters import Parameter, main_parameters

QUESTIONS = {
    "purpose": "What is the system for, and whom does it serve?",
    "operator": "Who runs it, and who answers for it?",
    "out_of_scope": "What must it not be used for?",
    "data_origin": "Where do the interactions come from, and on what legal basis are they used?",
    "importance": "Why do the main parameters have the weight that they have?",
    "options": "How can people change or influence what they are shown, and where is that choice?",
    "without_profiling": "Where can people choose a list that is not based on profiling?",
    "oversight": "Who looks at the lists, how often, and what happens when something is wrong?",
    "mitigations": "Which mitigations were tried, and why were they kept or dropped?",
}
"""What only an author can say."""

ARTICLES = (
    ("27(1)", "The main parameters are named in plain language.", ("main parameters",), ()),
    ("27(1)", "What people can change or influence is said.", (), ("options",)),
    ("27(2)(a)", "The criteria that count most for what is shown are named.", ("main parameters", "drivers"), ()),
    ("27(2)(b)", "The reasons for the relative importance of the parameters are given.", (), ("importance",)),
    ("27(3)", "Where people choose between options, the choice is at hand.", (), ("options",)),
    ("38", "A list that is not based on profiling is offered.", ("without profiling",), ("without_profiling",)),
)
"""Of the Digital Services Act (EU 2022/2065): article, what it asks, measured sections and questions that answer it."""

LIMITS = (
    "Everything is measured offline on held-out interactions, which were made under what people were shown then.",
    "Drivers and parameters are told in this model: nothing was trained again where a line does not say so.",
    "A group that does not differ may still differ; groups of too few people are not shown.",
    "This card is no legal advice.",
)


@dataclass(frozen=True)
class Entry:
    """One line: a figure (or text) with its interval where it has one, and the command that gives it."""

    name: str
    value: Any
    low: float | None = None
    high: float | None = None
    command: str = ""


@dataclass(frozen=True)
class Part:
    """Lines that belong together; `key` is what `ARTICLES` call it, `notes` are sentences."""

    key: str
    title: str
    entries: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """What an article asks, whether the card answers it ("answered", "partly", "open"), and by what."""

    article: str
    text: str
    status: str
    by: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """A card of `run`. `answers` are the author's by question; a question without one is open."""

    run: str
    k: int
    parts: tuple[Part, ...]
    answers: dict[str, str]
    checklist: tuple[Check, ...]

    def with_answers(self, answers: Mapping[str, str]) -> Card:
        """The same figures with these answers of the author."""
        given = {key: answers[key] for key in QUESTIONS if answers.get(key)}
        return replace(self, answers=given, checklist=_checklist(self.parts, given))

    @property
    def open_questions(self) -> tuple[str, ...]:
        """Keys of `QUESTIONS` that nobody has answered."""
        return tuple(key for key in QUESTIONS if not self.answers.get(key))


def make_card(
    run: Run,
    k: int = 10,
    group_by: str | None = None,
    answers: Mapping[str, str] | None = None,
    tried: Sequence[Run] = (),
) -> Card:
    """Measure everything. `group_by` as in `audit` (default: the first attribute that people have); `tried` are runs of
    the same data that mitigations made (`mitigate --out`, `tune --out`), each held against the run.

    RequestError for an answer to a question that there is not, an unknown grouping, an impossible `k`, or a run of
    other data.
    """
    given = dict(answers or {})
    for key in given:
        if key not in QUESTIONS:
            raise RequestError(f"The card has no question {key!r}.", did_you_mean(key, tuple(QUESTIONS)), value=key)
    choices = available_groupings(run.dataset)
    chosen = group_by or (choices[0].name if choices else None)
    report = audit(run, k, chosen)
    parts = (
        _data(run),
        _model(run),
        _training(run),
        _accuracy(run, k),
        *_parameters(run, k),
        _drivers(run, k),
        _groups(report, run.name),
        _luck(run),
        _retraining(run),
        *_tried(run, k, tried),
        Part("limits", "Known limits", notes=(*LIMITS, *report.warnings)),
        _versions(run),
    )
    return Card(run.name, k, parts, {key: given[key] for key in QUESTIONS if given.get(key)}, _checklist(parts, given))


def _data(run: Run) -> Part:
    found, dataset = describe(run.dataset), run.dataset
    command = f"gnnrec data describe {dataset.name}"
    leak = measure_leak(dataset.interactions, str(dataset.settings.get("split", "")))
    entries = [
        Entry("Dataset", dataset.name, command=command),
        Entry("Source", dataset.source or "not recorded", command=command),
        *(
            Entry(title, getattr(found, name), command=command)
            for name, title in (("n_users", "People"), ("n_items", "Items"), ("n_interactions", "Interactions"))
        ),
        *(Entry(f"Interactions in {part}", n, command=command) for part, n in found.n_by_split.items()),
        Entry("Density", found.density, command=command),
        Entry("Gini of item popularity", found.gini, command=command),
        *(
            Entry(title, datetime.fromtimestamp(time, UTC).date().isoformat(), command=command)
            for title, time in (("First interaction", found.first_time), ("Last interaction", found.last_time))
            if time is not None
        ),
        Entry("Share of test interactions that are earlier than the last of train", leak.share, command=command),
    ]
    repairs = tuple(
        f"{problem.code} ({problem.count:,}, {problem.action}): {problem.message}" for problem in dataset.problems
    )
    return Part("data", "Data, and what was repaired", tuple(entries), (leak.meaning, *(repairs or ("No repairs.",))))


def _model(run: Run) -> Part:
    record = run.record
    known = MODELS if record.model in MODELS else DERIVED
    summary = known[record.model].summary if record.model in known else "A model from outside."
    command = f"gnnrec train {record.dataset_name} --model {record.model}"
    entries = [Entry("Model", record.model, command=command), Entry("Seed", record.seed, command=command)]
    entries += [Entry(f"Setting {name}", _plain(value), command=command) for name, value in record.settings.items()]
    return Part("model", "Model", tuple(entries), (summary,))


def _training(run: Run) -> Part:
    record, command = run.record, f"gnnrec train {run.record.dataset_name} --model {run.record.model}"
    figures = {name: value for name, value in record.figures.items() if name != "validation"}
    validation = record.figures.get("validation") or {}
    entries = [Entry("Device", record.device, command=command), Entry("Trained", record.created, command=command)]
    entries += [Entry(name.replace("_", " "), _plain(value), command=command) for name, value in figures.items()]
    entries += [Entry(f"{name} on the validation part", value, command=command) for name, value in validation.items()]
    return Part("training", "Training", tuple(entries))


def _accuracy(run: Run, k: int) -> Part:
    found = evaluate(run, k)
    command = f"gnnrec evaluate {run.name} --k {k}"
    entries = [
        _measured(METRICS[name].title if name in METRICS else name, figure, command)
        for name, figure in (found.accuracy | found.all_lists).items()
    ]
    note = f"Lists of {k}, means over {found.n_users:,} people with held-out items; 95 % intervals over people."
    return Part("accuracy", "How good the lists are", tuple(entries), (note,))


def _parameters(run: Run, k: int) -> tuple[Part, Part]:
    found = main_parameters(run, k)
    command = f"gnnrec parameters {run.name} --k {k}"
    entries = [_moved(row, command) for row in found.rows if row.is_used and row.has_effect is not None]
    plain = found.without_profiling
    beside = (
        _measured("Places shared with the run's lists", plain.overlap, command),
        _measured("NDCG, difference to the run's lists", plain.accuracy, command),
    )
    note = "The most popular items, the same for everybody: simulated beside the run's lists."
    return (
        Part("main parameters", "Main parameters", tuple(entries), tuple(row.sentence for row in found.rows)),
        Part("without profiling", "A list without profiling", beside, (note,)),
    )


def _moved(row: Parameter, command: str) -> Entry:
    name, overlap = f"{row.name}: places that change without it", row.overlap
    if not np.isfinite(overlap.value):
        return Entry(name, "all: no list is left", command=command)
    return Entry(name, 1 - overlap.value, 1 - overlap.high, 1 - overlap.low, command)


def _drivers(run: Run, k: int) -> Part:
    entries: list[Entry] = []
    why: tuple[str, ...] = ("Signed shares of the summed scores of all lists; with the unassigned part they sum to 1.",)
    for by in ("item", "popularity", "relation"):
        command = f"gnnrec drivers {run.name} --by {by} --k {k}"
        try:
            whole = drivers(run, k, by).everybody
        except UnsupportedError as error:
            return Part("drivers", "What drives the lists", (), (error.message,))
        shown = [*whole.drivers[:5], *([whole.unassigned] if by == "item" else [])]
        entries += [Entry(f"{by}: {each.name}", each.share, each.low, each.high, command) for each in shown]
    return Part("drivers", "What drives the lists", tuple(entries), why)


def _groups(report: AuditReport, name: str) -> Part:
    group_by = report.scope.group_by
    command = f"gnnrec audit {name} --k {report.scope.k}" + (f" --group-by {group_by}" if group_by else "")
    entries = [
        _measured(f"{METRICS[metric].title}, {group.group} (n = {group.n_users:,})", group.metrics[metric], command)
        for group in report.by_group
        for metric in ("ndcg", "long_tail_share")
        if metric in group.metrics
    ]
    notes = []
    for metric, said in (
        ("ndcg", "Group fairness (equal accuracy: NDCG of a group against all others)"),
        ("long_tail_share", "Demographic parity (the same is shown to all groups: share of long-tail items)"),
    ):
        found = [each for each in report.differences if each.metric == metric and np.isfinite(each.value)]
        if found:
            largest = max(found, key=lambda each: abs(each.value))
            title = f"{said}, largest difference: {largest.group}"
            entries.append(Entry(title, largest.value, largest.low, largest.high, command))
            notes.append(largest.sentence)
    twins = report.items.get("consistency", report.overall.get("consistency"))
    if twins is not None:
        entries.append(_measured("Individual fairness (consistency of twins: same history, same list)", twins, command))
        notes += [f"Individual fairness: {twins.reason}."] if twins.reason else []
    hidden = len(report.suppressed)
    notes += [f"{hidden} groups are not shown: too few people."] if hidden else []
    return Part("groups", "Figures by group", tuple(entries), tuple(notes))


def _luck(run: Run) -> Part:
    found, command = load_luck(run), f"gnnrec luck {run.name} --seeds 5"
    if found is None:
        return Part("luck", "Luck of the seed", notes=(f"Not measured: `{command}` trains with other seeds.",))
    entries = (
        Entry(f"Places of a top {found.k} that another seed keeps", found.overlap, command=command),
        Entry("People whose first item another seed keeps", found.same_first, command=command),
        Entry("Trainings with other seeds", found.seeds, command=command),
    )
    return Part("luck", "Luck of the seed", entries)


def _retraining(run: Run) -> Part:
    found, command = load_calibration(run), f"gnnrec calibrate {run.name}"
    title = "Agreement of explanations with training again"
    if found is None:
        return Part("retraining", title, notes=(f"Not measured: `{command}` trains without interactions.",))
    entries = tuple(
        Entry(said, value, command=command)
        for said, value in (
            ("Rank correlation of foretold and real changes", found.spearman),
            ("Share of changes foretold in the right direction", found.sign_rate),
            ("Share of real ranks within the 80 % interval", found.coverage),
            ("Pairs measured", found.n_pairs),
        )
    )
    return Part("retraining", title, entries)


def _tried(run: Run, k: int, others: Sequence[Run]) -> tuple[Part, ...]:
    """What each mitigation changed for the same people; no part where none is named."""
    if not others:
        return ()
    bench, entries, notes = prepare(run, k), [], []
    for other in others:
        if other.dataset.fingerprint != run.dataset.fingerprint:
            raise RequestError(f"The run {other.name} is of other data.", "Name runs that mitigations made of it.")
        found = judged(bench, other.record.model, {}, ranked(run.dataset, source_of(other.model), k))
        command = f"gnnrec compare {run.name} {other.name} --k {k}"
        notes.append(f"{other.name}: {other.record.notes or other.record.model}")
        for metric in ("ndcg", "arp", "long_tail_share"):
            change = found.change(metric)
            low, high = (float(end) if np.isfinite(end) else None for end in (change.low, change.high))
            name = f"{other.name}: change of {METRICS[metric].title}"
            entries.append(Entry(name, _plain(change.value), low, high, command))
    return (Part("mitigations", "Mitigations tried", tuple(entries), tuple(notes)),)


def _versions(run: Run) -> Part:
    command = f"gnnrec evaluate {run.name}"
    entries = [Entry(f"Version of {name}", version, command=command) for name, version in run.record.versions.items()]
    entries.append(Entry("Fingerprint of the data (sha256)", run.record.dataset_fingerprint, command=command))
    if run.folder is not None and (run.folder / "model.safetensors").is_file():
        digest = hashlib.sha256((run.folder / "model.safetensors").read_bytes()).hexdigest()
        entries.append(Entry("Weights (sha256)", digest, command="sha256sum model.safetensors"))
    return Part("versions", "Versions and hashes", tuple(entries))


def _checklist(parts: tuple[Part, ...], answers: Mapping[str, str]) -> tuple[Check, ...]:
    measured = {part.key for part in parts if part.entries}
    found = []
    for article, text, keys, questions in ARTICLES:
        needs = [*(key in measured for key in keys), *(bool(answers.get(each)) for each in questions)]
        status = "answered" if all(needs) else "partly" if any(needs) else "open"
        found.append(Check(article, text, status, (*keys, *questions)))
    return tuple(found)


def _measured(name: str, figure: Interval, command: str) -> Entry:
    ends = [None if not np.isfinite(end) else float(end) for end in (figure.low, figure.high)]
    return Entry(name, float(figure.value) if np.isfinite(figure.value) else None, ends[0], ends[1], command)


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)
