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
    "from_lists": "gnnrec_core.api.making",
    "import_run": "gnnrec_core.api.making",
    "recommend": "gnnrec_core.api.asking",
    "evaluate": "gnnrec_core.api.asking",
    "explain": "gnnrec_core.api.asking",
    "why_not": "gnnrec_core.api.asking",
    "counterfactual": "gnnrec_core.api.asking",
    "what_if": "gnnrec_core.api.asking",
    "audit": "gnnrec_core.api.judging",
    "compare": "gnnrec_core.api.judging",
    "report": "gnnrec_core.api.judging",
    "as_of": "gnnrec_core.api.changing",
    "drift": "gnnrec_core.api.changing",
    "forget": "gnnrec_core.api.changing",
    "robustness": "gnnrec_core.api.changing",
    "rounds": "gnnrec_core.api.changing",
    "app": "gnnrec_core.api.making",
}
"""Each verb and the module that has it."""

__all__ = [
    "__version__",
    "app",
    "as_of",
    "audit",
    "compare",
    "counterfactual",
    "drift",
    "evaluate",
    "explain",
    "fit",
    "forget",
    "from_lists",
    "import_run",
    "load",
    "read",
    "recommend",
    "report",
    "robustness",
    "rounds",
    "what_if",
    "why_not",
]

if TYPE_CHECKING:
    from gnnrec_core.api.asking import counterfactual, evaluate, explain, recommend, what_if, why_not
    from gnnrec_core.api.changing import as_of, drift, forget, robustness, rounds
    from gnnrec_core.api.judging import audit, compare, report
    from gnnrec_core.api.making import app, fit, from_lists, import_run, load, read


def verb(name: str) -> Any:
    """The function behind a name of `VERBS`."""
    return getattr(import_module(VERBS[name]), name)


def __getattr__(name: str) -> Any:
    if name in VERBS:
        return verb(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*sys.modules[__name__].__dict__, *VERBS})
