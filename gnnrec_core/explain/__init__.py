"""Explainers by name. Listing them imports no torch."""

from gnnrec_core.registry import Plugin, Registry

EXPLAINERS = Registry(
    "explanation method",
    Plugin("ledger", "gnnrec_core.explain.ledger:Ledger", "Ledger", "Exact contribution of each interaction."),
)
