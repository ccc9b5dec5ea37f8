"""One plug-in of each kind, brought from outside: a line here and a file beside this one. Imports nothing heavy."""

from gnnrec_core.base.registry import Plugin

PLUGINS = (
    Plugin("puresvd", "sample_plugins.puresvd:PureSVD", "PureSVD", "Leading singular vectors.", kind="model"),
    Plugin("rarity", "sample_plugins.rarity:Rarity", "Rarity", "How few people have each item.", kind="explainer"),
    Plugin("first_hit", "sample_plugins.first_hit:FIRST_HIT", "First hit", "Hits at rank 1.", kind="metric"),
    Plugin("arrows", "sample_plugins.arrows:ArrowReader", "Arrows", "A line a pair: 'user -> item'.", kind="reader"),
    Plugin("tail_boost", "sample_plugins.tail_boost:TailBoost", "Tail boost", "Adds to tail items.", kind="re-ranker"),
    Plugin("sizes", "sample_plugins.sizes:draw", "Sizes", "How large the data are.", {"needs": "dataset"}, kind="page"),
    Plugin("count", "sample_plugins.count", "Count", "Users and items of a dataset.", kind="command"),
)
