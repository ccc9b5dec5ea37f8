"""The sections of the page "Over time": each is a choice, a cached answer, and its blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gnnrec_ui.change import desks, over_time, stress
from gnnrec_ui.frame import serving
from gnnrec_ui.frame.study import Study

SECTIONS = {
    "as_of": "As of a day",
    "groups": "Groups over time",
    "drift": "One person over time",
    "shake": "Shaken data",
    "rounds": "Rounds later",
    "attack": "Attack",
    "forget": "Forgetting",
    "update": "Update",
}
NEEDS: serving.ViewNeeds = {
    "as_of": ("times", "other interactions"),
    "groups": ("times", "other interactions"),
    "drift": ("times",),
    "shake": ("other interactions",),
    "rounds": ("other interactions",),
    "attack": ("attack",),
    "forget": ("forgetting",),
    "update": ("updating",),
}
DRAW: Mapping[str, Callable[[Study], None]] = MappingProxyType(
    {
        "as_of": over_time.as_of,
        "groups": over_time.groups,
        "drift": over_time.drift,
        "shake": stress.shake,
        "rounds": stress.rounds,
        "attack": stress.attack,
        "forget": desks.forget,
        "update": desks.update,
    }
)
