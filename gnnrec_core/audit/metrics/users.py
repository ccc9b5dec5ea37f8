"""How unequally accuracy is spread over users, whatever their group."""

from __future__ import annotations

import numpy as np

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.metrics.definition import EVALUABLE, Metric
from gnnrec_core.audit.stats.spread import gini
from gnnrec_core.ranking.accuracy import ndcg


def worst_20_mean(e: Evidence) -> float:
    """Mean NDCG of the ceil(20 %) of users with the lowest.

    >>> worst_20_mean(small_world([[0]] * 5, relevant=[[1], [0], [0], [0], [0]]))
    0.0
    """
    values = np.sort(ndcg(e.hit, e.n_relevant)[e.evaluable])
    return float(values[: int(np.ceil(0.2 * len(values) - 1e-9))].mean()) if len(values) else float("nan")


def ndcg_gini(e: Evidence) -> float:
    """Gini of the NDCG of users.

    >>> ndcg_gini(small_world([[0], [1]], relevant=[[0], [1]]))
    0.0
    """
    return gini(ndcg(e.hit, e.n_relevant)[e.evaluable])


METRICS = (
    Metric(
        "ndcg_worst20", "NDCG of the worst 20 %", "users", "global",
        "What the fifth of users who are served worst get.",
        "mean NDCG of the ceil(20 %) lowest", "0 to 1", "higher", EVALUABLE, "Rawls 1971 (maximin)",
        "Five users, one of whom gets 0: 0.",
        worst_20_mean, oracle="user_fairness.ndcg_worst20pct_mean",
    ),
    Metric(
        "ndcg_gini", "Gini of NDCG over users", "users", "global",
        "How unequally accuracy is spread over users.",
        "sum_i (2i - n - 1) x_(i) / (n sum x)", "0 to (n - 1) / n", "lower", EVALUABLE, "Gini 1912; Fu et al. 2020",
        "All users have the same NDCG: 0.",
        ndcg_gini, oracle="user_fairness.ndcg_user_gini",
    ),
)  # fmt: skip
