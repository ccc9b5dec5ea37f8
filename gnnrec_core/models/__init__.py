"""Recommenders by name. Listing them imports no torch."""

from typing import Any

from typing_extensions import get_protocol_members

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.registry import Plugin, Registry
from gnnrec_core.base.text import clean

DERIVED = Registry(
    "derived model",
    Plugin("reranked", "gnnrec_core.models.reranked:Reranked", "Re-ranked", "Lists made out of those of another run."),
    Plugin("rounded", "gnnrec_core.models.rounded:Rounded", "Rounded", "Another model with its tables in few bits."),
    Plugin("pruned", "gnnrec_core.models.pruned:Pruned", "Pruned", "Another model on a graph with fewer edges."),
    Plugin("lists", "gnnrec_core.models.lists:Lists", "Lists", "Ranked lists of any recommender, brought in."),
    Plugin("factors", "gnnrec_core.models.brought.factors:Factors", "Factors", "Final embeddings, brought in."),
    Plugin(
        "least_squares",
        "gnnrec_core.models.brought.least_squares:LeastSquares",
        "Least squares",
        "Item embeddings of ALS, brought in; people are solved for.",
    ),
    Plugin(
        "propagated",
        "gnnrec_core.models.brought.propagated:Propagated",
        "Propagated",
        "LightGCN and relatives from layer-0 embeddings, brought in.",
    ),
    Plugin(
        "item_item", "gnnrec_core.models.brought.item_item:ItemItem", "Item-item", "An item-item matrix, brought in."
    ),
    Plugin("scored", "gnnrec_core.models.brought.scored:Scored", "Scored", "A scorer outside, asked as a black box."),
    Plugin("module", "gnnrec_core.models.brought.module:Module", "Module", "A PyTorch module of somebody else."),
)
"""Models that are not trained but saved from something else; runs hold them, the Train page does not offer them."""

MODELS = Registry(
    "model",
    Plugin(
        "lightgcn", "gnnrec_core.models.lightgcn:LightGCN", "LightGCN", "Linear graph convolution (He et al. 2020)."
    ),
    Plugin("gat", "gnnrec_core.models.gat:GAT", "GAT", "Graph attention that reweights LightGCN's normalisation."),
    Plugin(
        "gat_conv",
        "gnnrec_core.models.gat_conv:GATConvStack",
        "GAT (textbook)",
        "PyG's GATConv layers; less accurate than GAT, and not exactly explainable.",
    ),
    Plugin(
        "graphsage",
        "gnnrec_core.models.graphsage:GraphSAGE",
        "GraphSAGE",
        "Embeddings from attributes and neighbours.",
    ),
    Plugin(
        "popularity",
        "gnnrec_core.models.popularity:Popularity",
        "Popularity",
        "The same most-read list for all.",
        {"baseline": True, "personal": False},
    ),
    Plugin(
        "itemknn",
        "gnnrec_core.models.itemknn:ItemKNN",
        "ItemKNN",
        "Items like those that the user has.",
        {"baseline": True},
    ),
    Plugin(
        "ease",
        "gnnrec_core.models.ease:EASE",
        "EASE",
        "Linear item-item model in closed form (Steck 2019).",
        {"baseline": True},
    ),
    Plugin(
        "ridge",
        "gnnrec_core.models.ridge:RidgeFilter",
        "Ridge filter",
        "Graph filter in closed form; chooses its settings on the validation part.",
    ),
    Plugin("gfcf", "gnnrec_core.models.gfcf:GFCF", "GF-CF", "Graph filter, nothing learned (Shen et al. 2021)."),
    Plugin("chebycf", "gnnrec_core.models.chebycf:ChebyCF", "ChebyCF", "Flexible graph filter (Kim et al. 2025)."),
    Plugin("lowpass", "gnnrec_core.models.lowpass:LowPass", "Low-pass", "Graph filter of few numbers, for large data."),
    traits={"baseline": (False, True), "personal": (True, False)},
    taken=DERIVED.names,
)
"""Traits: `baseline` (every comparison holds the runs against it), `personal` (two people get two lists)."""
FIRST_CHOICE = "ridge"
"""What is trained where nobody names a model: it chooses its settings on the validation part, and its ledger is exact.
`benchmarks/bench_defaults.py` holds it against the baselines on logs of several shapes."""
LARGE_CHOICE, LARGE = "lowpass", 2_000_000
"""What is trained instead where there are more train interactions: its lists take no products with the graph."""


def first_choice(n_train: int) -> str:
    """The model for data with so many train interactions where nobody names one.

    >>> first_choice(1_000), first_choice(10_000_000)
    ('ridge', 'lowpass')
    """
    return LARGE_CHOICE if n_train > LARGE else FIRST_CHOICE


def model_type(name: str) -> Any:
    """The class of a trained or derived model."""
    return DERIVED.load(name) if name in DERIVED else MODELS.load(name)


def able(*abilities: type) -> str:
    """The models that have one of these abilities (protocols of `models.protocol`), for hints: "lightgcn or gat"."""
    members = [get_protocol_members(ability) for ability in abilities]
    found = []
    for plugin in MODELS:
        try:
            kind = plugin.load()
        except UnsupportedError:  # noted: a model of another package that does not even load
            continue
        if any(all(hasattr(kind, member) for member in needed) for needed in members):
            found.append(plugin.name)
    return " or ".join(filter(None, (", ".join(found[:-1]), *found[-1:])))


def title_of(model: str) -> str:
    """What people call the `model` of a run, trained or brought in; its name where nobody here knows it.

    >>> title_of("lightgcn"), title_of("lists"), title_of("a model from outside")
    ('LightGCN', 'Lists', 'a model from outside')
    """
    known = next((models[model] for models in (MODELS, DERIVED) if model in models), None)
    return known.title if known else clean(model)
