"""Whether friends' reasons are found: AUC of the ledger on the planted sample against the weight of friends.

For LightGCN as shipped, with all side edges at several times their weight; for the ridge filter with its defaults, and
with other weights of friends beside what it chose. Cases are all test interactions that the model finds and whose cause
is recorded. `auc_friend` has `n_friend` cases; `ndcg@20` is on test. Writes results/friends.json.
"""

from __future__ import annotations

from typing import Any

from common import ROOT, write

TIMES = (1.0, 10.0)
WEIGHTS = (0.0, 1 / 16, 1 / 8, 1 / 4, 1 / 2)
WANTED = 0.75
MOST = 100_000


def judged(run: Any, truth: Any) -> dict[str, Any]:
    """Accuracy and AUC of one model."""
    from gnnrec_core.explain.truth.planted import planted_cases, score_method
    from gnnrec_core.runs.recommend import evaluate

    found = score_method(run, planted_cases(run, truth, MOST), "ledger")
    accuracy = evaluate(run).accuracy["ndcg"]
    row: dict[str, Any] = {f"auc_{reason}": round(auc, 4) for reason, (_, auc) in found.by_reason.items()}
    row |= {"n_friend": found.by_reason["friend"][0], "auc": round(found.auc.value, 4)}
    row |= {"ndcg@20": round(accuracy.value, 4), "ndcg@20_interval": [accuracy.low, accuracy.high]}
    row["validation_ndcg@20"] = round(run.record.figures["validation"]["ndcg@20"], 4)
    print(row, flush=True)
    return row


def main() -> None:
    """Measure and write."""
    import torch

    from gnnrec_core.data.store import load_dataset
    from gnnrec_core.data.truth import load_truth
    from gnnrec_core.models.ops.filters.related_filter import parsed, written
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.runs.training import fit

    torch.set_num_threads(1)
    folder = ROOT / "sample_data" / "classics"
    dataset, truth = load_dataset(folder), load_truth(folder)
    shipped = load_run(ROOT / "sample_data" / "runs" / "lightgcn").record.settings
    rows: dict[str, Any] = {}
    for times in TIMES:
        run = fit(dataset, "lightgcn", shipped | {"side_edges": times}, device="cpu")
        rows[f"lightgcn, side edges x {times:g}"] = judged(run, truth)
    run = fit(dataset, "ridge", device="cpu")
    chosen = run.record.settings
    rows["ridge, defaults"] = judged(run, truth) | {"settings": chosen}
    for weight in WEIGHTS:
        relations = written(parsed(chosen["relations"]) | {"friend": weight})
        rows[f"ridge, friend={weight:g}"] = judged(
            fit(dataset, "ridge", chosen | {"relations": relations}, device="cpu"), truth
        )
    rows["ridge, no relations"] = judged(fit(dataset, "ridge", chosen | {"relations": ""}, device="cpu"), truth)
    best = rows["ridge, defaults"]
    reached = {
        "auc_friend": best["auc_friend"] >= WANTED,
        "no_accuracy_lost": best["ndcg@20"] >= rows["ridge, no relations"]["ndcg@20"],
    }
    write("friends", {"times": TIMES, "weights": WEIGHTS, "wanted": WANTED}, {"models": rows, "reached": reached})


if __name__ == "__main__":
    main()
