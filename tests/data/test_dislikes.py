"""Known negatives: left out by default, kept beside the graph when asked, held out in part, used and counted."""

import json

import numpy as np
import pytest
import torch

from gnnrec_core.cli import main
from gnnrec_core.data.clean.dislikes import DISLIKED, HELD_OUT, known_negatives
from gnnrec_core.data.store import load_dataset
from gnnrec_core.graph import build_graph
from gnnrec_core.models.ops.sampling import Sampler
from gnnrec_core.ranking.accuracy import hits
from gnnrec_core.ranking.matrix import pairs_matrix
from gnnrec_core.runs.recommend import evaluate, recommend
from gnnrec_core.runs.run import load_run
from tests.data.bad_inputs import bring, problem

PEOPLE, ITEMS = 20, 15


@pytest.fixture
def bring_in(capsys, tmp_path):
    return lambda content, *words, name="log.csv": bring(capsys, tmp_path, content, *words, name=name)


def _is_liked(user, item):
    return (user + item) % 3 != 0


def _log(column, yes, no):
    rows = [(u, i, yes if _is_liked(u, i) else no) for u in range(PEOPLE) for i in range(ITEMS)]
    return f"user_id,item_id,{column}\n" + "".join(f"u{u},i{i},{value}\n" for u, i, value in rows)


EVERY_NO = {(f"u{u}", f"i{i}") for u in range(PEOPLE) for i in range(ITEMS) if not _is_liked(u, i)}


def _kept(folder):
    found = load_dataset(folder)
    return {
        name: {(found.users.ids[u], found.items.ids[i]) for u, i in zip(*known_negatives(found, name), strict=True)}
        for name in (DISLIKED, HELD_OUT)
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (_log("liked", 1, 0), ()),
        (
            _log("event", "like", "dislike"),
            ("--behaviour-col", "event", "--behaviour-weights", "like=1,dislike=0"),
        ),
        (_log("rating", 5, 0), ("--min-rating", "1")),
    ],
)
def test_what_says_no_is_dropped_unless_it_is_kept(content, words, bring_in, tmp_path):
    plain = bring_in(content, *words)
    assert plain["n_interactions"] == PEOPLE * ITEMS - len(EVERY_NO) and not plain["relations"]
    asked = bring_in(content, *words, "--negatives", "keep", "--overwrite")
    kept = _kept(tmp_path / "dataset")
    assert kept[DISLIKED] | kept[HELD_OUT] == EVERY_NO and not kept[DISLIKED] & kept[HELD_OUT]
    assert len(kept[HELD_OUT]) == round(0.2 * len(EVERY_NO))
    assert asked["n_interactions"] == plain["n_interactions"] and asked["rows_in"] == PEOPLE * ITEMS
    assert problem(asked, "known_negatives")["count"] == len(EVERY_NO)
    assert build_graph(load_dataset(tmp_path / "dataset")).relations == ("interaction",)


def test_a_pair_that_is_liked_as_well_is_no_negative(bring_in, tmp_path):
    answer = bring_in(_log("liked", 1, 0) + "u1,i0,0\n", "--negatives", "keep")  # u1 likes i0 in another row
    kept = _kept(tmp_path / "dataset")
    assert ("u1", "i0") not in kept[DISLIKED] | kept[HELD_OUT]
    assert "1 pairs are interactions as well" in problem(answer, "known_negatives")["message"]


def _sampler(dataset, share, whole=None):
    graph = build_graph(dataset)
    return Sampler(graph, "cpu", whole, known_negatives(dataset), share)


def test_training_draws_them_as_often_as_asked(bring_in, tmp_path):
    bring_in(_log("liked", 1, 0), "--negatives", "keep")
    dataset = load_dataset(tmp_path / "dataset")
    no = pairs_matrix(dataset, *known_negatives(dataset)).toarray()
    shares = {}
    for share in (0.0, 0.5, 1.0):
        drawn = _sampler(dataset, share)
        batches = list(drawn.pairwise(drawn.generator(0, 1), 64, 50, 0.0))
        shares[share] = np.mean(np.concatenate([no[b.users[:, None], b.negatives].ravel() for b in batches]))
    assert shares[1.0] == 1.0 and shares[0.5] == pytest.approx(0.5 + shares[0.0] / 2, abs=0.02)
    drawn = _sampler(dataset, 1.0)
    batch = next(drawn.shared(drawn.generator(0, 1), 4, 10, 0.0))
    assert no[np.ix_(batch.users, batch.negatives)].any(0).all()  # each shared negative is disliked by one of the batch


def test_without_them_every_draw_is_as_it_was(bring_in, tmp_path):
    bring_in(_log("liked", 1, 0), "--negatives", "keep")
    dataset = load_dataset(tmp_path / "dataset")
    plain, asked = Sampler(build_graph(dataset), "cpu"), _sampler(dataset, 0.0)
    both = (each.pairwise(each.generator(0, 1), 32, 2, 0.5) for each in (plain, asked))
    for one, two in zip(*both, strict=True):
        assert torch.equal(one.negatives, two.negatives)


def test_evaluation_counts_those_held_out(bring_in, tmp_path, capsys):
    bring_in(_log("liked", 1, 0), "--negatives", "keep")
    words = ["train", str(tmp_path / "dataset"), "--model", "lightgcn", "--out", str(tmp_path / "run"), "--json"]
    settings = ("loss=bpr", "known_negatives=1", "epochs=3", "embedding_dim=8")
    assert main([*words, *(word for setting in settings for word in ("--set", setting))]) == 0
    capsys.readouterr()
    run = load_run(tmp_path / "run")
    found = evaluate(run, k=5)
    users, items = known_negatives(run.dataset, HELD_OUT)
    lists = recommend(run, np.arange(PEOPLE), 5)
    shown = hits(lists, pairs_matrix(run.dataset, users, items)).sum(1)
    n = np.bincount(users, minlength=PEOPLE)
    assert found.n_disliking == (n > 0).sum() and found.disliked is not None
    assert found.disliked.value == pytest.approx((shown[n > 0] / n[n > 0]).mean())
    assert main(["evaluate", str(tmp_path / "run"), "--k", "5", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["metrics"]["disliked_share"]["value"] == pytest.approx(found.disliked.value)
