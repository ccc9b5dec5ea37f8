"""`OpenRun`: a run whose verbs are methods."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnnrec_core.runs.run import Run

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer

Id = str | int


class OpenRun(Run):
    """A `Run` to ask: each method is the verb of its name, on this run."""

    @classmethod
    def over(cls, run: Run) -> OpenRun:
        """The same run, with its verbs as methods."""
        opened = cls(run.folder, run.record, run.dataset)
        if "model" in run.__dict__:
            opened.__dict__["model"] = run.__dict__["model"]
        return opened

    def recommend(self, *users: Id, k: int = 10) -> Answer:
        """The `k` best unseen items of each of these users (all users where none is named)."""
        from gnnrec_core.api.asking import recommend

        return recommend(self, *users, k=k)

    def evaluate(self, k: int = 20, split: str = "test", sample_users: int | None = None, seed: int = 0) -> Answer:
        """Accuracy on held-out interactions."""
        from gnnrec_core.api.asking import evaluate

        return evaluate(self, k, split, sample_users, seed)

    def explain(self, user: Id, item: Id, method: str = "ledger", **options: Any) -> Answer:
        """Why this item, for this user?"""
        from gnnrec_core.api.asking import explain

        return explain(self, user, item, method, **options)

    def audit(self, by: str | None = None, k: int = 20, **options: Any) -> Answer:
        """Who is served badly, and what is never shown?"""
        from gnnrec_core.api.judging import audit

        return audit(self, by, k, **options)

    def drivers(self, by: str = "item", k: int = 10, **options: Any) -> Answer:
        """What carries all lists together, and for whom?"""
        from gnnrec_core.api.whole import drivers

        return drivers(self, by, k, **options)

    def item(self, item: Id, k: int = 10, **options: Any) -> Answer:
        """Who gets this item, what carries it, and what would bring it to more people?"""
        from gnnrec_core.api import whole

        return whole.item(self, item, k, **options)

    def provider(self, column: str, value: str, k: int = 10) -> Answer:
        """How much exposure an author, seller or label gets, against how often people choose it later?"""
        from gnnrec_core.api.whole import provider

        return provider(self, column, value, k)

    def cases(self, shape: str, k: int = 10, **options: Any) -> Answer:
        """Which lists have an explanation of this shape?"""
        from gnnrec_core.api.whole import cases

        return cases(self, shape, k, **options)

    def parameters(self, k: int = 10, split: str = "test") -> Answer:
        """Which inputs do the lists rest on?"""
        from gnnrec_core.api.whole import parameters

        return parameters(self, k, split)

    def card(self, out: str | Path, k: int = 10, **options: Any) -> Answer:
        """Write the system card."""
        from gnnrec_core.api.whole import card

        return card(self, out, k, **options)

    def save(self, folder: str | Path, overwrite: bool = False) -> OpenRun:
        """Write a run that is in memory, with its dataset, into `folder`; the run as it lies there."""
        from gnnrec_core.runs.training import save

        return OpenRun.over(save(self, Path(folder), overwrite))
