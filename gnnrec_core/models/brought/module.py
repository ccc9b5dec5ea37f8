"""Module: a PyTorch module of somebody else, trained here or brought in trained.

On disk lie its weights and the embeddings that it gives, never its code: lists, accuracy and audits need no code. What
asks the module itself (other graphs, masks, more training) needs it at hand again, named by the person who asks
(`runs.bringing.modules`): a folder never runs anything.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import deepcopy
from typing import Any, ClassVar, Self

import numpy as np
import torch
from pydantic import Field

from gnnrec_core.base.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.checkpoint import expect_shapes
from gnnrec_core.models.ops.module import ModuleOfLayers, ModuleSettings
from gnnrec_core.models.protocol import ModuleInputs, Tensors

FINAL = "final.embedding"

Factory = torch.nn.Module | Callable[..., torch.nn.Module]


class BroughtModuleSettings(ModuleSettings):
    """Settings of the training; what the module is made of, its own code says."""

    source: str = Field("", max_length=1000, description="the file and class, or the name of the class")
    sha256: str = Field("", max_length=64, description="checksum of the file, where there is one")


class Module(ModuleOfLayers):
    """z = module(x, edge_index[, edge_attr]); a bound subclass (`bound`) has the module at hand."""

    name: ClassVar[str] = "module"
    settings_type: ClassVar[type[BroughtModuleSettings]] = BroughtModuleSettings
    factory: ClassVar[Factory | None] = None

    @classmethod
    def build_module(cls, settings: Any, n_edge_features: int) -> torch.nn.Module:
        """A copy of the module that was given, or what the class or function makes."""
        if cls.factory is None:
            raise UnsupportedError(
                f"The code of this module is not at hand ({settings.source or 'no name'}).",
                "A run folder holds weights only: name the module again with --module FILE.py:Class, "
                "or gr.load(run, module=...).",
            )
        if isinstance(cls.factory, torch.nn.Module):
            return deepcopy(cls.factory)
        made = cls.factory(**_arguments(cls.factory, settings, n_edge_features))
        if not isinstance(made, torch.nn.Module):
            raise RequestError(f"{settings.source} made a {type(made).__name__}.", "Give a class of torch.nn.Module.")
        return made

    @classmethod
    def restore(cls, dataset: Dataset, settings: Any, tensors: Tensors) -> Self:
        """The model: with its code where it is at hand, else the embeddings that it gave."""
        final = tensors.get(FINAL)
        if final is None or final.ndim != 2 or len(final) != dataset.n_nodes:
            raise RunError("The stored embeddings do not fit the dataset.", "Train the run again.", name=FINAL)
        weights = {name: value for name, value in tensors.items() if name != FINAL}
        if cls.factory is not None:
            expect_shapes("model.safetensors", weights, cls.shapes(dataset, settings), whole=weights)
        model = cls(dataset, settings, weights)
        model._final = np.array(final, np.float32)
        model._final.flags.writeable = False
        return model

    @property
    def n_parameters(self) -> int:
        """Numbers that are learned."""
        return sum(value.numel() for value in self.parameters.values())

    def tensors(self) -> Tensors:
        """Copies of the weights, and the final embeddings."""
        return {**super().tensors(), FINAL: self.embeddings().copy()}

    def module_inputs(self, graph: RecGraph | None = None) -> ModuleInputs:
        """As `ModuleOfLayers`; UnsupportedError where the code is not at hand."""
        if self.factory is None:
            self.build_module(self.settings, 0)
        return super().module_inputs(graph)


def bound(factory: Factory) -> type[Module]:
    """The model of this module: an instance (copied), or a class or function that makes one.

    A class or function is called with `embedding_dim`, `in_channels`, `hidden_channels`, `out_channels` (all the width
    of x), `num_layers` and `edge_dim` (the number of edge features), as far as it has parameters of these names; an
    only parameter of another name is given the width.
    """
    given = factory if isinstance(factory, torch.nn.Module) else staticmethod(factory)
    return type("Module", (Module,), {"factory": given, "__doc__": Module.__doc__})


def _arguments(factory: Callable[..., Any], settings: Any, n_edge_features: int) -> dict[str, Any]:
    width = settings.embedding_dim
    known = {
        "embedding_dim": width,
        "in_channels": width,
        "out_channels": width,
        "edge_dim": n_edge_features or None,
        "num_layers": settings.n_layers,
        "hidden_channels": width,
    }
    parameters = inspect.signature(factory).parameters
    given = {name: value for name, value in known.items() if name in parameters}
    required = [
        name
        for name, value in parameters.items()
        if value.default is value.empty and value.kind is value.POSITIONAL_OR_KEYWORD and name not in given
    ]
    if len(required) == 1 and not given:
        return {required[0]: width}
    if required:
        raise RequestError(
            f"The module needs {', '.join(required)}, which is not known here.",
            "Give defaults, or an instance: gr.fit(data, module=Module(...)).",
        )
    return given
