"""`audit` and `compare` from the command line, as the contract has them."""

import csv
import json
import re
from pathlib import Path

import pytest

from gnnrec_core.cli import main
from gnnrec_core.runs.training import train
from tests.audit.small_runs import SAMPLE


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    place = tmp_path_factory.mktemp("runs")
    for name in ("popularity", "itemknn"):
        train(SAMPLE, name, None, place / name)
    return place


def answer(capsys, *words):
    code = main([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_audit_prints_the_object_of_the_contract(runs, capsys):
    code, found = answer(capsys, "audit", str(runs / "popularity"), "--k", "10", "--group-by", "region")
    assert code == 0
    assert {"overall", "by_group", "differences", "items", "warnings"} <= found.keys()
    assert set(found["overall"]["ndcg"]) == {"value", "low", "high"}
    assert found["differences"][0]["groups"][1] == "rest" and found["items"]["coverage"] > 0
    assert [g["n_users"] for g in found["by_group"]] == sorted((g["n_users"] for g in found["by_group"]), reverse=True)


def test_a_report_is_three_files_that_open_offline_and_name_nobody(runs, capsys, tmp_path: Path):
    out = tmp_path / "audit.html"
    words = ("audit", str(runs / "itemknn"), "--group-by", "region", "--report", str(out))
    code, found = answer(capsys, *words)
    assert code == 0 and [Path(file).name for file in found["report"]] == ["audit.html", "audit.json", "audit.csv"]
    page = out.read_text()
    for wanted in ("Islands", "Limits", "Definitions", "Fingerprint of the data", "four-fifths", "adjusted"):
        assert wanted in page
    assert "<script" not in page and "http://" not in page and "https://" not in page
    assert json.loads((tmp_path / "audit.json").read_text())["by_group"] == found["by_group"]
    rows = list(csv.reader((tmp_path / "audit.csv").read_text().splitlines()))
    assert len(rows) == 801 and "user_id" not in rows[0] and "reader-0001" not in page + str(rows)
    code, error = answer(capsys, *words)
    assert code == 2 and "exists already" in error["error"]["message"]
    code, _ = answer(capsys, *words, "--overwrite", "--identities")
    named = list(csv.reader((tmp_path / "audit.csv").read_text().splitlines()))
    assert code == 0 and named[1][:2] == ["reader-0001", "South"]


def test_a_pipeline_can_fail_on_a_gap(runs, capsys):
    run = str(runs / "itemknn")
    code, found = answer(capsys, "audit", run, "--fail-if", "ndcg.gap.region>0.05")
    assert code == 3 and found["checks"][0]["failed"] and found["scope"]["group_by"] == "region"
    code, found = answer(capsys, "audit", run, "--fail-if", "ndcg.gap.region>0.9", "--fail-if", "coverage<0.1")
    assert code == 0 and [entry["failed"] for entry in found["checks"]] == [False, False]
    code, error = answer(capsys, "audit", run, "--fail-if", "ndcg.gap")
    assert code == 2 and "METRIC.gap.GROUPING" in error["error"]["hint"]


def test_wrong_requests_are_sentences(runs, capsys, tmp_path: Path):
    run = str(runs / "popularity")
    for words, text in (
        (("--group-by", "regoin"), "regoin"),
        (("--k", "0"), "0"),
        (("--k", "99999"), "99999"),
        (("--metrics", "ndgc"), "ndgc"),
        (("--convention", "nobody"), "nobody"),
        (("--min-group-size", "1"), "min_group_size"),
        (("--provider-column", "nothing"), "nothing"),
        (("--report", str(tmp_path / "a.txt")), "html"),
    ):
        code, found = answer(capsys, "audit", run, *words)
        assert code == 2 and text in found["error"]["message"], words


def test_people_get_sentences_and_tables(runs, capsys):
    assert main(["audit", str(runs / "popularity"), "--group-by", "region"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"Islands +84 ", text) and "Item coverage" in text


def test_compare_prints_runs_baselines_and_differences(runs, capsys):
    code, found = answer(capsys, "compare", str(runs / "popularity"), str(runs / "itemknn"), "--metrics", "ndcg")
    assert code == 0 and [row["baseline"] for row in found["runs"]] == [False, False, True, True, True, True]
    wanted = {"metric", "runs", "value", "low", "high", "p_value", "p_adjusted"}
    assert wanted <= found["differences"][0].keys()
    first = found["differences"][0]
    assert first["runs"] == ["itemknn", "popularity"] and first["value"] > 0 and first["p_adjusted"] < 0.01
    assert main(["compare", str(runs / "popularity"), "--metrics", "ndcg"]) == 0
    assert "baseline: random" in capsys.readouterr().out


def test_compare_refuses_other_data(runs, capsys, tmp_path: Path):
    from gnnrec_core.data.store import save_dataset
    from tests.worlds import random_dataset

    save_dataset(random_dataset(), tmp_path / "data")
    train(tmp_path / "data", "popularity", None, tmp_path / "run")
    code, found = answer(capsys, "compare", str(runs / "popularity"), str(tmp_path / "run"))
    assert code == 2 and "different data" in found["error"]["message"]


def test_a_setting_is_tried_saved_and_compared(runs, capsys, tmp_path: Path):
    base, out = str(runs / "itemknn"), tmp_path / "softer"
    words = ("mitigate", base, "--method", "popularity_penalty", "--set", "strength=0.5", "--group-by", "region")
    code, found = answer(capsys, *words, "--out", str(out))
    assert code == 0 and found["settings"] == {"strength": 0.5} and found["losers"]["n"] > 0
    change = next(c for c in found["changes"] if c["metric"] == "ndcg")
    code, after = answer(capsys, "evaluate", str(out), "--k", "20")
    assert after["metrics"]["ndcg"]["value"] == pytest.approx(change["after"])
    code, both = answer(capsys, "compare", base, str(out), "--metrics", "ndcg")
    first = both["differences"][0]
    assert first["runs"] == ["softer", "itemknn"] and first["value"] == pytest.approx(change["value"])
    assert first["low"] < first["value"] < first["high"] and both["runs"][1]["model"] == "reranked"
    code, error = answer(capsys, *words, "--out", str(out))
    assert code == 2 and "exists already" in error["error"]["message"]
    assert main(list(words)) == 0 and "lose NDCG" in capsys.readouterr().out
    code, error = answer(capsys, "mitigate", base, "--method", "nothing")
    assert code == 2 and "nothing" in error["error"]["message"]


def test_re_ranked_lists_are_not_explained(runs, capsys, tmp_path: Path):
    out = tmp_path / "other"
    main(["mitigate", str(runs / "popularity"), "--method", "fa_star_ir", "--out", str(out)])
    capsys.readouterr()
    code, error = answer(capsys, "explain", str(out), "--user", "reader-0001", "--item", "zadig", "--method", "ledger")
    assert code == 2 and error["error"]["type"] == "UnsupportedError"


def test_gap_edges_of_a_model_that_propagates(runs, capsys):
    words = (
        "gap-edges",
        str(SAMPLE.parent / "runs" / "lightgcn"),
        "--group-by",
        "region",
        "--group",
        "Islands",
        "--check",
        "3",
    )
    code, found = answer(capsys, *words)
    assert code == 0 and len(found["edges"]) == 3 and [b["n"] for b in found["bundles"]] == [10, 50, 200]
    assert main(list(words)) == 0 and "strongest together" in capsys.readouterr().out
    code, error = answer(capsys, "gap-edges", str(runs / "popularity"), "--group-by", "region", "--group", "Islands")
    assert code == 2 and "no edges" in error["error"]["message"]
