"""Coverage and width of nominal 95 % intervals of a mean in 0..1, by method: the table behind decision 0011.

Shares: exact, over all counts k, for true shares .02, .03, .. .98. Graded figures: NDCG, recall and precision of the
people of the shipped runs, mixed with zeros or ones until their mean is the wanted one, and drawn with replacement.
`width` is the mean width over 2 x 1.96 standard errors of the true spread, which no method can be much below.
Writes results/intervals.json.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from common import ROOT, write
from numpy.typing import NDArray
from scipy.stats import beta, binom, norm, t

from gnnrec_core.ranking.intervals import bounded_bounds

Values = NDArray[np.float64]
Method = Callable[[Values, np.random.Generator], tuple[float, float]]
SIZES = (5, 10, 20, 30, 50, 100, 300, 1000)
SHARES = np.arange(2, 99) / 100
MEANS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98)
Z = float(norm.isf(0.025))


def student(values: Values, _: np.random.Generator) -> tuple[float, float]:
    """Student's t."""
    reach = float(t.isf(0.025, len(values) - 1)) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - reach, values.mean() + reach


def wilson(values: Values, _: np.random.Generator) -> tuple[float, float]:
    """Wilson's, the mean read as a share."""
    n, m = len(values), values.mean()
    centre = (m + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z / (1 + Z**2 / n) * np.sqrt(m * (1 - m) / n + Z**2 / (4 * n * n))
    return centre - reach, centre + reach


def clopper_pearson(values: Values, _: np.random.Generator) -> tuple[float, float]:
    """Clopper and Pearson's, the mean read as a share."""
    n, k = len(values), values.sum()
    return (beta.ppf(0.025, k, n - k + 1) if k else 0.0), (beta.isf(0.025, k + 1, n - k) if k < n else 1.0)


def percentile(values: Values, rng: np.random.Generator) -> tuple[float, float]:
    """Percentiles of 400 bootstrap means."""
    draws = values[rng.integers(0, len(values), (400, len(values)))].mean(1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return low, high


def bootstrap_t(values: Values, rng: np.random.Generator) -> tuple[float, float]:
    """Bootstrap-t of 400 draws; those without spread are left out."""
    n, m = len(values), values.mean()
    draws = values[rng.integers(0, n, (400, n))]
    error = draws.std(1, ddof=1) / np.sqrt(n)
    pivots = (draws.mean(1)[error > 0] - m) / error[error > 0]
    if not len(pivots):
        return m, m
    low, high = np.quantile(pivots, [0.025, 0.975])
    own = values.std(ddof=1) / np.sqrt(n)
    return m - high * own, m - low * own


def empirical_bernstein(values: Values, _: np.random.Generator) -> tuple[float, float]:
    """Maurer and Pontil's (2009) empirical Bernstein bound."""
    n, log = len(values), np.log(4 / 0.05)
    reach = np.sqrt(2 * values.var(ddof=1) * log / n) + 7 * log / (3 * (n - 1))
    return values.mean() - reach, values.mean() + reach


def betting(values: Values, rng: np.random.Generator) -> tuple[float, float]:
    """Hedged capital with predictable plug-in bets (Waudby-Smith and Ramdas 2024), the values in a random order."""
    x = rng.permutation(values)
    n = np.arange(1, len(x) + 1)
    centre = (0.5 + np.cumsum(x)) / (n + 1)
    spread = (0.25 + np.cumsum(np.square(x - centre))) / (n + 1)
    before = np.r_[0.25, spread[:-1]]
    bet = np.sqrt(2 * np.log(2 / 0.05) / (before * len(x)))
    grid = np.linspace(0.0005, 0.9995, 1000)
    up = np.log1p(np.minimum(bet[:, None], 0.75 / grid) * (x[:, None] - grid)).sum(0)
    down = np.log1p(-np.minimum(bet[:, None], 0.75 / (1 - grid)) * (x[:, None] - grid)).sum(0)
    kept = grid[np.maximum(up, down) + np.log(0.5) < np.log(1 / 0.05)]
    return (kept.min() - 0.0005, kept.max() + 0.0005) if len(kept) else (values.mean(), values.mean())


def ours(values: Values, _: np.random.Generator) -> tuple[float, float]:
    """`ranking.intervals.bounded_bounds`."""
    return bounded_bounds(values)


METHODS: dict[str, Method] = {
    "Student's t": student,
    "Wilson": wilson,
    "Clopper-Pearson": clopper_pearson,
    "percentile bootstrap": percentile,
    "bootstrap-t": bootstrap_t,
    "empirical Bernstein": empirical_bernstein,
    "betting": betting,
    "ours": ours,
}
DRAWN = ("percentile bootstrap", "bootstrap-t", "betting")
"""Not a function of the values alone: left out of the exact table of shares."""


def populations() -> dict[str, Values]:
    """Per-user figures of the shipped runs."""
    from gnnrec_core.audit.metrics import METRICS
    from gnnrec_core.audit.sources import gather
    from gnnrec_core.runs.run import load_run

    found = {}
    for run in ("lightgcn", "popularity"):
        evidence = gather(load_run(ROOT / "sample_data" / "runs" / run), 20)
        for name in ("ndcg", "recall", "precision"):
            top, measurable = METRICS[name].parts(evidence)
            found[f"{name} of {run}"] = top[measurable > 0]
    return found


def shares(n: int, method: Method) -> dict[str, float]:
    """Exact coverage over all counts, the least and the mean over the true shares, and the width."""
    rng = np.random.default_rng(0)
    bounds = np.array([method(np.repeat([1.0, 0.0], [k, n - k]), rng) for k in range(n + 1)])
    chance = binom.pmf(np.arange(n + 1)[:, None], n, SHARES)  # [k, share]
    inside = (bounds[:, :1] <= SHARES) & (bounds[:, 1:] >= SHARES)
    covered = (chance * inside).sum(0)
    width = (chance * (bounds[:, 1] - bounds[:, 0])[:, None]).sum(0)
    width /= 2 * Z * np.sqrt(SHARES * (1 - SHARES) / n)
    return {
        "least": covered.min(),
        "mean": covered.mean(),
        "at": SHARES[covered.argmin()],
        "width": width.mean(),
    }


def graded(n: int, method: Method, sources: dict[str, Values], n_draws: int) -> dict[str, Any]:
    """The same by simulation over all sources and wanted means."""
    rows = []
    for name, values in sources.items():
        for mean in MEANS:
            rng = np.random.default_rng([n, int(100 * mean)])
            own, other = values.mean(), float(mean > values.mean())
            keep = (mean - other) / (own - other)
            spread = np.sqrt(keep * np.square(values).mean() + (1 - keep) * other - mean**2)
            covered, width = 0, 0.0
            for _ in range(n_draws):
                drawn = np.where(rng.random(n) < keep, values[rng.integers(0, len(values), n)], other)
                low, high = method(drawn, rng)
                covered += low <= mean <= high
                width += high - low
            rows.append((covered / n_draws, width / n_draws / (2 * Z * spread / np.sqrt(n)), f"{name}, mean {mean}"))
    least = min(rows)
    return {
        "least": least[0],
        "mean": float(np.mean([row[0] for row in rows])),
        "at": least[2],
        "width": float(np.mean([row[1] for row in rows])),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000, help="samples of each cell")
    parser.add_argument("--drawn-draws", type=int, default=200, help="samples of each cell for methods that draw")
    arguments = parser.parse_args()
    sources = populations()
    table: dict[str, Any] = {}
    for name, method in METHODS.items():
        few = name in DRAWN
        table[name] = {
            "shares": {} if few else {n: shares(n, method) for n in SIZES},
            "graded": {
                n: graded(n, method, sources, arguments.drawn_draws if few else arguments.draws)
                for n in SIZES
                if not (few and n > 100)
            },
        }
        print(name, file=sys.stderr)
    write("intervals", vars(arguments), {"methods": table})


if __name__ == "__main__":
    main()
