"""Somebody who asks everything that may be asked, knows who is in which group, and adds and subtracts the answers."""

from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from gnnrec_core.audit import curves
from gnnrec_core.audit.auditing import audit, audit_evidence
from gnnrec_core.audit.curves import cold_start_curve, of_enough
from gnnrec_core.audit.disclosure import showable
from gnnrec_core.audit.evidence import Categories
from gnnrec_core.audit.gate import THRESHOLD, Family, Gate, gate_of, is_safe
from gnnrec_core.audit.group_audit import AuditSettings
from gnnrec_core.audit.groups import available_groupings, group_users
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.sources import gather
from gnnrec_core.audit.stats.statistics import permutation_tests
from gnnrec_core.audit.studies.comparing import compare
from gnnrec_core.audit.studies.gap_edges import gap_edges
from gnnrec_core.audit.studies.mitigation import mitigate, prepare
from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import SPLITS
from tests.models.runs import fitted, run_of
from tests.worlds import make_dataset

N = 130


def world():
    """People with a gender, a city that is the same but for three people, a club of 12 with one to be judged, a band of
    five, a job, and an age; 30 of them have nothing held out."""
    rng = np.random.default_rng(3)
    triples = []
    for user in range(N):
        items = rng.permutation(25)[: int(rng.integers(4, 9))]
        held = ["validation", "test"] if user >= 30 else ["train", "train"]
        triples += [(user, int(item), part) for item, part in zip(items, ["train"] * (len(items) - 2) + held)]
    gender = np.where(rng.random(N) < 0.5, "f", "m")
    city = np.where(gender == "f", "north", "south")
    odd = [40, 60, 80]
    city[odd] = np.where(city[odd] == "north", "south", "north")
    club = np.full(N, "none", dtype=object)
    club[:11], club[35] = "chess", "chess"
    club[90:95] = "band"
    job = rng.choice(["a", "b", "c", "d"], N, p=[0.4, 0.3, 0.2, 0.1])
    data = make_dataset(triples, n_users=N, n_items=25)
    columns = {"gender": gender, "city": city, "club": club.astype(str), "job": job, "age": rng.integers(18, 80, N)}
    return type(data)(
        **{**vars_of(data), "user_table": data.user_table.with_columns(**{k: pl.Series(v) for k, v in columns.items()})}
    )


def vars_of(data):
    return {name: getattr(data, name) for name in data.__dataclass_fields__}


DATA = world()
RUNS = {name: run_of(fitted(name, DATA), DATA) for name in ("popularity", "itemknn")}
QUICK = {"n_permutations": 99}


def groupings() -> list[str]:
    names = [choice.name for choice in available_groupings(DATA)]
    return [*names, *("+".join(pair) for pair in combinations(names, 2)), f"{names[1]}+{names[0]}"]


class Notebook:
    """What the attacker writes down: for each figure, of which people it is, and their sum."""

    def __init__(self) -> None:
        self.known: dict[tuple, tuple[np.ndarray, np.ndarray, list, list]] = {}

    def note(self, key, parts, members, value) -> None:
        top, bottom = parts
        counted = bottom > 0
        key = (*key, counted.tobytes())
        rows = self.known.setdefault(key, (top, counted, [], []))
        inside = members & counted
        if np.isfinite(value) and inside.any():
            rows[2].append(inside[counted])
            rows[3].append(value * bottom[inside].sum())


CONVENTIONS = ("ours", "torchmetrics", "RecTools", "LensKit")


def ask_everything(threshold: int, runs=("popularity", "itemknn"), book: Notebook | None = None) -> Notebook:
    book = book or Notebook()
    ask_conventions(threshold, book)
    settings = AuditSettings(min_group_size=threshold, **QUICK)
    everybody = np.ones(N, bool)
    for name in runs:
        run = RUNS[name]
        for k, split in ((5, "test"), (10, "test"), (5, "validation")):
            if name == "itemknn" and k == 10:
                continue
            evidence = gather(run, k, split)
            for by in groupings():
                grouping = group_users(DATA, by)
                report = audit_evidence(evidence, grouping, run, split, tested=("ndcg",), settings=settings)
                for metric in ("ndcg", "recall", "novelty"):
                    top = report.per_user[metric]
                    parts = np.nan_to_num(top), np.isfinite(top).astype(float)
                    key = (name, k, split, metric)
                    book.note(key, parts, everybody, report.overall[metric].value)
                    for group in report.by_group:
                        members = grouping.member[:, grouping.labels.index(group.group)]
                        book.note(key, parts, members, group.metrics[metric].value)
                    for difference in report.differences:
                        if difference.metric == metric:
                            members = grouping.member[:, grouping.labels.index(difference.group)]
                            own = parts[0][members].sum() / parts[1][members].sum()
                            book.note(key, parts, ~members, own - difference.value)
            ndcg = np.nan_to_num(report.per_user["ndcg"]), np.isfinite(report.per_user["ndcg"]).astype(float)
            for row in cold_start_curve(evidence, gate=gate_of(DATA, threshold)).rows(named=True):
                n = evidence.n_history
                members = (n >= row["low_items"]) & (n <= row["high_items"])
                book.note((name, k, split, "ndcg"), ndcg, members, row["value"])
    for by in ("gender", "city", "club"):
        bench = prepare(RUNS["popularity"], 5, by, min_group_size=threshold)
        found = mitigate(bench, "popularity_penalty")
        top, bottom = bench.before["ndcg"]
        for group in found.groups:
            if group.metric == "ndcg":
                members = bench.grouping.member[:, bench.grouping.labels.index(group.group)]
                book.note(("popularity", 5, "test", "ndcg"), (top, bottom), members, group.before)
    return book


def ask_conventions(threshold: int, book: Notebook) -> None:
    """Accuracy as other libraries count it, read off the JSON that is exported. What counts people without held-out
    items as 0 is the same sum as ours, so it stands under the same key."""
    run, settings = RUNS["popularity"], AuditSettings(min_group_size=threshold, **QUICK)
    evidence = gather(run, 5)
    ours = METRICS["ndcg"].parts(evidence)
    for convention in CONVENTIONS:
        for by in groupings():
            grouping = group_users(DATA, by)
            found = audit_evidence(evidence, grouping, run, "test", convention, ("ndcg",), settings).to_dict()
            top, bottom = METRICS["ndcg"].parts(evidence, convention)
            kind = "ndcg" if (top == ours[0]).all() else f"ndcg of {convention}"
            for group in found["by_group"]:
                members = grouping.member[:, grouping.labels.index(group["group"])]
                total = group["metrics"]["ndcg"]["value"] * bottom[members].sum()
                inside = members & evidence.evaluable
                each = total / inside.sum() if inside.any() else np.nan
                book.note(("popularity", 5, "test", kind), (top, evidence.evaluable.astype(float)), members, each)


def derived(book: Notebook) -> tuple[list[tuple], int]:
    """Sums over fewer people than the threshold that follow from the notes, checked against the truth; questions."""
    found, n_asked = [], 0
    rng = np.random.default_rng(0)
    for key, (top, counted, rows, sums) in book.known.items():
        unique, place = np.unique(np.array(rows), axis=0, return_index=True)
        sets, values = unique.astype(float), np.array(sums)[place]
        truth = top[counted]
        questions = [*np.eye(sets.shape[1])[: sets.shape[1]]]
        for first, second in combinations(range(min(60, len(sets))), 2):
            if np.abs(sets[first] - sets[second]).sum() < THRESHOLD:
                questions.append(sets[first] - sets[second])
        for _ in range(600):
            chosen = rng.choice(len(sets), min(4, len(sets)), replace=False)
            combination = rng.integers(-1, 2, len(chosen)) @ sets[chosen]
            if 0 < np.count_nonzero(combination) < THRESHOLD:
                questions.append(combination)
        for _ in range(800):
            few = rng.choice(sets.shape[1], int(rng.integers(2, THRESHOLD)), replace=False)
            questions.append(np.isin(np.arange(sets.shape[1]), few).astype(float))
        questions += [row for by in groupings() for row in _small_groups(by, counted)]
        asked = np.array(questions)
        weights = np.linalg.lstsq(sets.T, asked.T, rcond=None)[0].T
        follows = np.abs(weights @ sets - asked).max(1) < 1e-6
        right = np.abs(weights @ values - asked @ truth) < 1e-6
        found += [(key[:4], int(np.count_nonzero(row))) for row in asked[follows & right]]
        n_asked += len(asked)
    return found, n_asked


def _small_groups(by: str, counted: np.ndarray) -> list[np.ndarray]:
    member = group_users(DATA, by).member[counted]
    sizes = member.sum(0)
    return [member[:, place].astype(float) for place in np.flatnonzero((sizes > 0) & (sizes < THRESHOLD))]


def test_nothing_about_fewer_people_than_the_threshold_can_be_derived_from_all_answers():
    book = ask_everything(THRESHOLD + 5, book=ask_everything(THRESHOLD))
    assert sum(len(rows) for _, _, rows, _ in book.known.values()) > 500  # much may be asked, and is answered
    found, n_asked = derived(book)
    assert found == [] and n_asked > 10_000


def test_the_attack_succeeds_when_the_gate_is_opened():
    assert len(derived(ask_everything(2, ("itemknn",)))[0]) > 50


def test_two_groupings_that_differ_by_three_people_are_not_both_shown():
    counted = np.diff(gather(RUNS["popularity"], 5).relevant.indptr) > 0
    shown = {by: gate_of(DATA).shown(group_users(DATA, by), counted) for by in ("gender", "city")}
    assert shown["gender"].all() and not shown["city"].any()
    assert showable(group_users(DATA, "city").member, counted, THRESHOLD).all()  # alone it would have been


def test_a_group_counts_by_the_people_who_can_be_judged():
    report = audit(RUNS["popularity"], 5, "club", settings=AuditSettings(**QUICK))
    chess = next((group for group in report.by_group if group.group == "chess"), None)
    assert chess is None or not np.isfinite(chess.metrics["ndcg"].value)
    run = run_of(fitted("lightgcn", DATA, epochs=1, embedding_dim=4), DATA)
    for group in ("chess", "band"):
        with pytest.raises(RequestError, match="is not shown"):
            gap_edges(run, group_users(DATA, "club"), group, k=5, n_checked=1)


def test_a_stricter_threshold_shows_some_of_the_same_groups_and_no_others():
    counted = np.ones(N, bool)
    for by in groupings():
        grouping = group_users(DATA, by)
        usual = gate_of(DATA).shown(grouping, counted)
        for stricter in (11, 15, 40):
            assert not (gate_of(DATA, stricter).shown(grouping, counted, stricter) & ~usual).any()


def test_what_is_shown_does_not_depend_on_what_was_asked_before():
    counted, first = np.ones(N, bool), {}
    for by in groupings():
        first[by] = gate_of(DATA).shown(group_users(DATA, by), counted)
    again = Gate(DATA, THRESHOLD)
    for by in reversed(groupings()):
        assert (again.shown(group_users(DATA, by), counted) == first[by]).all()


@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(20, 60))
def test_what_the_family_lets_in_has_no_combination_of_few_people(seed, n_groupings, n_people):
    """Against every combination with whole coefficients of up to four of the sets that were let in."""
    rng = np.random.default_rng(seed)
    sets = {str(n): rng.integers(0, 3, n_people)[:, None] == np.arange(3) for n in range(n_groupings)}
    family = Family(sets, 5)
    member = np.concatenate([np.ones((n_people, 1), bool), *sets.values()], axis=1)
    allowed = member[:, family.allows(member)].astype(int)
    for _ in range(300):
        chosen = rng.choice(allowed.shape[1], min(4, allowed.shape[1]), replace=False)
        support = np.count_nonzero(allowed[:, chosen] @ rng.integers(-2, 3, len(chosen)))
        assert support == 0 or support >= 5


def test_the_certificate_by_hand():
    """Two halves of ten people: every combination rests on five or more; one person and the nine others: on one."""
    ones = np.ones(10) / np.sqrt(10)
    half = np.r_[np.ones(5), -np.ones(5)] / np.sqrt(10)
    assert is_safe(np.stack([ones, half]), np.ones(10), 5)  # L is 1/5 inside of each half: 5 people are needed
    assert not is_safe(np.stack([ones, half]), np.ones(10), 6)
    alone = np.r_[1.0, np.zeros(9)]
    rest = np.r_[0.0, np.ones(9)] / 3
    assert not is_safe(np.stack([alone, rest]), np.ones(10), 2)


def test_the_p_value_of_a_whole_grouping_says_nothing_of_its_hidden_groups():
    """It is the same as if the hidden groups were not there, whatever their people's figures are."""
    rng = np.random.default_rng(0)
    top, member = rng.random((120, 2)), rng.integers(0, 4, 120)[:, None] == np.arange(4)
    ones = np.ones_like(top)
    family = np.array([[True, True, True, False], [True, False, True, False]])
    told = permutation_tests(top, ones, member, 199, 0, family)
    for hidden in (0.0, 5.0):
        other = np.where(member[:, 3:], hidden * top, top)
        alone = permutation_tests(other, ones, member[:, :3], 199, 0, family[:, :3])
        with_it = permutation_tests(other, ones, member, 199, 0, family)
        assert with_it.omnibus == pytest.approx(alone.omnibus)
        assert with_it.p_adjusted[:, :3] == pytest.approx(alone.p_adjusted, nan_ok=True)
    opened = permutation_tests(top, ones, member, 199, 0)
    assert (opened.omnibus != told.omnibus).any()


@given(st.integers(0, 10**6), st.integers(2, 9), st.integers(3, 40))
def test_what_is_said_of_segments_of_items_leaves_no_few_people_over(seed, n_segments, n_people):
    """Each segment that is spoken of is held out by enough people, and so are those that are not, together: the total
    of all segments is known."""
    rng = np.random.default_rng(seed)
    relevant = sp.csr_array(rng.random((n_people, 30)) < rng.choice([0.01, 0.05, 0.2]))
    share = np.eye(n_segments)[rng.integers(0, n_segments, 30)]
    world = SimpleNamespace(relevant=relevant, n=n_people)
    shown = of_enough(world, share)
    if n_people < THRESHOLD:
        assert shown.all()
        return
    people = relevant.toarray().astype(float) @ share > 0
    assert all(n == 0 or n >= THRESHOLD for n in people.sum(0)[shown])
    hidden = people[:, ~shown].any(1).sum()
    assert hidden == 0 or hidden >= THRESHOLD or not (people.sum(0)[shown] > 0).any()


def test_figures_of_items_and_of_all_lists_are_not_of_few_people(monkeypatch):
    run = RUNS["popularity"]
    evidence = gather(run, 5)
    rare = np.arange(25) == np.argmin(np.where(evidence.demand > 0, evidence.demand, np.inf))
    label = Categories("kind", ("rare", "other"), sp.csr_array(np.stack([rare, ~rare], axis=1)))
    few = (evidence.relevant.astype(float) @ rare.astype(float) > 0).sum()
    assert 0 < few < THRESHOLD

    def told() -> list[float]:
        table = curves.segment_table(evidence, label)
        return [*table["recall"].to_list(), *table["held_out"].to_list()]

    assert np.isnan(told()).all()  # the other segment is the rest of a total that is known
    never = curves.never_shown(evidence)["held_out"].drop_nulls().to_numpy()
    assert all(n == 0 or n >= THRESHOLD for n in never)
    monkeypatch.setattr(curves, "THRESHOLD", 1)
    assert np.isfinite(told()).all()


def test_a_figure_that_few_people_can_be_measured_by_is_not_said_even_of_all():
    """Everybody but four has nothing held out: the figure of all users would be of these four."""
    few = type(DATA)(
        **{
            **vars_of(DATA),
            "interactions": replace(
                DATA.interactions,
                split=np.where(
                    (DATA.interactions.split == SPLITS.index("test")) & (DATA.interactions.user_index < 126),
                    SPLITS.index("train"),
                    DATA.interactions.split,
                ),
            ),
        }
    )
    run = run_of(fitted("popularity", few), few)
    report = audit(run, 5, "gender", settings=AuditSettings(**QUICK))
    assert report.scope.n_evaluable == 4 and np.isnan(report.overall["ndcg"].value)
    assert np.isfinite(report.overall["novelty"].value)
    assert not [d for d in report.differences if d.metric == "ndcg"]
    assert np.isnan(report.items["cold_warm_ratio"].value)
    compared = compare([run], 5, n_permutations=99)
    assert all(np.isnan(row.metrics["ndcg"].value) for row in compared.rows)
    assert not [d for d in compared.differences if d.metric == "ndcg"]
    changed = mitigate(prepare(run, 5, "gender"), "popularity_penalty").change("ndcg")
    assert np.isnan(changed.before) and np.isnan(changed.after)
    opened = audit(run, 5, "gender", settings=AuditSettings(min_group_size=2, **QUICK))
    assert np.isfinite(opened.overall["ndcg"].value)
