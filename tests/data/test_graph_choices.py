"""Filters, weights, attributes, relations and side edges: each worked by hand."""

import numpy as np
import polars as pl
import pytest

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.graph import build_graph

DAY = 86_400


def dataset(tmp_path, rows, header="user,item,rating,time", **options):
    (tmp_path / "log.csv").write_text(header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return import_source(tmp_path / "log.csv", ImportOptions(**options))


def pairs(data):
    log = data.interactions
    return {(data.users.ids[u], data.items.ids[i]) for u, i in zip(log.user_index, log.item_index)}


ROWS = [("a", "p", 5, 0), ("a", "q", 1, DAY), ("b", "p", 4, 2 * DAY), ("b", "q", 3, 3 * DAY), ("c", "r", 5, 4 * DAY)]


def removed(data, code):
    return next(p for p in data.problems if p.code == code).rows_removed


def test_min_rating(tmp_path):
    data = dataset(tmp_path, ROWS, min_rating=3)
    assert pairs(data) == {("a", "p"), ("b", "p"), ("b", "q"), ("c", "r")} and removed(data, "below_min_rating") == 1
    with pytest.raises(DataError, match="No interaction is left"):
        dataset(tmp_path, ROWS, min_rating=6)
    with pytest.raises(RequestError, match="no ratings"):
        dataset(tmp_path, ROWS, rating_col="none", min_rating=3)


def test_time_window(tmp_path):
    data = dataset(tmp_path, ROWS, since="1970-01-02", until=str(3 * DAY))
    assert pairs(data) == {("a", "q"), ("b", "p")} and removed(data, "outside_window") == 3
    assert data.users.ids == ("a", "b")


def test_k_core(tmp_path):
    chain = [*ROWS, ("d", "q", 5, 0), ("d", "s", 5, 0)]
    data = dataset(tmp_path, chain, k_core=2)
    assert pairs(data) == {("a", "p"), ("a", "q"), ("b", "p"), ("b", "q")} and removed(data, "k_core") == 3
    with pytest.raises(DataError, match="outside the 3-core"):
        dataset(tmp_path, chain, k_core=3)


def test_least_interactions_are_applied_once(tmp_path):
    data = dataset(tmp_path, ROWS, min_user_interactions=2)
    assert removed(data, "rare_users") == 1 and data.items.ids == ("p", "q")


def test_weights(tmp_path):
    by_rating = dataset(tmp_path, ROWS, weighting="rating").interactions
    assert np.allclose(by_rating.weight, [1, 0.2, 0.8, 0.6, 1])
    by_time = dataset(tmp_path, ROWS, weighting="recency", half_life_days=2).interactions
    assert np.allclose(by_time.weight, 2.0 ** (-np.array([4, 3, 2, 1, 0]) / 2))
    assert np.all(dataset(tmp_path, ROWS).interactions.weight == 1)


def attributes(tmp_path):
    (tmp_path / "items.csv").write_text("item,title,genres,year\np,Peter Pan,x|y,1904\nq,Quo Vadis,y,\nr,,,1900\n")
    (tmp_path / "users.csv").write_text("country,user\nAT,a\nDE,b\nAT,c\n")
    return {"items": str(tmp_path / "items.csv"), "users": str(tmp_path / "users.csv")}


def test_attributes_become_columns_and_nodes(tmp_path):
    data = dataset(tmp_path, ROWS, **attributes(tmp_path), item_relations=("genres",), user_relations=("country",))
    assert data.titles == ("Peter Pan", "Quo Vadis", "r")
    assert data.item_table["genres"].to_list() == [["x", "y"], ["y"], None]
    assert data.item_table["year"].to_list() == [1904, None, 1900]
    assert data.attribute_table.rows() == [
        (0, "country", "AT"),
        (1, "country", "DE"),
        (2, "genres", "x"),
        (3, "genres", "y"),
    ]
    edges = {r.name: (r.kind, list(zip(r.source.tolist(), r.target.tolist()))) for r in data.relations}
    assert edges["genres"] == ("item-attribute", [(3, 8), (3, 9), (4, 9)])
    assert edges["country"] == ("user-attribute", [(0, 6), (1, 7), (2, 6)])
    save_dataset(data, tmp_path / "d")
    assert load_dataset(tmp_path / "d").fingerprint == data.fingerprint
    assert build_graph(data).n_nodes == 10
    with pytest.raises(DataError, match="no column 'genre'"):
        dataset(tmp_path, ROWS, **attributes(tmp_path), item_relations=("genre",))


def edge_file(tmp_path, content, kind, name="e.csv"):
    (tmp_path / name).write_text(content)
    return {"path": str(tmp_path / name), "kind": kind}


def test_attributes_of_attributes(tmp_path):
    edges = (
        edge_file(tmp_path, "genre,wider\nx,fiction\ny,x\ny,fiction\nz,x\n", "attribute-attribute", "wider.csv"),
        edge_file(tmp_path, "a,b,0.5\nfiction,writing,2\nfiction,fiction,1\n", "attribute-attribute", "kin.csv"),
    )
    with pytest.raises(DataError, match="2 of 3 edges do not start"):
        dataset(tmp_path, ROWS, **attributes(tmp_path), item_relations=("genres",), edges=edges)
    edges = (edges[0], edge_file(tmp_path, "a,b,w\nfiction,writing,2\nx,y,1\n", "attribute-attribute", "kin.csv"))
    data = dataset(tmp_path, ROWS, **attributes(tmp_path), item_relations=("genres",), edges=edges)
    label = data.attribute_table["label"].to_list()
    assert data.attribute_table.rows()[:2] == [(0, "genres", "x"), (1, "genres", "y")]
    assert {("wider", "fiction"), ("kin", "writing")} <= {row[1:] for row in data.attribute_table.rows()}
    found = {}
    for relation in data.relations[1:]:
        ends = [(label[a - 6], label[b - 6]) for a, b in zip(relation.source, relation.target, strict=True)]
        found[relation.name] = (relation.kind, sorted(zip(ends, relation.weight.tolist(), strict=True)))
    wider = [(("x", "fiction"), 1.0), (("y", "fiction"), 1.0), (("y", "x"), 1.0)]
    assert found["wider"] == ("attribute-attribute", wider)
    assert found["kin"] == ("attribute-attribute", [(("fiction", "writing"), 2.0), (("x", "y"), 1.0)])
    assert {p.code: p.count for p in data.problems}["unknown_edge_ends"] == 1
    save_dataset(data, tmp_path / "d")
    assert load_dataset(tmp_path / "d").fingerprint == data.fingerprint
    graph = build_graph(data)
    assert graph.n_nodes == 10 and {"wider", "kin"} <= set(graph.relations)


def test_side_edges_of_every_kind(tmp_path):
    edges = (
        edge_file(tmp_path, "source,target\na,b\nb,a\na,a\nb,c\nc,zz\n", "user-user", "friend.csv"),
        edge_file(tmp_path, "p,q,0.5\nq,r,2\n", "item-item", "similar.csv"),
        edge_file(tmp_path, "book\tauthor\np\tJules Verne\nq\tJules Verne\n", "item-attribute", "author.tsv"),
        edge_file(tmp_path, "user,club\na,chess\n", "user-attribute", "club.csv"),
    )
    data = dataset(tmp_path, ROWS, edges=edges)
    found = {
        r.name: (r.kind, list(zip(r.source.tolist(), r.target.tolist(), r.weight.tolist()))) for r in data.relations
    }
    assert found["friend"] == ("user-user", [(0, 1, 1.0), (1, 2, 1.0)])
    assert found["similar"] == ("item-item", [(3, 4, 0.5), (4, 5, 2.0)])
    assert found["author"] == ("item-attribute", [(3, 6, 1.0), (4, 6, 1.0)])
    assert found["club"] == ("user-attribute", [(0, 7, 1.0)])
    told = {p.code: (p.count, p.lines) for p in data.problems}
    assert told["unknown_edge_ends"] == (1, (6,)) and told["self_loops"] == (1, (4,))
    assert told["duplicate_edges"][0] == 1


@pytest.mark.parametrize(
    "content, message",
    [
        ("source,target\nx,y\nz,w\na,b\n", "2 of 3 edges name a user"),
        ("source,target,weight\na,b,-1\n", "line 2, column 'weight': '-1'"),
        ("source,target,weight\na,b,much\n", "'much' is not a positive weight"),
        ("source\na\n", "one column"),
        ("", "empty"),
    ],
)
def test_bad_side_edges_are_sentences(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        dataset(tmp_path, ROWS, edges=(edge_file(tmp_path, content, "user-user"),))


def test_attributes_from_parquet_and_json(tmp_path):
    pl.DataFrame({"item": ["p", "q", "r"], "title": ["P", "Q", "R"], "tags": [["x"], ["x", "y"], []]}).write_parquet(
        tmp_path / "items.parquet"
    )
    (tmp_path / "users.json").write_text("".join(f'{{"user": "{u}", "age": {n}}}\n' for n, u in enumerate("abc")))
    data = dataset(tmp_path, ROWS, items=str(tmp_path / "items.parquet"), users=str(tmp_path / "users.json"))
    assert data.titles == ("P", "Q", "R") and data.user_table["age"].to_list() == [0, 1, 2]
    assert data.item_table["tags"].to_list() == [["x"], ["x", "y"], []]
