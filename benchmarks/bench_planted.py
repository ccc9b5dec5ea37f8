"""Every explanation method against the planted truth of the sample, with random numbers as the floor.

Writes benchmarks/planted.json. Slow methods see fewer of the same cases; their intervals say so.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from gnnrec_core.data.truth import load_truth  # noqa: E402
from gnnrec_core.explain.planted import MAX_RANK, score_planted  # noqa: E402
from gnnrec_core.models.run import library_versions, load_run  # noqa: E402

MODELS = ("lightgcn", "gat", "itemknn")
LIMITS = {"gnnexplainer": 20, "attention": 60, "leave_one_out": 60}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-cases", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("planted.json"))
    arguments = parser.parse_args()
    truth = load_truth(ROOT / "sample_data" / "classics")
    results = []
    for model in MODELS:
        scores = score_planted(
            load_run(ROOT / "sample_data" / "runs" / model), truth, n_cases=arguments.n_cases, limits=LIMITS
        )
        results.append(scores.to_dict())
        print(f"{model}: {scores.n_cases} cases, {scores.expected_precision:.3f} of the history is a planted cause")
        for score in sorted(scores.methods, key=lambda score: -score.auc.value):
            print(
                f"  {score.method:22} AUC {score.auc.value:.3f} [{score.auc.low:.3f}, {score.auc.high:.3f}]"
                f"  precision {score.precision.value:.3f}  {score.n_cases:4} cases  {score.seconds_per_case:.2f} s each"
            )
    content = {
        "what": f"Contributions of held-out books ranked {MAX_RANK} or better against their planted causes.",
        "dataset": "sample_data/classics",
        "versions": library_versions(),
        "results": results,
    }
    arguments.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
