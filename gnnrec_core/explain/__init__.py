"""Explainers by name. Listing them imports no torch."""

from gnnrec_core.base.registry import Plugin, Registry
from gnnrec_core.base.verbs import call_by_name

EXPLAINERS = Registry(
    "explainer",
    Plugin(
        "ledger",
        "gnnrec_core.explain.methods.ledger:Ledger",
        "Ledger",
        "Exact contribution of each interaction.",
        {"own_baseline": True},
    ),
    Plugin(
        "leave_one_out",
        "gnnrec_core.explain.methods.leave_one_out:LeaveOneOut",
        "Leave one out",
        "The score without each one.",
        {"second_opinion": True},
    ),
    Plugin(
        "weight_gradient",
        "gnnrec_core.explain.methods.weight_gradient:WeightGradient",
        "Gradient of weights",
        "GAT: leave one out to first order, attention and degrees normalised anew.",
        {"second_opinion": True},
    ),
    Plugin(
        "paths",
        "gnnrec_core.explain.methods.paths:Paths",
        "Paths",
        "The strongest message paths, and what they carry.",
        {"compared": False, "own_baseline": True},
    ),
    Plugin(
        "integrated_gradients",
        "gnnrec_core.explain.methods.captum_methods:IntegratedGradientsMethod",
        "Integrated gradients",
        "Captum: mean derivative from no interaction to all; sums to the score.",
        {"second_opinion": True},
    ),
    Plugin(
        "saliency",
        "gnnrec_core.explain.methods.captum_methods:SaliencyMethod",
        "Saliency",
        "Captum: size of the derivative of the score.",
        {"second_opinion": True},
    ),
    Plugin(
        "input_x_gradient",
        "gnnrec_core.explain.methods.captum_methods:InputXGradientMethod",
        "Input x gradient",
        "Captum: derivative of the score, signed.",
    ),
    Plugin(
        "shapley",
        "gnnrec_core.explain.methods.captum_methods:ShapleyMethod",
        "Shapley values",
        "Captum: mean gain over random orders of joining; sums to the score.",
        {"cost": "slow", "second_opinion": True},
    ),
    Plugin(
        "attention",
        "gnnrec_core.explain.methods.attention:AttentionMethod",
        "Attention",
        "GAT: how messages are routed, by layer and head; no preference.",
        {"second_opinion": True},
    ),
    Plugin(
        "gnnexplainer",
        "gnnrec_core.explain.methods.gnn_explainer:GNNExplainer",
        "GNNExplainer",
        "Learned edge masks, as PyG computes them but faster; approximate.",
        {"cost": "slow"},
    ),
    Plugin(
        "pyg_gnnexplainer",
        "gnnrec_core.explain.methods.gnn_explainer:PyGGNNExplainer",
        "GNNExplainer (PyG)",
        "The same masks by PyG's own Explainer, on the whole graph; slower.",
        {"cost": "slow"},
    ),
    Plugin(
        "random",
        "gnnrec_core.explain.methods.random:Random",
        "Random",
        "Random numbers: the control.",
        {"second_opinion": True, "control": True},
    ),
    called="explanation method",
    traits={
        "cost": ("quick", "slow"),
        "second_opinion": (False, True),
        "compared": (True, False),
        "control": (False, True),
        "own_baseline": (False, True),
    },
)
"""Traits: `cost` (a page asks the slow ones only when told to), `second_opinion` (stands in the evidence of a case),
`compared` (stands beside the other methods), `control` (means nothing, and what means something must beat it),
`own_baseline` (its baseline is the own embedding against the item and nothing of the graph)."""

call_by_name(__name__)
