"""Re-rankers by name: each makes lists of k out of stored candidates, for all users at once."""

from gnnrec_core.audit.rerankers.fair_star import minimum_protected
from gnnrec_core.base.registry import Plugin, Registry

_HERE = "gnnrec_core.audit.rerankers"
RERANKERS = Registry(
    "re-ranker",
    Plugin(
        "popularity_penalty",
        f"{_HERE}.popularity_penalty:PopularityPenalty",
        "Popularity penalty",
        "Takes a share of the log popularity off each score.",
    ),
    Plugin(
        "exposure_target",
        f"{_HERE}.exposure_target:ExposureTarget",
        "Exposure target",
        "Lifts protected items by one amount, found so that they get the wanted share of exposure.",
    ),
    Plugin(
        "fa_star_ir",
        f"{_HERE}.fair_star:FaStarIR",
        "FA*IR",
        "Every prefix of a list holds a least number of protected items (Zehlike et al. 2017).",
    ),
    Plugin(
        "calibrated",
        f"{_HERE}.calibrated:Calibrated",
        "Calibrated lists",
        "Weighs score against the distance to the user's own mix of genres or popularity (Steck 2018).",
    ),
)

__all__ = ["RERANKERS", "minimum_protected"]
