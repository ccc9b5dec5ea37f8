"""Settings that every model trained by gradient steps has."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gnnrec_core.base.settings import Search, Settings

MOST_WORK, FEWEST_STEPS = 2_000_000_000, 20
"""Edges that the steps of an epoch go over together, by default, and how few steps an epoch may have for that: sixty
steps on a graph of twenty million interactions. Later epochs go on with other interactions."""


class GradientSettings(Settings):
    """How a model is trained: loss, optimiser, stopping. Each model adds what it is made of."""

    embedding_dim: Annotated[int, Search(choices=(32, 64, 128))] = Field(
        64, ge=2, le=1024, description="length of each embedding vector"
    )
    loss: Literal["bpr", "softmax"] = Field(
        "softmax", description="Bayesian personalised ranking, or sampled softmax over negatives shared by a batch"
    )
    learning_rate: Annotated[float, Search(0.001, 0.05, log=True)] = Field(
        0.005, gt=0, le=1, description="step size of Adam at its highest"
    )
    l2: Annotated[float, Search(0.001, 1.0, log=True)] = Field(
        0.0, ge=0, le=10, description="weight of the squared embeddings of each batch in the loss"
    )
    batch_size: int = Field(8192, ge=1, le=1_000_000, description="train interactions in one step")
    steps: int = Field(
        0, ge=0, le=1_000_000, description="steps of an epoch at most; 0: all interactions, fewer on very large graphs"
    )
    n_negatives: int = Field(
        0, ge=0, le=100_000, description="negatives: shared by a batch (softmax) or of each pair (bpr); 0: 1024 or 1"
    )
    negative_popularity: float = Field(
        0.0, ge=0, le=1, description="negatives are drawn as popularity to this power: 0 evenly, 1 as in the data"
    )
    known_negatives: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of negatives drawn from what people are known to dislike (if data say so)",
    )
    similarity: Literal["dot", "user", "cosine"] = Field(
        "user", description="what the softmax loss compares: scores, scores over the length of the user, or cosines"
    )
    temperature: Annotated[float, Search(0.05, 0.5, log=True)] = Field(
        0.3, gt=0, le=100, description="scores are divided by this in the softmax loss"
    )
    epochs: int = Field(300, ge=1, le=100_000, description="most passes over the train interactions")
    patience: int = Field(
        10, ge=1, le=10_000, description="validations without a better NDCG@20, and no climb, before training ends"
    )
    validate_every: int = Field(2, ge=1, le=1000, description="epochs from one validation to the next")
    schedule: Literal["constant", "cosine"] = Field(
        "constant", description="learning rate over the epochs: the same, or falling to a twentieth along a cosine"
    )
    warmup_epochs: int = Field(0, ge=0, le=1000, description="epochs in which the learning rate rises to its height")
    clip_norm: float = Field(
        0.0, ge=0, le=1e6, description="longest gradient (L2 norm over all parameters); 0: no limit"
    )
    precision: Literal["full", "mixed"] = Field(
        "full", description="mixed: the loss in bfloat16 on CUDA (the CPU always computes in full precision)"
    )
    compile: bool = Field(False, description="compile the loss with torch.compile on CUDA")

    def steps_of(self, n_interactions: int, n_edges: int) -> int:
        """Steps of an epoch: each goes over the whole graph of `n_edges`, so their number falls as the graph grows.

        >>> GradientSettings().steps_of(810_128, 1_620_256), GradientSettings().steps_of(16_000_000, 32_000_000)
        (99, 62)
        """
        every = -(-n_interactions // self.batch_size)
        return min(every, self.steps or max(FEWEST_STEPS, MOST_WORK // max(1, n_edges)))

    @property
    def negatives(self) -> int:
        """`n_negatives`, or what the loss takes where that is 0."""
        return self.n_negatives or (1 if self.loss == "bpr" else 1024)


class GraphSettings(GradientSettings):
    """Settings of models that pass messages over the whole graph."""

    start: Literal["spectral", "random"] = Field(
        "spectral", description="first embeddings: leading singular vectors of the train graph, or normal draws"
    )
    n_layers: Annotated[int, Search(1, 4)] = Field(
        3, ge=0, le=8, description="propagation layers; how they make the final embedding, `layers` says"
    )
    layers: Literal["mean", "propagated", "last", "learned"] = Field(
        "mean", description="final embedding: mean of all layers, mean without the first, the last, or learned weights"
    )
    contrast: Literal["none", "simgcl", "xsimgcl"] = Field(
        "none", description="a second loss: views of a node with noise are alike; of the final layers, or of two layers"
    )
    contrast_weight: Annotated[float, Search(0.01, 1.0, log=True)] = Field(
        0.1, ge=0, le=100, description="weight of the contrastive loss beside the ranking loss"
    )
    contrast_noise: float = Field(
        0.1, ge=0, le=10, description="length of the noise in each layer, for the contrastive loss"
    )
    contrast_temperature: float = Field(
        0.2, gt=0, le=100, description="cosines are divided by this in the contrastive loss"
    )
    side_edges: float = Field(
        1.0, ge=0, le=100, description="weight of friendships and attributes in the graph; 0 leaves them out"
    )
    hide_batch: Annotated[bool, Search(choices=(False, True))] = Field(
        False, description="train on a graph without the interactions that the step is asked to predict"
    )
    edge_dropout: Annotated[float, Search(choices=(0.0, 0.1, 0.3))] = Field(
        0.0,
        ge=0,
        le=0.9,
        description="share of the edges, drawn anew for each step, that carry no messages in training; price and gain "
        "measured on the sample at 0.3: NDCG@20 and overlap of lists as without it, 4 % more time",
    )
    time_consistency: float = Field(
        0.0,
        ge=0,
        le=10_000,
        description="weight of a penalty in training: what the graph makes of people and items is to point where it "
        "pointed without the latest interactions; measured on the sample at 100: lists as of an earlier day overlap by "
        "0.961 (without it 0.956), for 0.0045 less NDCG@20, lists that hang more on the seed and a fifth more time",
    )

    @property
    def hides_edges(self) -> bool:
        """Whether training leaves edges out of the graph."""
        return self.hide_batch or self.edge_dropout > 0
