"""The map: neighbours stand together, the layout is kept and its file is checked, regions are called by what sets them
apart."""

import numpy as np
import pytest

from gnnrec_core.base.errors import CancelledError, UnsupportedError
from gnnrec_core.base.progress import watched
from gnnrec_core.render.charts.embedding_map import embedding_map
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_core.whole.map import layout as maps
from gnnrec_core.whole.map.regions import find_regions, labels_of_items, labels_of_people


def communities(n_each=40, n=3, dim=16, seed=0):
    """Unit vectors around `n` directions, and which."""
    rng = np.random.default_rng(seed)
    which = np.repeat(np.arange(n), n_each)
    vectors = np.eye(dim)[which] + rng.normal(scale=0.12, size=(len(which), dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), which


def nearest_alike(position, which):
    """Share of points whose nearest other point is of their own community."""
    apart = np.square(position[:, None] - position[None]).sum(2)
    np.fill_diagonal(apart, np.inf)
    return float((which[apart.argmin(1)] == which).mean())


def test_the_main_directions_are_those_of_a_singular_value_decomposition():
    values = np.random.default_rng(0).normal(size=(60, 8)) * np.arange(1, 9)
    u, s, _ = np.linalg.svd(values - values.mean(0), full_matrices=False)
    ours, theirs = maps.principal_plane(values), u[:, :2] * s[:2]
    for axis in range(2):
        assert abs(np.corrcoef(ours[:, axis], theirs[:, axis])[0, 1]) == pytest.approx(1.0, abs=1e-5)
    assert np.abs(ours).max() == pytest.approx(1.0)


def test_neighbours_stand_together_and_the_same_seed_gives_the_same_picture():
    vectors, which = communities()
    first, again = maps.lay_out(vectors, seed=3), maps.lay_out(vectors, seed=3)
    assert nearest_alike(first.position, which) == 1.0 and first.n_laid_out == len(vectors)
    assert (first.position == again.position).all() and np.abs(first.position).max() <= 1.0


def test_of_many_the_others_are_placed_beside_those_they_are_like():
    vectors, which = communities(n_each=60)
    found = maps.lay_out(vectors, seed=1, most=90)
    assert found.n_laid_out == 90 and nearest_alike(found.position, which) > 0.95


def test_few_stand_in_the_main_directions():
    vectors, _ = communities(n_each=5)
    assert (maps.lay_out(vectors).position == maps.principal_plane(vectors)).all()


def test_whoever_waits_sees_how_far_it_is_and_may_stop_it():
    heard = []
    vectors, _ = communities()
    with watched(lambda share, what: heard.append((share, what))):
        maps.lay_out(vectors)
    assert heard[0][1] == "laying the map out" and heard == sorted(heard) and heard[-1][0] <= 1

    def stop(share, what):
        raise CancelledError("stopped")

    with pytest.raises(CancelledError), watched(stop):
        maps.lay_out(vectors)


@pytest.fixture
def run(tmp_path):
    import shutil

    shutil.copytree(SAMPLE / "runs" / "lightgcn", tmp_path / "runs" / "lightgcn")
    return load_run(tmp_path / "runs" / "lightgcn", SAMPLE / "classics")


def test_the_shipped_layout_is_of_the_shipped_embeddings_and_is_not_worked_out_again(run, monkeypatch):
    monkeypatch.setattr(maps, "lay_out", None)
    found = maps.map_layout(run)
    assert found.position.shape == (1620, 2) and found.n_laid_out == 1620


def test_a_layout_of_other_embeddings_is_worked_out_anew_and_kept(run, monkeypatch):
    path = run.place / maps.FILE
    tensors, card = maps.load_tensors(path)
    kept = {"n_laid_out": card["n_laid_out"], "seed": card["seed"]}
    maps.save_tensors(path, tensors, {**kept, "embeddings": "those of another training"})
    assert maps.held_layout(run) is None
    new = maps.Layout(np.zeros((1620, 2), np.float32), 7, 5)
    monkeypatch.setattr(maps, "lay_out", lambda vectors, seed: new)
    maps.map_layout(run, seed=5)
    held = maps.held_layout(run)
    assert (held.n_laid_out, held.seed) == (7, 5) and (held.position == 0).all()


def test_a_damaged_layout_counts_as_not_there(run):
    content = bytearray((run.place / maps.FILE).read_bytes())
    content[-3] ^= 255
    (run.place / maps.FILE).write_bytes(bytes(content))
    assert maps.held_layout(run) is None


@pytest.mark.parametrize("wrong", [{"seed": "x"}, {"n_laid_out": -1}, {"n_laid_out": True}, {"position": 7.0}])
def test_a_layout_that_claims_what_cannot_be_counts_as_not_there(run, wrong):
    tensors, card = maps.load_tensors(run.place / maps.FILE)
    kept = {name: card[name] for name in ("n_laid_out", "seed", "embeddings")}
    scale = np.float32(wrong.pop("position", 1.0))
    maps.save_tensors(run.place / maps.FILE, {"position": tensors["position"] * scale}, {**kept, **wrong})
    assert maps.held_layout(run) is None


def test_a_model_without_embeddings_has_no_map():
    with pytest.raises(UnsupportedError, match="no embeddings"):
        maps.map_layout(load_run(SAMPLE / "runs" / "popularity"))


def test_a_region_is_called_after_what_sets_it_apart():
    """40 of 60 on the left are "crime", as 45 of 120 of all; on the right nothing stands out."""
    rng = np.random.default_rng(0)
    left, right = rng.normal(-1, 0.05, (60, 2)), rng.normal(1, 0.05, (60, 2))
    genre = ["crime"] * 40 + ["drama"] * 20 + ["crime"] * 5 + ["drama"] * 25 + ["satire"] * 15 + ["poetry"] * 15
    position = np.concatenate([left, right]).astype(np.float32)
    first, second = sorted(find_regions(position, {"genre": genre}, n_regions=2), key=lambda region: region.centre)
    assert (first.name, first.share, first.overall) == ("crime", 40 / 60, 45 / 120)
    assert first.told == "60, 67 % crime against 38 % of all" and set(first.members) == set(range(60))
    assert second.name == "mixed" and second.told == "60, of which nothing stands out"


def test_no_two_regions_have_the_same_name():
    """Three regions of British books; the second is also of poems, and nothing else sets the third apart."""
    rng = np.random.default_rng(0)
    places = [rng.normal(where, 0.05, (n, 2)) for where, n in ((-3, 50), (0, 40), (3, 30), (6, 80))]
    position = np.concatenate(places).astype(np.float32)
    country = ["Britain"] * 120 + ["France"] * 80
    kind = ["novel"] * 50 + ["poem"] * 40 + ["novel"] * 110
    found = find_regions(position, {"country": country, "kind": kind}, n_regions=4)
    assert [(region.name, region.label) for region in found] == [
        ("France", "France"),
        ("Britain", "Britain"),
        ("poem", "poem"),
        ("Britain 2", "Britain"),
    ]
    assert found[3].told == "30, 100 % Britain against 60 % of all"


def test_few_points_have_no_regions_and_small_ones_are_not_spoken_of():
    rng = np.random.default_rng(0)
    position = np.concatenate([rng.normal(0, 0.01, (40, 2)), rng.normal(9, 0.01, (9, 2))]).astype(np.float32)
    assert find_regions(position[:19], {}) == ()
    assert [len(region.members) for region in find_regions(position, {}, n_regions=2)] == [40]


def test_regions_of_the_sample_are_called_by_genres():
    run = load_run(SAMPLE / "runs" / "lightgcn")
    own = maps.map_layout(run).position[run.dataset.n_users :]
    names = {region.name for region in find_regions(own, labels_of_items(run.dataset, ["genres", "country"]))}
    assert {"crime", "drama", "modernism"} <= names
    people = labels_of_people(run.dataset, ["region"])
    assert set(people["region"]) >= {"Islands"} and all(not v or v.startswith("much ") for v in people["history"])


def test_names_do_not_lie_over_each_other_and_the_crowd_counts_all():
    everybody = np.random.default_rng(0).uniform(-1, 1, (5000, 2)).astype(np.float32)
    regions = [("large", (0.0, 0.0)), ("covered", (0.01, 0.01)), ("apart", (0.8, 0.8))]
    figure = embedding_map(
        everybody, np.arange(10), [str(n) for n in range(10)], ["a"] * 10, None, regions=regions, crowd=everybody
    )
    assert [note.text for note in figure.layout.annotations] == ["<b>large</b>", "<b>apart</b>"]
    crowd = figure.data[0]
    assert crowd.type == "heatmap" and round(float(np.nansum(10**crowd.z - 1))) == 5000
