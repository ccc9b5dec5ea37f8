"""Modules of somebody else: from Python, or from a file that the person names on the command line."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gnnrec_core.base.errors import DataError, RequestError, RunError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.models.brought.module import BroughtModuleSettings, Factory, Module, bound
from gnnrec_core.models.ops.module import PREFIX, checked
from gnnrec_core.models.ops.spectral import EMBEDDING
from gnnrec_core.models.protocol import ModuleInputs
from gnnrec_core.runs.run import Run


def model_of(module: Factory | str) -> tuple[type[Module], dict[str, str]]:
    """The model of a module (or of `FILE.py:Class`, which runs that file), and its settings `source`, `sha256`."""
    if isinstance(module, str):
        return _from_file(module)
    if not isinstance(module, torch.nn.Module) and not callable(module):
        raise RequestError(
            f"A {type(module).__name__} is no module.", "Give a torch.nn.Module, a class of one, or FILE.py:Class."
        )
    kind = type(module) if isinstance(module, torch.nn.Module) else module
    return bound(module), {"source": getattr(kind, "__qualname__", type(kind).__qualname__)[:1000]}


def run_of_module(module: torch.nn.Module, dataset: Dataset, x: Any = None) -> Run:
    """A run in memory of a module that is trained already.

    `x` `[n_nodes, d]` is what it is called with, users first, then items (and attribute nodes); None: the only
    `torch.nn.Embedding` of the module with that many rows. DataError where there is none, or where the module gives no
    embedding for each node.
    """
    rows = _inputs(module, dataset, x)
    kind, origin = model_of(module)
    settings = BroughtModuleSettings(**origin, embedding_dim=rows.shape[1])
    weights = {f"{PREFIX}{name}": value.detach().cpu().numpy() for name, value in module.named_parameters()}
    kind.fresh_module(dataset, settings, 0)  # refuses what could not be stored
    model = kind(dataset, settings, {EMBEDDING: rows, **weights})
    inputs: ModuleInputs = model.module_inputs()
    try:
        checked(inputs.embeddings(), dataset.n_nodes)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        raise DataError(
            f"The module cannot be called with x {tuple(rows.shape)} and the graph: {error}.",
            "It is called as module(x, edge_index) or module(x, edge_index, edge_attr).",
        ) from error
    return Run.of(model, dataset)


def with_module(run: Run, module: Factory | str) -> Run:
    """The same run with the code of its module at hand; RunError where it is not what the run was made with."""
    if run.record.model != Module.name:
        raise RequestError(f"The run {run.name!r} is {run.record.model}; it needs no module.", "Leave the module out.")
    kind, origin = model_of(module)
    known = run.record.settings.get("sha256")
    if known and origin.get("sha256") and known != origin["sha256"]:
        raise RunError(
            f"{origin['source']} has changed since the run was made.", "Give the file as it was, or train again."
        )
    stored = run.model
    opened = type(run)(run.folder, run.record, run.dataset)
    opened.__dict__["model"] = kind.restore(run.dataset, run.settings, stored.tensors())
    return opened


def _from_file(words: str) -> tuple[type[Module], dict[str, str]]:
    """`FILE.py:Class`: the file is run, so it must be yours."""
    name, _, what = words.rpartition(":")
    path = Path(name)
    if not what or path.suffix != ".py" or not path.is_file():
        raise RequestError(f"{words!r} names no module.", "Write it as FILE.py:Class, with a file that is there.")
    content = path.read_bytes()
    spec = importlib.util.spec_from_file_location(f"gnnrec_module_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise RequestError(f"{path} cannot be loaded.", "Check that it is a Python file.")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    try:
        spec.loader.exec_module(loaded)
    except Exception as error:
        raise RequestError(f"{path} cannot be run: {type(error).__name__}: {error}.", "Run it by hand.") from error
    found = getattr(loaded, what, None)
    if found is None or not callable(found):
        known = [entry for entry in vars(loaded) if not entry.startswith("_")]
        raise RequestError(f"{path} has no class {what!r}.", did_you_mean(what, known))
    return bound(found), {"source": f"{path.name}:{what}"[:1000], "sha256": hashlib.sha256(content).hexdigest()}


def _inputs(module: torch.nn.Module, dataset: Dataset, x: Any) -> np.ndarray[Any, Any]:
    if x is None:
        tables = [
            layer.weight
            for layer in module.modules()
            if isinstance(layer, torch.nn.Embedding) and layer.num_embeddings == dataset.n_nodes
        ]
        if len(tables) != 1:
            raise DataError(
                f"What the module is called with is not known: {len(tables)} embeddings have {dataset.n_nodes} rows.",
                "Give x: one row a node, users first, then items.",
            )
        x = tables[0]
    rows = np.asarray(x.detach().cpu() if isinstance(x, torch.Tensor) else x, np.float32)
    if rows.ndim != 2 or len(rows) != dataset.n_nodes or not np.isfinite(rows).all():
        raise DataError(
            f"x has shape {rows.shape}; the graph has {dataset.n_nodes} nodes.",
            "Give one finite row a node: users first, then items, then attribute nodes.",
        )
    return rows
