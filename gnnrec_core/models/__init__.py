"""Recommenders by name. Listing them imports no torch."""

from typing import Any

from gnnrec_core.base.registry import Plugin, Registry

MODELS = Registry(
    "model",
    Plugin(
        "lightgcn", "gnnrec_core.models.lightgcn:LightGCN", "LightGCN", "Linear graph convolution (He et al. 2020)."
    ),
    Plugin("gat", "gnnrec_core.models.gat:GAT", "GAT", "Graph attention that reweights LightGCN's normalisation."),
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
    ),
    Plugin("itemknn", "gnnrec_core.models.itemknn:ItemKNN", "ItemKNN", "Items like those that the user has."),
    Plugin("ease", "gnnrec_core.models.ease:EASE", "EASE", "Linear item-item model in closed form (Steck 2019)."),
)

DERIVED = Registry(
    "derived model",
    Plugin("reranked", "gnnrec_core.models.reranked:Reranked", "Re-ranked", "Lists made out of those of another run."),
    Plugin("lists", "gnnrec_core.models.lists:Lists", "Lists", "Ranked lists of any recommender, brought in."),
    Plugin("factors", "gnnrec_core.models.brought.factors:Factors", "Factors", "Final embeddings, brought in."),
    Plugin(
        "propagated",
        "gnnrec_core.models.brought.propagated:Propagated",
        "Propagated",
        "LightGCN and relatives from layer-0 embeddings, brought in.",
    ),
    Plugin(
        "item_item", "gnnrec_core.models.brought.item_item:ItemItem", "Item-item", "An item-item matrix, brought in."
    ),
)
"""Models that are not trained but saved from something else; runs hold them, the Train page does not offer them."""


def model_type(name: str) -> Any:
    """The class of a trained or derived model."""
    return DERIVED.load(name) if name in DERIVED else MODELS.load(name)
