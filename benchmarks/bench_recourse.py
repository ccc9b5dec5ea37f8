"""Recourse of items, trained again: how often does what was verified in the model hold in a training with the links?

Writes results/recourse.json. Items of a run of the sample are drawn at random; for each the fewest links that bring it
to `--more` more people are sought and verified on the graph ("in this model"), then the model is trained with them and
without, by the same random draws (`measure_recourse`). Held: more lists with the links than without; reached: as many
as promised. The control is as many links drawn at random, trained too. Then other items are asked with the margin that
was learned on the first ones (`surely`), for `--sure` more people, and trained again: that is what the margin is worth.
Last, items of the sample are taken out of the data and folded in again from some of their readers and their attributes:
where they would stand, held against a training with the same links.
"""

from __future__ import annotations
