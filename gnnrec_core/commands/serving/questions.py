"""What the service is asked: each path is a command of the command line, so both give the same JSON.

A path has the parameters that are named here and no others; `identities` and files are never among them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.base.terminal import say
from gnnrec_core.cli import content_of, parser_of
from gnnrec_core.commands import COMMANDS
from gnnrec_core.runs.run import Run

LONGEST = 500
"""Characters of a parameter."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a path: `kind` "text", "number" (`low`..`high`), "choice" or "flag"."""

    name: str
    about: str
    kind: str = "text"
    required: bool = False
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()
    default: Any = None

    def read(self, text: str) -> str:
        """The value as the command line takes it; RequestError where it is none."""
        if len(text) > LONGEST or not text:
            raise self._wrong(text[:40], f"Give 1 to {LONGEST} characters.")
        if self.kind == "number":
            if not text.isascii() or not text.isdigit() or not self.low <= int(text) <= self.high:
                raise self._wrong(text[:40], f"Give a whole number from {self.low} to {self.high}.")
        elif self.kind == "flag" and text not in ("true", "false"):
            raise self._wrong(text[:40], "Give true or false.")
        elif self.choices and text not in self.choices:
            raise self._wrong(text[:40], f"Give {' or '.join(self.choices)}.")
        return text

    def _wrong(self, value: str, hint: str) -> RequestError:
        return RequestError(f"{value!r} is no value of {self.name}.", hint, parameter=self.name, value=value)

    def schema(self) -> dict[str, Any]:
        """As OpenAPI describes it."""
        if self.kind == "number":
            kind: dict[str, Any] = {"type": "integer", "minimum": self.low, "maximum": self.high}
        elif self.kind == "flag":
            kind = {"type": "boolean"}
        else:
            kind = {"type": "string", "maxLength": LONGEST} | ({"enum": list(self.choices)} if self.choices else {})
        if self.default is not None:
            kind["default"] = self.default
        return {"name": self.name, "in": "query", "required": self.required, "description": self.about, "schema": kind}


RUN = Parameter("run", "name of the run; where one run is served, that one")
USER = Parameter("user", "the user, as the data name them", required=True)
ITEM = Parameter("item", "the item, as the data name it", required=True)
SEED = Parameter("seed", "decides every random draw", "number", high=2**31 - 1, default=0)
TOP = Parameter("top", "contributions shown and recomputed", "number", high=1000, default=10)


def k(default: int) -> Parameter:
    """The length of the list."""
    return Parameter("k", "list length", "number", low=1, high=10_000, default=default)


PATHS: dict[str, tuple[str, str, tuple[Parameter, ...]]] = {
    "/recommend": ("recommend", "The best unseen items of a user.", (USER, k(10))),
    "/explain": (
        "explain",
        "Why this item, for this user?",
        (
            USER,
            ITEM,
            Parameter("method", "explanation method", default="ledger"),
            Parameter("target", "what is explained", choices=("score", "margin"), default="score"),
            Parameter("faithfulness", "the panel that measures how far to trust it (a second)", "flag", default=False),
            TOP,
            k(10),
        ),
    ),
    "/why-not": ("why-not", "What an item lacks, and what would lift it in.", (USER, ITEM, TOP, k(10))),
    "/counterfactual": ("counterfactual", "What of their own takes an item off a list?", (USER, ITEM, k(10))),
    "/audit": (
        "audit",
        "Who is served badly, and what is never shown?",
        (
            k(20),
            Parameter("group_by", "a user column, activity, taste, tenure, niche_genres, a+b"),
            Parameter("split", "the held-out part", choices=("test", "validation"), default="test"),
        ),
    ),
}
"""Path: the command that answers, what it is for, its parameters."""


@dataclass(frozen=True)
class Question:
    """One question, checked: equal questions have equal answers."""

    path: str
    run: str
    words: tuple[str, ...]
    user: str = ""

    def answer(self, runs: Mapping[str, Run]) -> dict[str, Any]:
        """The object that the command gives for `--json`; RequestError for an unknown user, which names nobody else."""
        if self.user and self.user not in runs[self.run].dataset.users:
            raise RequestError(
                f"There is no user {self.user!r} in this dataset.",
                "Send the id as the data have it; nobody else is named here.",
                value=self.user,
            )
        name = PATHS[self.path][0]
        arguments = _parser(name).parse_args(["served", *self.words])
        answer = COMMANDS.load(name).run(argparse.Namespace(**{**vars(arguments), "run": runs[self.run]}))
        return content_of(answer)


def opened_runs(folders: list[Path]) -> dict[str, Any]:
    """The runs by the names of their folders, each asked once so that no person waits for the first answer."""
    import numpy as np

    from gnnrec_core.explain.scores.scoring import rescorer_of
    from gnnrec_core.runs.recommend import recommend
    from gnnrec_core.runs.run import load_run

    runs: dict[str, Any] = {}
    for folder in folders:
        found = load_run(folder)
        if found.name in runs:
            raise RequestError(f"Two runs are called {found.name!r}.", "Rename one of the folders.", value=found.name)
        recommend(found, np.zeros(1, np.int64), 1)
        try:
            rescorer_of(found.model)
        except UnsupportedError:  # noted: such a run answers /recommend and /audit, and says why not the rest
            say(f"{found.name}: lists and audits only", error=True)
        runs[found.name] = found
    return runs


@cache
def _parser(command: str) -> argparse.ArgumentParser:
    """The command line of a command, made once: asking it changes nothing in it."""
    return parser_of(command)


def question(path: str, given: Sequence[tuple[str, str]], runs: Sequence[str]) -> Question:
    """The question in a query string; RequestError for unknown, missing, repeated or wrong parameters."""
    known = {parameter.name: parameter for parameter in (RUN, *PATHS[path][2], SEED)}
    values: dict[str, str] = {}
    for name, text in given:
        if name not in known:
            raise RequestError(
                f"{path} has no parameter {name[:40]!r}.", did_you_mean(name[:40], tuple(known)), value=name[:40]
            )
        if name in values:
            raise RequestError(f"{name} is given twice.", "Give it once.", parameter=name)
        values[name] = known[name].read(text)
    for parameter in known.values():
        if parameter.required and parameter.name not in values:
            raise RequestError(f"{path} needs {parameter.name}.", f"It is {parameter.about}.", parameter=parameter.name)
    run = values.pop("run", runs[0] if len(runs) == 1 else "")
    if run not in runs:
        what = f"There is no run {run!r} here" if run else "Several runs are served"
        raise RequestError(f"{what}.", f"Name one with run=: {', '.join(runs)}.", value=run)
    words = [
        f"--{name.replace('_', '-')}={text}" for name, text in sorted(values.items()) if known[name].kind != "flag"
    ]
    if "faithfulness" in known and values.get("faithfulness") != "true":
        words.append("--no-faithfulness")
    return Question(path, run, tuple(words), values.get("user", ""))


def openapi(version: str, runs: Sequence[str]) -> dict[str, Any]:
    """The service in OpenAPI 3.1."""
    error = {"description": "what is wrong and what to do", "content": {"application/json": {"schema": ERROR}}}
    answer = {
        "description": "as `--json` of the command",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
    faults = dict.fromkeys(("400", "401", "404", "422", "429", "503"), error)
    run = RUN.schema()
    run["schema"] = {"type": "string", "enum": list(runs)}
    run["required"] = len(runs) > 1
    paths: dict[str, Any] = {
        path: {
            "get": {
                "summary": summary,
                "parameters": [run, *(parameter.schema() for parameter in (*parameters, SEED))],
                "responses": {"200": answer, **faults},
            }
        }
        for path, (_, summary, parameters) in PATHS.items()
    }
    for path, summary in (("/health", "Whether it serves, and what."), ("/openapi.json", "This description.")):
        paths[path] = {"get": {"summary": summary, "security": [], "responses": {"200": answer}}}
    text = {"description": "Prometheus text format", "content": {"text/plain": {"schema": {"type": "string"}}}}
    paths["/metrics"] = {"get": {"summary": "Requests, times, load.", "responses": {"200": text, "401": error}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "GNNRec Lens", "version": version, "description": "Read-only questions to trained runs."},
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    }


ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["type", "message", "hint", "details"],
            "properties": {
                "type": {"type": "string"},
                "message": {"type": "string"},
                "hint": {"type": "string"},
                "details": {"type": "object"},
            },
        }
    },
}
