"""Audit the locked dependencies for known vulnerabilities; an audit that audited nothing is a failure.

`python tools/audit_dependencies.py LOCK` asks `pip-audit`, which asks an advisory service over the network. Exit 0:
every locked package was looked up and none has a known vulnerability. Exit 1: a vulnerability, a package that was
skipped, fewer packages audited than locked, or no audit at all (`pip-audit` is missing, or reached nobody).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from packaging.markers import Marker

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==[^ ;\\\n]+(?: ; ([^\\\n]+))?", re.MULTILINE)


def locked_names(lock: str) -> set[str]:
    """Normalised names (PEP 503) of the packages that a lock file pins for this platform.

    >>> sorted(locked_names("torch==2.13.0\\nPy_Vis==0.3.2 ; python_version > '3'\\nx==1 ; python_version < '3'\\n"))
    ['py-vis', 'torch']
    """
    return {
        normal_name(name) for name, marker in PINNED.findall(lock) if not marker or Marker(marker.strip()).evaluate()
    }


def normal_name(name: str) -> str:
    """The name as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def complaints(report: dict[str, Any], lock: str) -> list[str]:
    """Sentences on what is wrong with an audit; empty where all that is locked was audited and is clean."""
    entries = report.get("dependencies", [])
    audited = {normal_name(e["name"]) for e in entries if "vulns" in e and "skip_reason" not in e}
    found = [f"{e['name']} was skipped: {e['skip_reason']}" for e in entries if "skip_reason" in e]
    for entry in entries:
        for vulnerability in entry.get("vulns", []):
            fixed = ", ".join(vulnerability.get("fix_versions", [])) or "no fixed version"
            found.append(f"{entry['name']} {entry.get('version')}: {vulnerability['id']} (fixed in: {fixed})")
    locked = locked_names(lock)
    missing = sorted(locked - audited - {normal_name(e["name"]) for e in entries})
    found += [f"{name} is locked but was not audited" for name in missing]
    if not locked:
        found.append("the lock file pins nothing")
    return found


def ask(lock: Path) -> dict[str, Any]:
    """What `pip-audit` says of the packages in `lock`. RuntimeError with its last words where it gave no report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = ["--requirement", str(lock), "--disable-pip", "--format", "json", "--output", str(report)]
        done = subprocess.run([sys.executable, "-m", "pip_audit", *words], capture_output=True, text=True)
        if not report.is_file():
            raise RuntimeError("\n".join(done.stderr.strip().splitlines()[-3:]) or f"it ended with {done.returncode}")
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return found


def main(arguments: list[str]) -> int:
    """Audit the lock file that is named; the exit code."""
    (path,) = map(Path, arguments)
    lock = path.read_text(encoding="utf-8")
    try:
        report = ask(path)
    except RuntimeError as error:
        print(f"Nothing was audited: pip-audit gave no report.\n{error}", file=sys.stderr)
        return 1
    wrong = complaints(report, lock)
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    audited = sum("skip_reason" not in entry for entry in report.get("dependencies", []))
    print(f"{len(locked_names(lock))} packages locked, {audited or 'none'} audited, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
