"""GNNRec Lens: explain, audit and show graph recommenders.

    import gnnrec_core as gr

    data = gr.read("ratings.csv")
    run = gr.fit(data, "lightgcn")
    run.recommend("42").to_frame()
    gr.explain(run, "42", "1196").to_frame()
    gr.audit(run, by="activity").to_frame()

Paths are text or `Path`; people and items are named by the ids that the data have; an answer gives a table
(`to_frame`), the JSON of the command line (`to_dict`), a picture (`show`) and a page (`save`). Each name below is
imported when it is first used: importing this imports neither torch nor Streamlit.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

VERBS = {
    "read": "gnnrec_core.api.making",
    "fit": "gnnrec_core.api.making",
    "load": "gnnrec_core.api.making",
    "from_lists": "gnnrec_core.api.bringing",
    "from_module": "gnnrec_core.api.bringing",
    "from_scorer": "gnnrec_core.api.bringing",
    "import_run": "gnnrec_core.api.bringing",
    "recommend": "gnnrec_core.api.asking",
    "evaluate": "gnnrec_core.api.asking",
    "explain": "gnnrec_core.api.asking",
    "why_not": "gnnrec_core.api.asking",
    "counterfactual": "gnnrec_core.api.asking",
    "what_if": "gnnrec_core.api.asking",
    "audit": "gnnrec_core.api.judging",
    "compare": "gnnrec_core.api.judging",
    "gate": "gnnrec_core.api.deciding",
    "ab_plan": "gnnrec_core.api.deciding",
    "ab_read": "gnnrec_core.api.deciding",
    "off_policy": "gnnrec_core.api.deciding",
    "report": "gnnrec_core.api.judging",
    "drivers": "gnnrec_core.api.whole",
    "item": "gnnrec_core.api.whole",
    "provider": "gnnrec_core.api.whole",
    "measure_recourse": "gnnrec_core.api.whole",
    "new_item": "gnnrec_core.api.whole",
    "cases": "gnnrec_core.api.whole",
    "parameters": "gnnrec_core.api.whole",
    "tune": "gnnrec_core.api.whole",
    "card": "gnnrec_core.api.whole",
    "as_of": "gnnrec_core.api.changing",
    "attack": "gnnrec_core.api.changing",
    "over_time": "gnnrec_core.api.changing",
    "drift": "gnnrec_core.api.changing",
    "forget": "gnnrec_core.api.changing",
    "robustness": "gnnrec_core.api.changing",
    "rounds": "gnnrec_core.api.changing",
    "update": "gnnrec_core.api.changing",
    "app": "gnnrec_core.api.making",
}
"""Each verb and the module that has it."""

__all__ = [
    "__version__",
    "ab_plan",
    "ab_read",
    "app",
    "as_of",
    "attack",
    "audit",
    "card",
    "cases",
    "compare",
    "counterfactual",
    "drift",
    "drivers",
    "evaluate",
    "explain",
    "fit",
    "forget",
    "from_lists",
    "from_module",
    "from_scorer",
    "gate",
    "import_run",
    "item",
    "load",
    "measure_recourse",
    "new_item",
    "off_policy",
    "over_time",
    "parameters",
    "provider",
    "read",
    "recommend",
    "report",
    "robustness",
    "rounds",
    "tune",
    "update",
    "what_if",
    "why_not",
]

if TYPE_CHECKING:
    from gnnrec_core.api.asking import counterfactual, evaluate, explain, recommend, what_if, why_not
    from gnnrec_core.api.bringing import from_lists, from_module, from_scorer, import_run
    from gnnrec_core.api.changing import as_of, drift, forget, robustness, rounds
    from gnnrec_core.api.deciding import ab_plan, ab_read, gate, off_policy
    from gnnrec_core.api.judging import audit, compare, report
    from gnnrec_core.api.making import app, fit, load, read
    from gnnrec_core.api.whole import card, cases, drivers, item, measure_recourse, new_item, parameters, provider


def verb(name: str) -> Any:
    """The function behind a name of `VERBS`."""
    return getattr(import_module(VERBS[name]), name)


def __getattr__(name: str) -> Any:
    if name in VERBS:
        return verb(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*sys.modules[__name__].__dict__, *VERBS})
