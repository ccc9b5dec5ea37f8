"""How often recourse held when the model was trained again, measured on items of the run itself (`recourse.json`).

For each of some items drawn by chance the fewest links are sought as anybody's question is answered; then the model is
trained with the links of all of them and without, by the same random draws. With g the lists gained in the model and h
those gained in training, the slope of h on g through 0 foretells the gain of other items, and the quantiles of what it
misses are the interval and the margin. Counts vary about as their root does, so both are in units of the root of
v = lists without the links + lists with them, and items weigh 1 / v.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import Field

from gnnrec_core.base.checked import STRICT, Form
from gnnrec_core.base.errors import RunError
from gnnrec_core.base.files import write_json
from gnnrec_core.ranking.intervals import Interval, rate_interval
from gnnrec_core.runs.run import Run

FILE = "recourse.json"
MOST_TIMES = 10
"""Lists that are aimed at for one that is wanted, at the most."""
Share = Annotated[float, Field(ge=0, le=1)]
Lists = Annotated[float, Field(ge=-1e9, le=1e9)]


@dataclass(frozen=True)
class RecourseRate:
    """What `recourse.json` holds, of `n_items` items whose lists of `k` links were to bring `more` more people.

    `held`: share of them that were in more lists when trained with the links than without; `reached`: share that gained
    as many as in the model, or as were wanted; `by_chance`: share that gained anything from as many links drawn by
    chance, trained too. `kept`: slope of h on g; `low`, `high`: 10 % and 90 % quantiles of (h - kept g) / sqrt(v).
    """

    __pydantic_config__ = STRICT
    dataset_fingerprint: str
    created: str
    k: Annotated[int, Field(ge=1, le=10_000_000)]
    more: Annotated[int, Field(ge=1, le=2**40)]
    most: Annotated[int, Field(ge=1, le=1000)]
    n_items: Annotated[int, Field(ge=1, le=2**40)]
    held: Share
    reached: Share
    by_chance: Share
    kept: Lists
    low: Lists
    high: Lists
    seconds: Annotated[float, Field(ge=0, le=1e12)]

    def interval(self, name: str) -> Interval:
        """The 95 % interval over items of `held`, `reached` or `by_chance`."""
        return rate_interval(getattr(self, name), self.n_items)

    def foretold(self, n_before: int, n_after: int) -> tuple[int, int, int]:
        """In how many lists an item would be after a training with links that bring it from `n_before` to `n_after` in
        the model: the likeliest number, and the ends of the 80 % interval."""
        middle = n_before + self.kept * (n_after - n_before)
        root = root_of(n_before, n_after)
        likely, low, high = (max(0, round(middle + each * root)) for each in (0.0, self.low, self.high))
        return likely, min(low, likely), max(high, likely)

    def aimed(self, n_before: int, more: int) -> int:
        """How many lists to gain in the model, of an item in `n_before`, so that `more` are gained when trained again,
        for nine items in ten; no more than `MOST_TIMES` as many."""
        low = min(self.low, 0.0)
        gains = range(more, MOST_TIMES * more + 1)
        enough = (gain for gain in gains if self.kept * gain + low * root_of(n_before, n_before + gain) >= more - 1e-9)
        return next(enough, MOST_TIMES * more)


def root_of(n_before: int, n_after: int) -> float:
    """What the luck of a training is in proportion to, in lists."""
    return math.sqrt(max(1, n_before + n_after))


FORM = Form(RecourseRate, RunError, "Measure recourse again, or delete the file.", version=1, most_bytes=2**16)


def load_rate(run: Run) -> RecourseRate | None:
    """The rate of the run; None where it was not measured, or the run was trained anew since. RunError where the file
    is damaged."""
    path = None if run.folder is None else run.folder / FILE
    if path is None or not path.is_file():
        return None
    found = FORM.read(path)
    same = found.dataset_fingerprint == run.dataset.fingerprint and found.created == run.record.created
    return found if same else None


def save_rate(rate: RecourseRate, run: Run) -> None:
    """Keep the rate beside the run."""
    write_json(run.place / FILE, {"format_version": 1, **asdict(rate)})
