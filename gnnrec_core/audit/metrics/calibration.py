"""Whether a list has the user's own mix of labels."""

from __future__ import annotations

import numpy as np

from gnnrec_core.audit.evidence import Evidence, PerUser
from gnnrec_core.audit.metrics.definition import Metric
from gnnrec_core.audit.stats.spread import SMOOTHING, js, kl, row_shares

BOTH = "users with labelled items in history and list"


def label_profiles(e: Evidence) -> tuple[PerUser, PerUser]:
    """Label shares p of the history and q of the list, each `[n, n_labels]`; an item gives 1/labels to each."""
    assert e.categories is not None  # `needs` says so
    return row_shares(e.history_labels), row_shares(e.list_matrix @ e.categories.shares)


def calibration_kl(e: Evidence) -> PerUser:
    """KL(p || 0.99 q + 0.01 p).

    >>> labels = np.array([[1, 0], [0, 1], [1, 0]], dtype=bool)
    >>> calibration_kl(small_world([[2]], train=[[0]], n_items=3, labels=labels))
    array([0.])
    """
    p, q = label_profiles(e)
    values = kl(p, (1 - SMOOTHING) * q + SMOOTHING * p)
    return np.where(np.isnan(p).any(1) | np.isnan(q).any(1), np.nan, values)


def calibration_js(e: Evidence) -> PerUser:
    """Jensen-Shannon divergence of p and q in bits.

    >>> calibration_js(small_world([[1]], train=[[0]], n_items=2, labels=np.eye(2, dtype=bool)))
    array([1.])
    """
    p, q = label_profiles(e)
    return np.where(np.isnan(p).any(1) | np.isnan(q).any(1), np.nan, js(p, q))


METRICS = (
    Metric(
        "calibration_kl", "Miscalibration (KL)", "calibration", "user",
        "How far the labels of a list are from the labels of the user's history; 0 is the same mix.",
        "KL(p || 0.99 q + 0.01 p) in nats; p, q: shares of labels in history and list, 1 / labels for each item",
        "0 to ln 100 = 4.605", "lower", BOTH, "Steck 2018", "History and list have the same labels: 0.",
        calibration_kl, needs=("categories",), oracle="calibration.calibration_kl_nats@3",
    ),
    Metric(
        "calibration_js", "Miscalibration (JS)", "calibration", "user",
        "The same as a bounded, symmetric divergence.",
        "Jensen-Shannon divergence of p and q in bits", "0 to 1", "lower", BOTH, "Lin 1991; Steck 2018",
        "History and list share no label: 1.",
        calibration_js, needs=("categories",), oracle="calibration.calibration_js_base2@3",
        tested_in=("audit",),
    ),
)  # fmt: skip
