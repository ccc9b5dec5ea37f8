"""Relatives of the shared cases, made by hypothesis: behaviours, labels, types and containers in every format.

No value may come in wrong without a word: what is merged, left out or read as something else is said, with counts.
"""

import bz2
import gzip
import lzma
import zipfile
from collections import Counter

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gnnrec_core.audit.groups import group_users
from gnnrec_core.data.clean.dislikes import DISLIKED, HELD_OUT, known_negatives
from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import ImportOptions
from tests.data.bad_inputs import FORMS, written

N_USERS, N_ITEMS = 8, 6
SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
EVENTS = st.lists(
    st.sampled_from(["view", "click", "addtocart", "purchase", "share", "play", "dislike", "impression"]),
    min_size=2, max_size=5, unique=True,
)  # fmt: skip
LABELS = st.sampled_from([(1, 0), ("true", "false"), ("yes", "no"), ("like", "dislike"), ("Y", "N"), (1, -1)])


def _log(column, values):
    """Every user with every item once; the values of `column` in turn, in an order that fits neither."""
    pairs = [(f"u{u}", f"i{i}") for u in range(N_USERS) for i in range(N_ITEMS)]
    says = [values[(place * 5 + place // 7) % len(values)] for place in range(len(pairs))]
    users, items = zip(*pairs, strict=True)
    return pl.DataFrame({"user_id": users, "item_id": items, column: says}), dict(zip(pairs, says, strict=True))


def _pairs(dataset):
    log = dataset.interactions
    return {
        (dataset.users.ids[u], dataset.items.ids[i])
        for u, i in zip(log.user_index.tolist(), log.item_index.tolist(), strict=True)
    }


def _column(form, name):
    return f"{name}:token" if form == "inter" else name


@given(st.sampled_from(FORMS), EVENTS, st.sampled_from(["event_type", "event", "action", "behavior_type"]), st.data())
@settings(max_examples=40, **SLOW)
def test_events_are_named_and_chosen_alike_in_every_format(tmp_path, form, events, column, data):
    frame, says = _log(column, events)
    source = written(frame, form, tmp_path)
    merged = import_source(source)
    (note,) = [entry for entry in merged.problems if entry.code == "behaviours"]
    assert note.details["counts"] == Counter(says.values()) and _pairs(merged) == set(says)

    wanted = data.draw(st.lists(st.sampled_from(events), min_size=1, max_size=3, unique=True))
    kept = import_source(source, ImportOptions(keep=(f"{column} in {','.join(wanted)}",)))
    assert _pairs(kept) == {pair for pair, said in says.items() if said in wanted}

    weights = {event: data.draw(st.sampled_from([0.0, 1.0, 2.5])) for event in events} | {wanted[0]: 3.0}
    options = ImportOptions(behaviour_col=column, behaviour_weights=tuple(weights.items()), negatives="keep")
    weighed = import_source(source, options)
    found = zip(_ids(weighed), weighed.interactions.weight.tolist(), strict=True)
    assert dict(found) == {pair: weights[said] for pair, said in says.items() if weights[said] > 0}
    users, items = set(weighed.users.ids), set(weighed.items.ids)
    zero = {pair for pair, said in says.items() if weights[said] == 0 and pair[0] in users and pair[1] in items}
    assert _negatives(weighed) == zero


def _ids(dataset):
    log = dataset.interactions
    pairs = zip(log.user_index.tolist(), log.item_index.tolist(), strict=True)
    return [(dataset.users.ids[u], dataset.items.ids[i]) for u, i in pairs]


def _negatives(dataset):
    return {
        (dataset.users.ids[u], dataset.items.ids[i])
        for name in (DISLIKED, HELD_OUT)
        for u, i in zip(*known_negatives(dataset, name), strict=True)
    }


@given(st.sampled_from(FORMS), LABELS, st.sampled_from(["label", "liked", "is_click", "purchased"]), st.integers(1, 3))
@settings(max_examples=40, **SLOW)
def test_what_says_no_is_no_interaction_in_any_format(tmp_path, form, words, column, n_no):
    yes, no = words
    frame, says = _log(column, [yes, yes, *[no] * n_no])
    source = written(frame, form, tmp_path)
    liked = {pair for pair, said in says.items() if said == yes}
    plain, kept = import_source(source), import_source(source, ImportOptions(negatives="keep"))
    assert _pairs(plain) == _pairs(kept) == liked
    for found in (plain, kept):
        (note,) = [entry for entry in found.problems if entry.code == "negatives"]
        assert note.rows_removed == len(says) - len(liked)
        assert note.details["counts"] == Counter(str(said) for said in says.values())
    there = {pair for pair in set(says) - liked if pair[0] in kept.users and pair[1] in kept.items}
    assert not _negatives(plain) and _negatives(kept) == there
    lost = len(says) - len(liked) - len(there)
    (note,) = [entry for entry in kept.problems if entry.code == "known_negatives"]
    assert note.count == len(there) and (f"{lost} lead to" in note.message if lost else "lead to" not in note.message)


@given(
    st.sampled_from(FORMS),
    st.integers(3, 24),
    st.sampled_from(["occupation", "region_code", "zip3", "tier"]),
    st.sampled_from(["", "0"]),
)
@settings(max_examples=30, **SLOW)
def test_codes_stay_codes_letter_for_letter(tmp_path, form, n_codes, column, before):
    """Whole numbers with few values, or with leading zeros, are labels: each a group of its own, none an amount."""
    n_users = n_codes * 2
    pairs = [(f"u{u}", f"i{i}") for u in range(n_users) for i in range(3)]
    log = pl.DataFrame({"user_id": [u for u, _ in pairs], "item_id": [i for _, i in pairs]})
    codes = [f"{before}{u % n_codes}" for u in range(n_users)]
    people = pl.DataFrame({"user_id": [f"u{u}" for u in range(n_users)], column: codes})
    if not before:
        people = people.with_columns(pl.col(column).cast(pl.Int64))
    path = tmp_path / "people.parquet" if form == "parquet" else tmp_path / "people.csv"
    people.write_parquet(path) if form == "parquet" else people.write_csv(path)
    found = import_source(written(log, form, tmp_path), ImportOptions(users=str(path)))
    assert found.user_table[column].cast(pl.String).to_list() == [codes[int(uid[1:])] for uid in found.users.ids]
    grouping = group_users(found, column)
    assert set(grouping.labels) == set(codes) and (grouping.member.sum(0) == 2).all()


@given(st.lists(st.sampled_from(["float", "token"]), min_size=1, max_size=1), st.integers(4, 12))
@settings(max_examples=15, **SLOW)
def test_a_declared_type_is_obeyed(tmp_path, declared, n_values):
    """RecBole says what a column is: `token` is a label, `float` an amount, whatever its values look like."""
    pairs = [(f"u{u}", f"i{i}") for u in range(24) for i in range(3)]
    written(pl.DataFrame({"user_id": [u for u, _ in pairs], "item_id": [i for _, i in pairs]}), "inter", tmp_path)
    people = pl.DataFrame({"user_id": [f"u{u}" for u in range(24)], "level": [u % n_values for u in range(24)]})
    written(people, "user", tmp_path, types={"level": declared[0]})
    found = import_source(tmp_path).user_table["level"]
    assert found.dtype.is_numeric() == (declared[0] == "float")
    assert [float(value) for value in found.to_list()] == [
        float(int(uid[1:]) % n_values) for uid in import_source(tmp_path).users.ids
    ]


PACKED = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "plain": bytes,
}


@given(st.sampled_from(sorted([*PACKED, "zip", "shards", "parquet shards"])), st.integers(1, 4), st.data())
@settings(max_examples=30, **SLOW)
def test_a_container_changes_nothing(tmp_path_factory, container, n_shards, data):
    """However a log is packed or cut, the same interactions come in."""
    folder = tmp_path_factory.mktemp("source")
    numbers = data.draw(st.lists(st.integers(0, 47), min_size=12, max_size=48, unique=True))
    pairs = [(f"u{n // 6:03}", f"00{n % 6}", 1 + n % 5) for n in numbers]
    frame = pl.DataFrame(pairs, schema=["user_id", "item_id", "rating"], orient="row")
    if len({user for user, *_ in pairs}) < 2 or len({item for _, item, _ in pairs}) < 2:
        return
    content = frame.write_csv().encode()
    cuts = [frame[place::n_shards] for place in range(n_shards)]
    if container in PACKED:
        source = folder / ("log.csv" if container == "plain" else f"log.csv.{container}")
        source.write_bytes(PACKED[container](content))
    elif container == "zip":
        source = folder / "log.zip"
        with zipfile.ZipFile(source, "w") as archive:
            archive.writestr("log.csv", content)
    else:
        source = folder / "log"
        source.mkdir()
        for number, cut in enumerate(cuts):
            name = source / f"part-{number:05}.{'parquet' if container == 'parquet shards' else 'csv'}"
            cut.write_parquet(name) if container == "parquet shards" else cut.write_csv(name)
    found = import_source(source)
    ratings = dict(zip(_ids(found), found.interactions.rating.tolist(), strict=True))
    assert ratings == {(user, item): rating for user, item, rating in pairs}
    assert found.settings["rows_in"] == len(pairs)
