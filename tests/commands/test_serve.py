"""The service: the answers of the command line, for those who may ask, however many ask at once."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import httpx
import pytest

import gnnrec_core as gr
from gnnrec_core.base.errors import RequestError
from gnnrec_core.cli import main
from gnnrec_core.commands.serving.guard import Rate, holder, read_tokens
from gnnrec_core.commands.serving.mcp import TOOLS, face
from gnnrec_core.commands.serving.questions import PATHS, opened_runs
from gnnrec_core.commands.serving.service import Limits, Service
from gnnrec_core.runs.training import train
from tests.worlds import make_dataset, random_dataset

TOKEN = "a-token-of-enough-letters"
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    from gnnrec_core.data.store import save_dataset

    folder = tmp_path_factory.mktemp("serve")
    save_dataset(random_dataset(), folder / "data")
    small = {"embedding_dim": 8, "epochs": 3, "batch_size": 64}
    train(folder / "data", "lightgcn", small, folder / "first", device="cpu")
    train(folder / "data", "itemknn", {}, folder / "second", device="cpu")
    (folder / "tokens").write_text(f"# who may ask\n{TOKEN}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def runs(place):
    return opened_runs([place / "first"])


def asked(service, *questions, headers=WITH_TOKEN, at_once=50, method="GET"):
    """The responses of the service to several questions, `at_once` at a time."""
    app = service.app()

    async def everything():
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app)
            gate = asyncio.Semaphore(at_once)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:

                async def one(question):
                    async with gate:
                        return await client.request(method, question, headers=headers)

                return await asyncio.gather(*map(one, questions))

    found = asyncio.run(everything())
    return found[0] if len(questions) == 1 else found


def service(runs, place, **limits):
    return Service(runs, read_tokens(place / "tokens"), Limits(**{"rate": 1e6, "burst": 1e6, **limits}))


def timeless(value):
    """Without the seconds that an answer took."""
    if isinstance(value, dict):
        return {name: timeless(entry) for name, entry in value.items() if name != "seconds"}
    return [timeless(entry) for entry in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def pair(runs):
    listed = gr.recommend(runs["first"], "u3", k=40).to_dict()["items"]
    return listed[0]["item"], listed[-1]["item"]


def test_each_path_gives_the_json_of_its_command(runs, place, pair, capsys):
    first, last = pair
    questions = {
        "/recommend?user=u3&k=5": ["recommend", "--user", "u3", "--k", "5"],
        f"/explain?user=u3&item={first}&top=3": ["explain", "--user", "u3", "--item", first, "--top", "3"],
        f"/explain?user=u3&item={first}&method=leave_one_out&target=margin&seed=2": [
            *["explain", "--user", "u3", "--item", first, "--method", "leave_one_out", "--target", "margin"],
            *["--seed", "2"],
        ],
        f"/why-not?user=u3&item={last}&k=5": ["why-not", "--user", "u3", "--item", last, "--k", "5"],
        f"/counterfactual?user=u3&item={first}": ["counterfactual", "--user", "u3", "--item", first],
        "/audit?k=10&group_by=activity": ["audit", "--k", "10", "--group-by", "activity"],
    }
    answers = asked(service(runs, place), *questions)
    assert {question.partition("?")[0] for question in questions} == set(PATHS)
    for response, words in zip(answers, questions.values(), strict=True):
        assert response.status_code == 200, response.text
        more = ["--no-faithfulness"] if words[0] == "explain" else []
        assert main([words[0], str(place / "first"), *words[1:], *more, "--json"]) == 0
        expected = json.loads(capsys.readouterr().out)
        found = response.json()
        if "run" in found:
            assert str(place) not in response.text
            expected["run"] = found["run"]
        assert timeless(found) == timeless(expected)


def test_faithfulness_is_there_when_it_is_asked_for(runs, place, pair):
    found = asked(service(runs, place), f"/explain?user=u3&item={pair[0]}&faithfulness=true").json()
    assert found["faithfulness"]["verdict"]


@pytest.mark.parametrize(
    ("question", "status", "words"),
    [
        ("/explain?user=u3", 400, "needs item"),
        ("/explain?user=nobody&item=i1", 400, "nobody"),
        ("/explain?user=u3&item=i1&method=magic", 400, "magic"),
        ("/explain?user=u3&item=i1&method=attention", 422, "attention"),
        ("/explain?user=u3&item=i1&top=-1", 400, "no value of top"),
        ("/explain?user=u3&item=i1&top=1e3", 400, "no value of top"),
        ("/explain?user=u3&item=i1&target=all", 400, "score or margin"),
        ("/explain?user=u3&item=i1&identities=true", 400, "no parameter 'identities'"),
        ("/explain?user=u3&user=u4&item=i1", 400, "given twice"),
        ("/explain?user=&item=i1", 400, "no value of user"),
        ("/recommend?user=u3&k=99999999999999999999", 400, "no value of k"),
        ("/recommend?user=u3&k=" + "0" * 11 + "1" + "9" * 300, 400, "no value of k"),
        ("/explain?user=u3&item=i1&seed=" + "0" * 12 + "9" * 30, 400, "no value of seed"),
        ("/recommend?user=u3&k=٣", 400, "no value of k"),
        ("/recommend?user=u3&run=../first", 400, "no run"),
        ("/recommend?user=u3&out=x.parquet", 400, "no parameter"),
        ("/recommend?user=--all", 400, "--all"),
        ("/recommend?user=" + "x" * 5000, 400, "too long"),
        ("/recommend?user=%ff%00", 400, ""),
        ("/audit?group_by=nothing", 400, "nothing"),
        ("/audit?report=x.html", 400, "no parameter"),
        ("/nothing", 404, "no such path"),
        ("/recommend/?user=u3", 404, "no such path"),
        ("/../etc/passwd", 404, "no such path"),
    ],
)
def test_malformed_requests_are_a_sentence(runs, place, question, status, words):
    response = asked(service(runs, place), question)
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error["message"] and error["hint"] and words in f"{error['message']} {error['hint']}"
    assert str(place) not in response.text and "Traceback" not in response.text


def test_only_those_with_a_token_may_ask_and_only_read(runs, place):
    for headers in ({}, {"Authorization": "Bearer wrong-token-of-letters"}, {"Authorization": f"Basic {TOKEN}"}):
        for path in ("/recommend?user=u3", "/metrics", "/audit"):
            assert asked(service(runs, place), path, headers=headers).status_code == 401
    open_to_all = asked(service(runs, place), "/openapi.json", headers={}).text
    assert "first" not in open_to_all and asked(service(runs, place), "/health", headers={}).json()["status"] == "ok"
    for method in ("POST", "PUT", "DELETE"):
        response = asked(service(runs, place), "/recommend?user=u3", method=method)
        assert response.status_code == 405 and "read-only" in response.json()["error"]["hint"]
    assert asked(service(runs, place), "/recommend?user=u3").headers["cache-control"] == "no-store"


def test_an_unknown_user_is_told_of_nobody_else(runs, place):
    """A hint such as "did you mean u31" would name people to whoever guesses."""
    for path in ("/recommend?user=u333", "/explain?user=nobody&item=i1", "/why-not?user=u&item=i1"):
        response = asked(service(runs, place), path)
        error = response.json()["error"]
        assert response.status_code == 400 and "There is no user" in error["message"]
        known = set(runs["first"].dataset.users.ids)
        assert not known & set(response.text.replace('"', " ").replace("'", " ").split())


def test_tokens_are_checked_and_compared_whole(tmp_path):
    (tmp_path / "t").write_text("# one\nfirst-token-0123456789\nsecond-token-0123456789\n", encoding="utf-8")
    tokens = read_tokens(tmp_path / "t")
    assert (
        holder(tokens, "Bearer second-token-0123456789") == 1 and holder(tokens, "bearer first-token-0123456789") == 0
    )
    for wrong in ("", "Bearer", "Bearer first-token-012345678", "Bearer é", "first-token-0123456789"):
        assert holder(tokens, wrong) is None
    for content, words in (("", "no token"), ("short\n", "Token 1"), ("two words are no token\n", "Token 1")):
        (tmp_path / "t").write_text(content, encoding="utf-8")
        with pytest.raises(RequestError, match=words):
            read_tokens(tmp_path / "t")
    with pytest.raises(RequestError, match="cannot be read"):
        read_tokens(tmp_path / "none")


def test_other_people_are_pseudonyms_and_small_groups_are_not_shown(place, tmp_path):
    triples = [(u, i, split) for u in range(12) for i, split in ((u % 5, "train"), (5, "train"), (6 + u % 3, "test"))]
    world = make_dataset(triples)
    run = gr.fit(world, "lightgcn", embedding_dim=4, epochs=1, batch_size=16).save(tmp_path / "own")
    served = service({"own": run}, place)
    item = gr.recommend(run, "u3", k=3).to_frame()["item"][0]
    text = asked(served, f"/explain?user=u3&item={item}&method=paths&top=50&k=3").text
    others = {f'"u{u}"' for u in range(12) if u != 3}
    assert not any(name in text for name in others)
    audit = asked(served, "/audit?group_by=activity&k=3").json()
    assert all(group["n_users"] >= 10 or not group["metrics"] for group in audit["by_group"])


def test_many_at_once_get_their_own_answers(runs, place):
    people = [f"u{number}" for number in range(30)]
    lists = {user: gr.recommend(runs["first"], user, k=3).to_dict()["items"] for user in people}
    questions = [(user, f"/recommend?user={user}&k=3&seed={turn}") for turn in range(20) for user in people]
    served = service(runs, place, workers=4, waiting=1000)
    responses = asked(served, *[question for _, question in questions], at_once=100)
    wrong = [
        user
        for (user, _), response in zip(questions, responses, strict=True)
        if response.json()["items"] != lists[user] or response.json()["user"] != user
    ]
    assert len(responses) == 600 and wrong == []
    metrics = asked(served, "/metrics").text
    assert 'gnnrec_requests_total{path="/recommend",status="200"} 600.0' in metrics
    assert 'gnnrec_seconds_count{path="/recommend"} 600.0' in metrics and "gnnrec_in_progress 0.0" in metrics
    asked(served, "/recommend?user=u1&k=3", "/recommend?user=u1&k=3", at_once=1)
    assert "gnnrec_known_answers_total 1.0" in asked(served, "/metrics").text


def test_the_tools_of_mcp_are_the_paths_and_give_the_same_json(runs, place, pair, capsys):
    from mcp import Client

    user, (item, _) = "u3", pair
    questions = {
        "recommend": {"user": user, "k": 4},
        "explain": {"user": user, "item": item, "top": 3, "faithfulness": False},
        "counterfactual": {"user": user, "item": item, "k": 3},
        "audit": {"k": 5},
    }
    wrong = (
        ("recommend", {}, "needs user"),
        ("recommend", {"user": "nobody"}, "no user"),
        ("recommend", {"user": user, "k": [3]}, "neither text"),
        ("recommend", {"user": user, "identities": True}, "no parameter"),
        ("forget", {"user": user}, "no tool"),
    )

    async def session():
        async with Client(face(runs)) as client:
            tools = (await client.list_tools()).tools
            found = {name: await client.call_tool(name, words) for name, words in questions.items()}
            return tools, found, [await client.call_tool(name, words) for name, words, _ in wrong]

    tools, found, refused = asyncio.run(session())
    assert {tool.name for tool in tools} == set(TOOLS) and all(tool.annotations.read_only_hint for tool in tools)
    for tool in tools:
        names = {parameter.name for parameter in PATHS[TOOLS[tool.name]][2]}
        assert names | {"run", "seed"} == set(tool.input_schema["properties"])
    for name, words in questions.items():
        query = "&".join(f"{key}={str(value).lower() if value is False else value}" for key, value in words.items())
        over_http = asked(service(runs, place), f"{TOOLS[name]}?{query}").json()
        assert not found[name].is_error and timeless(found[name].structured_content) == timeless(over_http)
        assert json.loads(found[name].content[0].text) == found[name].structured_content
    for answer, (_, _, words) in zip(refused, wrong, strict=True):
        assert answer.is_error and words in answer.structured_content["error"]["message"]


def test_too_many_are_told_to_come_back(runs, place):
    responses = asked(service(runs, place, rate=1.0, burst=3.0), *["/recommend?user=u3"] * 5, at_once=1)
    assert [response.status_code for response in responses] == [200] * 3 + [429] * 2
    assert int(responses[-1].headers["retry-after"]) >= 1
    busy = asked(service(runs, place, workers=1, waiting=1), *[f"/audit?k={k}" for k in range(5, 15)], at_once=10)
    codes = [response.status_code for response in busy]
    assert codes.count(503) >= 5 and set(codes) == {200, 503}


def test_a_bucket_fills_with_time():
    clock = [0.0]
    rate = Rate(2.0, 2.0, now=lambda: clock[0])
    assert [rate.wait(0), rate.wait(0), rate.wait(0), rate.wait(1)] == [0, 0, 0.5, 0]
    clock[0] = 0.5
    assert [rate.wait(0), rate.wait(0)] == [0, 0.5]


def test_several_runs_are_asked_by_name(place):
    both = service(opened_runs([place / "first", place / "second"]), place)
    assert "Several runs" in asked(both, "/recommend?user=u3").json()["error"]["message"]
    assert asked(both, "/recommend?user=u3&run=second").json()["run"] == "second"
    described = asked(both, "/openapi.json").json()
    assert described["openapi"].startswith("3.1") and set(PATHS) <= set(described["paths"])
    run = described["paths"]["/explain"]["get"]["parameters"][0]
    assert run["schema"]["enum"] == ["first", "second"] and run["required"]
    with pytest.raises(RequestError, match="Two runs"):
        opened_runs([place / "first", place / "first"])


def test_it_starts_answers_and_stops(place):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "gnnrec_core", "serve", str(place / "first"), "--port", str(port)]
    process = subprocess.Popen(
        [*words, "--token-file", str(place / "tokens")],
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as response:
                    assert json.load(response)["status"] == "ok"
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.1)
        request = urllib.request.Request(f"http://127.0.0.1:{port}/recommend?user=u3&k=2", headers=WITH_TOKEN)
        with urllib.request.urlopen(request) as response:
            assert len(json.load(response)["items"]) == 2
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
        assert process.returncode in (0, -signal.SIGTERM) and b"Traceback" not in said
    finally:
        process.kill()
        process.wait()
