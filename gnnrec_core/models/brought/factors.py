"""Factors: final embeddings of any two-tower or matrix factorisation model, brought in as they are.

Not trained: `runs.bringing` makes such a run. Biases are two more columns ([p, b_u, 1] and [q, 1, b_i]); for cosine
similarity the rows are stored with length 1.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from gnnrec_core.models.brought.embeddings import BroughtEmbeddings, BroughtSettings


class FactorsSettings(BroughtSettings):
    """Where the embeddings come from, and how they are compared."""

    similarity: Literal["dot", "cosine"] = Field("dot", description="how two embeddings give a score")


class Factors(BroughtEmbeddings):
    """score(u, i) = <p_u, q_i> (+ biases), or their cosine."""

    name: ClassVar[str] = "factors"
    settings_type: ClassVar[type[BroughtSettings]] = FactorsSettings
    no_parts: ClassVar[str] = "only its final embeddings are known, not what each interaction did to them"
