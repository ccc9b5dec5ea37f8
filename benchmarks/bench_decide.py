"""What the gate and the experiment desk promise, by simulation with a known truth.

* A/A: 2,000 logs without any effect: how often an effect is found, looking once (Welch; CUPED), looking every day
  (always-valid), and, as the peer that must fail, looking every day with Welch's interval. Coverage of 95 % intervals
  where there is an effect, for sums, ratios and CUPED.
* Power of the formula beside simulation for skewed outcomes.
* Gate: LightGCN on the sample against itself with other seeds, every ordered pair: how often it is "worse" (hold); a
  planted harm to the worst-served group on people drawn anew: how often it is found, and is its cause the first reason.
"""

from __future__ import annotations

import sys
from itertools import permutations
from typing import Any

import numpy as np
from common import ROOT, write

N_LOGS = 2000
N_SEEDS = 8
BOUNDS = {
    "false_positives": 0.05,
    "coverage": (0.93, 0.97),
    "power_points": 0.02,
    "gate_worse": 0.05,
    "gate_power": 0.9,
}
sys.path.insert(0, str(ROOT))


def power(seed: int = 0) -> dict[str, float]:
    """The largest gap between formula and simulation over effects and levels."""
    from gnnrec_core.decide.ab.planning import people_for, power_of, simulated_power

    values, gaps = np.random.default_rng(seed).gamma(0.5, 2.0, 3000), []
    for effect in (0.1, 0.2, 0.4):
        for alpha in (0.05, 0.01):
            size = effect * values.mean()
            n = people_for(size, values.std(), alpha, 0.8)
            found = simulated_power(values, size, n, alpha, seed)
            gaps.append(abs(found["power_simulated"] - power_of(size, values.std(), n, alpha)))
    return {"largest_gap": round(max(gaps), 4)}


def gate_of_seeds() -> dict[str, Any]:
    """LightGCN with the sample's settings and other seeds, every ordered pair."""
    from gnnrec_core.audit.metrics import find_metric
    from gnnrec_core.audit.sources import gather
    from gnnrec_core.decide.gate import gate
    from gnnrec_core.runs.training import fit
    from tests.decide.planted import shipped

    settings, dataset = shipped().record.settings, shipped().dataset
    runs = [fit(dataset, "lightgcn", settings, seed, "cpu") for seed in range(N_SEEDS)]
    words = [gate(one, other).verdict.word for one, other in permutations(runs, 2)]
    values = [find_metric("ndcg").value(gather(run, 20)) for run in runs]
    return {
        "pairs": len(words),
        "worse": words.count("hold") / len(words),
        "ship": words.count("ship") / len(words),
        "ndcg_of_seeds": [round(value, 4) for value in values],
    }


def main() -> None:
    """All of them."""
    from tests.decide import simulations

    figures = {
        "experiments": simulations.experiments(n_logs=N_LOGS) | simulations.sequential(n_logs=N_LOGS),
        "power": power(),
        "gate_harm": simulations.gate_of_harm(),
        "gate_seeds": gate_of_seeds(),
    }
    write("decide", {"logs": N_LOGS, "seeds": N_SEEDS, "bounds": BOUNDS}, figures)


if __name__ == "__main__":
    main()
