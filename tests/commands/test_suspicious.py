"""`data suspicious`: pseudonyms unless asked otherwise, and what changes without the people it names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from tests.worlds import make_dataset


def test_people_go_by_pseudonyms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path / "home"))
    copies = [(user, item, "train") for user in range(2) for item in range(10)]
    others = [(user, item, "train") for user in range(2, 14) for item in (user % 5, 10 + user % 7)]
    save_dataset(make_dataset(copies + others, n_items=20), tmp_path / "world")
    assert main(["data", "suspicious", str(tmp_path / "world"), "--model", "itemknn", "--k", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n_suspicious"] == 2 and found["by_reason"]["copies"] == 2
    assert all(person["user"].startswith("user-") and person["score"] == 1.25 for person in found["people"])
    assert found["without_them"]["n_others"] == 12 and found["without_them"]["level"] == "trained again"
    assert main(["data", "suspicious", str(tmp_path / "world"), "--identities", "--json"]) == 0
    named = json.loads(capsys.readouterr().out)
    assert [person["user"] for person in named["people"]] == ["u0", "u1"] and named["without_them"] is None
    assert main(["data", "suspicious", str(tmp_path / "world")]) == 0
    assert "2 of 14 people" in capsys.readouterr().out
