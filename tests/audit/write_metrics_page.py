"""Writes `docs/metrics.md` again: `python -m tests.audit.write_metrics_page`."""

from pathlib import Path

from gnnrec_core.audit.metrics.documentation import metrics_page
from tests.audit.oracle_world import world

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"

if __name__ == "__main__":
    PAGE.write_text(metrics_page(world()), encoding="utf-8")
