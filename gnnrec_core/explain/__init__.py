"""Explainers by name. Listing them imports no torch."""

from gnnrec_core.registry import Plugin, Registry

EXPLAINERS = Registry(
    "explanation method",
    Plugin("ledger", "gnnrec_core.explain.ledger:Ledger", "Ledger", "Exact contribution of each interaction."),
    Plugin(
        "leave_one_out", "gnnrec_core.explain.leave_one_out:LeaveOneOut", "Leave one out", "The score without each one."
    ),
    Plugin("paths", "gnnrec_core.explain.paths:Paths", "Paths", "The strongest message paths, and what they carry."),
    Plugin("random", "gnnrec_core.explain.random:Random", "Random", "Random numbers: the control."),
)
