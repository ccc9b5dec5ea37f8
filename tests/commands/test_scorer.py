"""A scorer outside: asked, counted, checked, ended; and a folder never starts one."""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import permutations

import numpy as np
import pytest

import gnnrec_core as gr
from gnnrec_core.base.errors import DataError, RequestError, RunError, UnsupportedError
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.explain.scores.scoring import scorer_of
from tests.models.runs import fitted, run_of
from tests.worlds import random_dataset

LINES = """
import json, os, sys
open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
for line in sys.stdin:
    asked = json.loads(line)
    table = json.load(open(sys.argv[2]))
    scores = [sum(table[have][item] for have in asked["history"]) + 0.001 * item for item in range(len(table))]
    print(json.dumps({"scores": scores}), flush=True)
"""


@pytest.fixture(scope="module")
def world():
    return random_dataset()


@pytest.fixture(scope="module")
def lightgcn(world):
    return fitted("lightgcn", world, embedding_dim=8, epochs=3, batch_size=64, n_layers=2)


@pytest.fixture
def place(world, tmp_path):
    """A dataset, and a scorer that sums a table of item-item weights over the history."""
    save_dataset(world, tmp_path / "data")
    weights = np.random.default_rng(0).normal(size=(world.n_items, world.n_items)).round(3)
    table = [weights[row].tolist() for row in range(world.n_items)]
    (tmp_path / "table.json").write_text(json.dumps(dict(zip(world.items.ids, table, strict=True))), encoding="utf-8")
    (tmp_path / "score.py").write_text(LINES, encoding="utf-8")
    return tmp_path


def command(place):
    return f"{sys.executable} {place / 'score.py'} {place / 'pids'} {place / 'table.json'}"


def through_a_scorer(lightgcn, world):
    """Our own LightGCN behind a function: it knows the user, is given a history, and answers all scores."""
    scorer = scorer_of(lightgcn)

    def answer(user, history, items):
        index = world.users.index(user)
        kept = np.isin(lightgcn.graph.history(index), [world.items.index(item) for item in history])
        return scorer.scores_without(index, lightgcn.graph.history_edges(index)[~kept]).tolist()

    return answer


def test_our_lightgcn_through_a_scorer_agrees_with_exact_leave_one_out(world, lightgcn):
    own, outside = run_of(lightgcn, world), gr.from_scorer(world, through_a_scorer(lightgcn, world))
    item = gr.recommend(own, "u3", k=1).to_frame()["item"][0]
    assert gr.recommend(outside, "u3").to_dict()["items"][0]["item"] == item
    ours, theirs = (gr.explain(run, "u3", item, "leave_one_out").value for run in (own, outside))
    exact = {part.item: part.value for part in ours.contributions}
    assert {part.item: part.value for part in theirs.contributions} == pytest.approx(exact, abs=1e-12)
    ranks = [{p.item: p.checked.rank_without for p in found.contributions} for found in (ours, theirs)]
    assert ranks[0] == ranks[1]
    assert theirs.exact and theirs.calls == outside.model.n_asked and str(theirs.calls) in theirs.warnings[-1]
    first, second = (gr.counterfactual(run, "u3", item, k=3).to_dict() for run in (own, outside))
    assert second["found"] and len(second["removed"]) == len(first["removed"])
    assert second["rank_after"] > 3 and second["calls"] == outside.model.n_asked


def test_shapley_values_of_removals_are_those_of_all_orders(world):
    """A game worked out by hand: pairs count, so the values differ from leaving one out."""

    def answer(user, history, items):
        scores = np.zeros(world.n_items)
        scores[7] = len(history) ** 2 + 3.0 * (history[:1] == own[:1])
        return scores

    run = gr.from_scorer(world, answer)
    own = [world.items.ids[item] for item in run.graph.history(5)]
    names = range(len(own))

    def worth(kept):
        return len(kept) ** 2 + 3.0 * (0 in kept)

    exact = np.zeros(len(own))
    orders = list(permutations(names))
    for order in orders:
        for place, name in enumerate(order):
            exact[name] += (worth(order[: place + 1]) - worth(order[:place])) / len(orders)
    found = gr.explain(run, "u5", "i7", "shapley", n_samples=400, max_calls=100_000).value
    values = {part.item: part.value for part in found.contributions}
    assert [values[item] for item in own] == pytest.approx(exact, abs=1.0)
    assert found.baseline == 0 and found.completeness_error < 1e-5
    assert run.model.n_asked <= 2 ** len(own)  # each history once, however many orders
    few = gr.from_scorer(world, answer)
    gr.explain(few, "u5", "i7", "shapley", max_calls=10, top=0)
    assert few.model.n_asked <= 10 + 2


def test_a_command_is_imported_and_asked_again_only_when_named(place, world, capsys):
    words = ["run", "import", str(place / "data"), "--out", str(place / "run"), "--scorer", command(place), "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["kind"] == "scored" and told["calls"] == world.n_users
    assert {"explain leave_one_out", "explain shapley", "counterfactual"} <= set(told["can"])
    assert {"explain ledger", "why-not"} <= {entry["what"] for entry in told["cannot"]}
    started = (place / "pids").read_text().split()
    assert len(started) == 1
    run = gr.load(place / "run")
    item = gr.recommend(run, "u3").to_frame()["item"][0]
    assert gr.evaluate(run).to_dict()["n_users"] > 0 and gr.audit(run).to_dict()["overall"]
    with pytest.raises(UnsupportedError, match="not at hand"):
        gr.explain(run, "u3", item, "leave_one_out")
    assert (place / "pids").read_text().split() == started  # nothing of this started anything
    words = ["explain", str(place / "run"), "--user", "u3", "--item", item, "--method", "leave_one_out", "--json"]
    assert main([*words, "--scorer", command(place), "--no-faithfulness"]) == 0
    found = json.loads(capsys.readouterr().out)
    table = json.loads((place / "table.json").read_text())
    column = world.items.index(item)
    for part in found["contributions"]:
        assert part["value"] == pytest.approx(table[part["item"]][column], abs=1e-9)
    assert found["calls"] == 1 + len(found["contributions"])
    for pid in (place / "pids").read_text().split():
        wait_until_gone(int(pid))


def wait_until_gone(pid):
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} still runs")


def test_a_scorer_that_has_changed_is_refused(place, world):
    run = gr.import_run(place / "data", place / "run", scorer=command(place))
    item = run.recommend("u3").to_frame()["item"][0]
    table = {name: [value + 1 for value in row] for name, row in json.loads((place / "table.json").read_text()).items()}
    (place / "table.json").write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(RunError, match="no longer says"):
        gr.explain(gr.load(place / "run", scorer=command(place)), "u3", item, "leave_one_out")
    with pytest.raises(RequestError, match="needs no scorer"):
        lists = gr.from_lists(gr.recommend(run).to_frame(), world).save(place / "lists")
        gr.load(lists.folder, scorer=command(place))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import time; sys.stdin.readline(); time.sleep(60)", "within 0.5 seconds"),
        ("sys.stdin.readline(); print('hello')", "not JSON"),
        ("sys.stdin.readline(); print('{\"scores\": [1, 2]}')", r"shape \(2,\)"),
        ("sys.stdin.readline(); print('{\"scores\": [' + ', '.join(['NaN'] * 40) + ']}')", "NaN is not a number"),
        ('sys.stdin.readline(); print(\'{"scores": "many"}\')', "no list of numbers"),
        ("sys.stdin.readline(); print('{\"answer\": []}')", "without scores"),
        ("sys.exit('no model here')", r"exit 1\). It said: no model here"),
        ("sys.stdout.write('x' * 200000); sys.stdout.flush(); sys.stdin.read()", "does not end"),
    ],
)
def test_wrong_answers_are_a_sentence_and_end_the_process(world, tmp_path, body, message):
    pids = tmp_path / "pids"
    (tmp_path / "bad.py").write_text(f"import os, sys\nopen({str(pids)!r}, 'a').write(str(os.getpid()))\n{body}\n")
    run = gr.from_scorer(world, f"{sys.executable} {tmp_path / 'bad.py'}", timeout=0.5 if "time" in body else 20)
    with pytest.raises(DataError, match=message):
        run.recommend("u3")
    wait_until_gone(int(pids.read_text()))


def test_a_command_that_cannot_start_and_addresses_that_are_none(world):
    for scorer, message in (("no-such-program x", "cannot be started"), ("'", "No closing"), ("http://", "no address")):
        with pytest.raises(RequestError, match=message):
            gr.from_scorer(world, scorer).recommend("u3")


def test_what_a_command_has_started_ends_with_it(world, tmp_path):
    pids = tmp_path / "pids"
    (tmp_path / "run.sh").write_text(f"sleep 300 &\necho $! > {pids}\nread line\necho nonsense\nsleep 300\n")
    run = gr.from_scorer(world, f"sh {tmp_path / 'run.sh'}")
    with pytest.raises(DataError, match="not JSON"):
        run.recommend("u3")
    wait_until_gone(int(pids.read_text()))


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        scores = [float(len(asked["history"]) * item) for item in range(40)]
        body = json.dumps({"scores": scores}).encode()
        self.send_response(200 if asked["user"] != "u9" else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Silent."""


def test_an_address_is_asked_like_a_command(world):
    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://name:secret@127.0.0.1:{server.server_port}/score?key=secret"
        run = gr.from_scorer(world, url)
        assert run.record.settings["source"] == f"http://127.0.0.1:{server.server_port}/score"
        assert run.recommend("u3", k=1).to_frame()["score"][0] == 5 * 39
        with pytest.raises(DataError, match="status 500"):
            run.recommend("u9")
        run.model._asker.close()
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(DataError, match="cannot be asked"):
        run.recommend("u4")


def test_a_function_that_answers_too_little_is_refused(world):
    with pytest.raises(DataError, match="shape"):
        gr.from_scorer(world, lambda user, history, items: [1.0]).recommend("u3")
