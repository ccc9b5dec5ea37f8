"""Recommenders by name. Listing them imports no torch."""

from gnnrec_core.registry import Plugin, Registry

MODELS = Registry(
    "model",
    Plugin(
        "lightgcn", "gnnrec_core.models.lightgcn:LightGCN", "LightGCN", "Linear graph convolution (He et al. 2020)."
    ),
    Plugin("gat", "gnnrec_core.models.gat:GAT", "GAT", "Graph attention that reweights LightGCN's normalisation."),
    Plugin("popularity", "gnnrec_core.models.popularity:Popularity", "Popularity", "The same most-read list for all."),
    Plugin("itemknn", "gnnrec_core.models.itemknn:ItemKNN", "ItemKNN", "Items like those that the user has."),
    Plugin("ease", "gnnrec_core.models.ease:EASE", "EASE", "Linear item-item model in closed form (Steck 2019)."),
)
