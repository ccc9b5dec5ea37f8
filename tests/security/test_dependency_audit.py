from tools.audit_dependencies import complaints

LOCK = "torch==2.13.0 \\\n    --hash=sha256:00\nnumpy==2.4.6\n"


def test_a_clean_audit_of_all_that_is_locked_passes():
    report = {"dependencies": [{"name": n, "version": "1", "vulns": []} for n in ("torch", "numpy")]}
    assert complaints(report, LOCK) == []


def test_an_audit_that_audited_nothing_fails():
    assert len(complaints({"dependencies": []}, LOCK)) == 2
    skipped = {"dependencies": [{"name": n, "skip_reason": "not found"} for n in ("torch", "numpy")]}
    assert len(complaints(skipped, LOCK)) == 2
    assert complaints({"dependencies": []}, "") == ["the lock file pins nothing"]


def test_a_vulnerability_is_named_with_its_fix():
    entry = {"name": "torch", "version": "2.5", "vulns": [{"id": "CVE-2025-32434", "fix_versions": ["2.6.0"]}]}
    report = {"dependencies": [entry, {"name": "numpy", "version": "1", "vulns": []}]}
    assert complaints(report, LOCK) == ["torch 2.5: CVE-2025-32434 (fixed in: 2.6.0)"]
