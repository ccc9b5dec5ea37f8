import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import audit_dependencies
from tools.audit_dependencies import complaints

ROOT = Path(__file__).resolve().parents[2]
LOCK = "torch==2.13.0 \\\n    --hash=sha256:00\nnumpy==2.4.6\n"


def test_a_clean_audit_of_all_that_is_locked_passes():
    report = {"dependencies": [{"name": n, "version": "1", "vulns": []} for n in ("torch", "numpy")]}
    assert complaints(report, LOCK) == []


def test_an_audit_that_audited_nothing_fails():
    assert len(complaints({"dependencies": []}, LOCK)) == 2
    skipped = {"dependencies": [{"name": n, "skip_reason": "not found"} for n in ("torch", "numpy")]}
    assert len(complaints(skipped, LOCK)) == 2
    assert complaints({"dependencies": []}, "") == ["the lock file pins nothing"]


def test_the_last_line_counts_what_was_skipped_as_not_audited(monkeypatch, tmp_path, capsys):
    lock = tmp_path / "requirements.lock"
    lock.write_text(LOCK)
    skipped = {"dependencies": [{"name": n, "skip_reason": "not found"} for n in ("torch", "numpy")]}
    monkeypatch.setattr(audit_dependencies, "ask", lambda path: skipped)
    assert audit_dependencies.main([str(lock)]) == 1
    assert capsys.readouterr().out == "2 packages locked, none audited, 2 complaints\n"


def test_a_vulnerability_is_named_with_its_fix():
    entry = {"name": "torch", "version": "2.5", "vulns": [{"id": "CVE-2025-32434", "fix_versions": ["2.6.0"]}]}
    report = {"dependencies": [entry, {"name": "numpy", "version": "1", "vulns": []}]}
    assert complaints(report, LOCK) == ["torch 2.5: CVE-2025-32434 (fixed in: 2.6.0)"]


@pytest.mark.parametrize("script", ["raise SystemExit('no route to the service')", "print('[]')"])
def test_an_audit_that_gives_no_report_fails_and_says_that_nothing_was_audited(script, monkeypatch, tmp_path, capsys):
    lock, real = tmp_path / "requirements.lock", subprocess.run
    lock.write_text(LOCK)
    monkeypatch.setattr(
        audit_dependencies.subprocess, "run", lambda words, **options: real([sys.executable, "-c", script], **options)
    )
    assert audit_dependencies.main([str(lock)]) == 1
    assert "Nothing was audited" in capsys.readouterr().err


def test_the_lock_pins_all_that_is_required_with_hashes_and_within_its_bounds():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = [(canonicalize_name(name), version) for name, version in re.findall(r"^([\w.-]+)==([^ ;\\]+)", lock, re.M)]
    lines = [
        line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    ]
    for asked in map(Requirement, filter(None, lines)):
        versions = [version for name, version in pinned if name == canonicalize_name(asked.name)]
        assert versions and all(asked.specifier.contains(version) for version in versions), asked
    entries = re.split(r"^(?=[\w.-]+==)", lock, flags=re.M)[1:]
    assert len(entries) == len(pinned) > 50 and all("--hash=sha256:" in entry for entry in entries)
