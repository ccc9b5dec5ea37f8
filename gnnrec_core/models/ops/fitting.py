"""The one training loop of all models that learn by gradient steps."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError, RunError
from gnnrec_core.data.dataset import NO_TIME, IntArray
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.layers import MOST_CONTRASTED, Noise, contrast
from gnnrec_core.models.ops.losses import bpr, by_person, sampled_softmax
from gnnrec_core.models.ops.parallel import Processes
from gnnrec_core.models.ops.sampling import Batch, Sampler, share
from gnnrec_core.models.ops.sparse import rows
from gnnrec_core.models.protocol import JUDGED_BY, Epoch, FitOptions, Tensors, TrainingState

NOISE, CUT = 1, 2
"""What the other sources of draws of an epoch are for."""
MOST_LATER = 0.3
"""The largest share of the interactions that the consistency loss takes for the latest ones."""
LOWEST_RATE = 0.05
"""Where the cosine schedule ends, as a share of the learning rate."""


class Trainable(Protocol):
    """What the loop needs of a model; `GradientRecommender` says what each name means."""

    settings: Any
    seed: int
    device: str
    graph: RecGraph
    whole: RecGraph | None
    asked: IntArray | None
    disliked: tuple[IntArray, IntArray]
    times: IntArray | None
    processes: Processes
    parameters: dict[str, Tensor]

    def embed(self, nodes: Tensor, batch: Batch | None) -> tuple[Tensor, Tensor]: ...

    def layers(self, batch: Batch | None, noise: Noise | None) -> list[Tensor]: ...

    def decay(self, nodes: Tensor, weight: float) -> None: ...

    def parameter_groups(self) -> list[dict[str, Any]]: ...

    def held(self) -> Tensors: ...

    def set_held(self, tensors: Tensors) -> None: ...

    def shared(self) -> list[Tensor]: ...

    def own_part(self, tensors: Tensors) -> Tensors: ...

    def gathered(self, tensors: Tensors) -> Tensors: ...

    def changed(self) -> None: ...


class GradientFit:
    """One training of one model: Adam over epochs of batches, validated, stopped early, resumable.

    All draws of an epoch come from (seed, epoch), so parameters, optimiser moments, the best epoch so far and the epoch
    number are the whole state.
    """

    def __init__(self, model: Trainable, options: FitOptions) -> None:
        self.model, self.options, self.settings = model, options, model.settings
        self.sampler = Sampler(
            model.graph, model.device, model.whole, model.disliked, self.settings.known_negatives, model.asked
        )
        self.time_consistency = float(getattr(self.settings, "time_consistency", 0.0))
        self.latest = latest_edges(model.graph, model.times) if self.time_consistency else None
        self.optimiser = torch.optim.Adam(model.parameter_groups(), lr=self.settings.learning_rate, fused=True)
        self.ranking = torch.compile(self._ranking) if self._on_cuda and self.settings.compile else self._ranking
        self.epoch = 0
        self.best: Tensors = {}
        self.best_epoch, self.best_figure = 0, -math.inf
        self.since_best: list[float] = []  # validation figures, none of them better
        if options.resume is not None:
            self._set_state(options.resume)

    @property
    def _on_cuda(self) -> bool:
        return self.model.device.startswith("cuda")

    def epochs(self) -> Iterator[Epoch]:
        """Train from the epoch of the state to the last; afterwards the model holds its best parameters."""
        while self.epoch < self.settings.epochs and not is_over(self.since_best, self.settings.patience):
            start = time.perf_counter()
            loss, share = self._run_epoch(self.epoch + 1)
            if share < 1 and self.epoch:  # stopped in the middle: this epoch never happened
                break
            if share < 1:  # of the first one: what it bought is kept, and training again begins anew
                if share:
                    figures = self._validate(due=True)
                    yield Epoch(0, loss, figures, time.perf_counter() - start, is_best=True)
                break
            self.epoch += 1
            validation = self._validate()
            is_best = self._keep_best(validation)
            yield Epoch(self.epoch, loss, validation, time.perf_counter() - start, is_best)
        if self.best:
            self.model.set_held(self.best)

    def _run_epoch(self, epoch: int) -> tuple[float, float]:
        """Mean loss per interaction over one pass, and the share of its steps that were taken: below 1 where it was
        stopped before the end."""
        for group in self.optimiser.param_groups:
            group["lr"] = group["lr_factor"] * self.learning_rate(epoch)
        total = torch.zeros((), device=self.model.device, dtype=torch.float64)
        n_steps, n_seen, stopped = 0, 0, False
        for batch in self.batches(epoch):
            progress.check()
            if self.model.processes.any(self.options.should_stop()):
                stopped = True
                break
            total += self.step(batch)
            n_steps, n_seen = n_steps + 1, n_seen + batch.size
        loss = float(self.model.processes.sum(total.cpu().numpy().reshape(1))[0]) / max(1, n_seen)
        if not math.isfinite(loss):
            raise RunError(
                f"Training diverged in epoch {epoch}: the loss is not a finite number.",
                "Lower learning_rate, or set clip_norm=1.",
                epoch=epoch,
            )
        return loss, n_steps / self.n_steps if stopped else 1.0

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of `epoch`, drawn from (seed, epoch)."""
        s = self.settings
        self.noise_source, self.cut_source = (
            self.sampler.generator(self.model.seed, epoch, purpose) for purpose in (NOISE, CUT)
        )
        draw = self.sampler.pairwise if s.loss == "bpr" else self.sampler.shared
        found = draw(self.sampler.generator(self.model.seed, epoch), s.batch_size, s.negatives, s.negative_popularity)
        return islice(found, self.n_steps)

    @property
    def n_steps(self) -> int:
        """Steps of an epoch."""
        graph = self.model.whole or self.model.graph  # what the draws are from
        return int(self.settings.steps_of(len(self.sampler.place), graph.n_edges))

    def step(self, batch: Batch) -> Tensor:
        """One update on this process's share of `batch`; returns the summed ranking loss of the share."""
        own = share(batch, self.model.processes.rank, self.model.processes.n)
        self.optimiser.zero_grad()
        n_users = self.model.graph.n_users
        nodes = torch.cat([own.users, own.items + n_users, own.negatives.flatten() + n_users])
        ranking, beside = self._losses(own, nodes)
        (ranking / batch.size + beside).backward()  # type: ignore[no-untyped-call]
        if self.settings.l2:
            # Shared negatives are everybody's: only the interactions themselves are kept short.
            own_nodes = nodes if own.seen is None else nodes[: 2 * len(own.users)]
            self.model.decay(own_nodes, self.settings.l2 / batch.size)
        shared = self.model.shared()
        self.model.processes.sum_gradients(shared)
        if self.settings.clip_norm > 0:
            known = {id(parameter) for parameter in shared}
            parts = [value for value in self.model.parameters.values() if id(value) not in known]
            self.model.processes.clip(shared, parts, self.settings.clip_norm)
        self.optimiser.step()
        self.model.changed()
        return ranking.detach().double()

    def _losses(self, batch: Batch, nodes: Tensor) -> tuple[Tensor, Tensor | float]:
        """Ranking loss summed over the interactions of `batch`, and the contrastive and the consistency loss of the
        whole batch (this process's share of all); `nodes` are users, items and negatives."""
        kind = getattr(self.settings, "contrast", "none")
        views: list[Tensor] = []
        if kind == "none":
            table, places = self.model.embed(nodes, batch)
        else:
            noise = Noise(self.settings.contrast_noise, self.noise_source)
            layers = self.model.layers(batch, noise)
            views = [layers[-1], layers[1] if kind == "xsimgcl" else self.model.layers(batch, noise)[-1]]
            table, places = views[0] if kind == "xsimgcl" else self.model.embed(nodes, batch)[0], nodes
        mixed = self._on_cuda and self.settings.precision == "mixed"
        with torch.autocast("cuda", torch.bfloat16, enabled=mixed):
            beside = self._contrast(batch, *views) if views else 0.0
            if self.latest is not None:
                beside = beside + self._consistency(batch, self.latest, nodes, rows(table, places))
            return self.ranking(table, *self._met(batch, places)), beside

    def _consistency(self, batch: Batch, latest: IntArray, nodes: Tensor, now: Tensor) -> Tensor:
        """Mean over the ends of the batch's interactions of 1 - cos(z, z'), with its weight: z' are the embeddings on
        the graph without the latest interactions, of which a share up to `MOST_LATER` is drawn for each step."""
        n = int(torch.rand((), generator=self.cut_source, device=self.model.device) * MOST_LATER * len(latest))
        hidden = torch.from_numpy(latest[:n]).to(self.model.device)
        table, places = self.model.embed(nodes, replace(batch, hidden=hidden))
        ends = slice(0, 2 * len(batch.users))
        turned = 1.0 - functional.cosine_similarity(now[ends], rows(table, places[ends]))
        beside: Tensor = self.time_consistency * turned.sum() / (2 * batch.size)
        return beside

    def _contrast(self, batch: Batch, first: Tensor, second: Tensor) -> Tensor:
        """The contrastive losses of some of the batch's people and of its items, with their weight."""
        s, processes = self.settings, self.model.processes
        edges = self.model.graph.edge_index[:, batch.all_edges[:MOST_CONTRASTED].cpu().numpy()]
        total = first.new_zeros(())
        for ends in edges:  # users, then items
            some = torch.from_numpy(np.unique(ends)).to(first.device)
            views = rows(first, some), rows(second, some)
            total = total + contrast(*views, s.contrast_temperature, processes.rank, processes.n)
        beside: Tensor = s.contrast_weight * total
        return beside

    def _met(self, batch: Batch, places: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor | None, Tensor | None]:
        """The rows of the table of users, items and negatives; what people have and whose each item is, where negatives
        are shared: then each person is there once."""
        b = len(batch.users)
        users, positives, negatives = torch.split(places, [b, b, len(places) - 2 * b])
        if batch.seen is None:
            return users, positives, negatives.view(b, -1), None, None
        one, order, person = by_person(batch.users)
        return users[one], positives[order], negatives, batch.seen, person

    def _ranking(
        self,
        table: Tensor,
        users: Tensor,
        positives: Tensor,
        negatives: Tensor,
        seen: Tensor | None,
        person: Tensor | None,
    ) -> Tensor:
        """The loss of the settings; the first three are rows of `table`: users, items, `[b, n]` (bpr) or `[m]`
        negatives."""
        s = self.settings
        if seen is None:
            return bpr(table, users, positives, negatives)
        lengths = [len(users), len(positives), len(negatives)]
        user, positive, negative = torch.split(rows(table, torch.cat([users, positives, negatives])), lengths)
        return sampled_softmax(user, positive, negative, seen, s.temperature, s.similarity, person)

    def learning_rate(self, epoch: int) -> float:
        """The learning rate in `epoch` (1 ... epochs) by the schedule."""
        s = self.settings
        if epoch <= s.warmup_epochs:
            return float(s.learning_rate * epoch / (s.warmup_epochs + 1))
        if s.schedule == "constant":
            return float(s.learning_rate)
        done = (epoch - 1 - s.warmup_epochs) / max(1, s.epochs - 1 - s.warmup_epochs)
        return float(s.learning_rate * (LOWEST_RATE + (1 - LOWEST_RATE) * (1 + math.cos(math.pi * done)) / 2))

    def _validate(self, due: bool = False) -> dict[str, float]:
        due = due or self.epoch % self.settings.validate_every == 0 or self.epoch == self.settings.epochs
        return self.options.validate() if due and self.options.validate is not None else {}

    def _keep_best(self, validation: dict[str, float]) -> bool:
        """Whether this is the best epoch so far; without validation every epoch is."""
        if not validation:
            if self.options.validate is None:
                self.best_epoch = self.epoch
            return self.options.validate is None
        if validation[JUDGED_BY] <= self.best_figure:
            self.since_best.append(validation[JUDGED_BY])
            return False
        self.best_figure, self.best_epoch, self.since_best = validation[JUDGED_BY], self.epoch, []
        self.best = self.model.held()
        return True

    def state(self) -> TrainingState:
        """Parameters, Adam's moments, the best parameters so far, and counters; all of them whole."""
        gathered = self.model.gathered
        tensors = {f"parameter.{name}": value for name, value in gathered(self.model.held()).items()}
        tensors |= {f"best.{name}": value for name, value in gathered(self.best).items()}
        for number, moments in self.optimiser.state_dict()["state"].items():
            for name, value in moments.items():
                whole = gathered({self._name(number): value.cpu().numpy().copy()})
                tensors |= {f"adam.{number}.{name}": moment for moment in whole.values()}
        card: dict[str, Any] = {"epoch": self.epoch, "best_epoch": self.best_epoch, "since_best": [*self.since_best]}
        return TrainingState(tensors, card | ({"best_figure": self.best_figure} if self.best else {}))

    def _name(self, number: int) -> str:
        """The parameter that Adam knows by this number."""
        parameters = [parameter for group in self.optimiser.param_groups for parameter in group["params"]]
        return next(name for name, value in self.model.parameters.items() if value is parameters[number])

    def _set_state(self, state: TrainingState) -> None:
        named: dict[str, Tensors] = {"parameter": {}, "best": {}, "adam": {}}
        for full, value in state.tensors.items():
            kind, _, name = full.partition(".")
            named[kind][name] = value
        own_part = self.model.own_part
        self.model.set_held(own_part(named["parameter"]))
        self.best = own_part(named["best"])
        moments: dict[int, dict[str, Tensor]] = {}
        for full, value in named["adam"].items():
            number, _, name = full.partition(".")
            for held in own_part({self._name(int(number)): value}).values():
                moments.setdefault(int(number), {})[name] = torch.from_numpy(held.copy())
        self.optimiser.load_state_dict({"state": moments, "param_groups": self.optimiser.state_dict()["param_groups"]})
        card = state.card
        self.epoch, self.best_epoch, self.since_best = card["epoch"], card["best_epoch"], [*card["since_best"]]
        self.best_figure = card.get("best_figure", -math.inf)


def is_over(since_best: Sequence[float], patience: int) -> bool:
    """Whether to stop early: `patience` validations or more without a better figure, and the last is no climb.

    A climb is higher than the `patience` - 1 figures before it. Embeddings that start as singular vectors are good at
    once, get worse while other ones are learned, and then better than ever: they are given the time to.

    >>> is_over([0.19, 0.16, 0.17], 3), is_over([0.19, 0.16, 0.17, 0.18], 3), is_over([0.19, 0.16, 0.17, 0.17], 3)
    (True, False, True)
    """
    recent = since_best[-patience:]
    return len(recent) == patience and (patience == 1 or recent[-1] <= max(recent[:-1]))


def latest_edges(graph: RecGraph, times: IntArray | None) -> IntArray:
    """Columns of the train interactions with a time, the latest first; RequestError where there is none."""
    edges = graph.all_history_edges
    when = np.full(len(edges), NO_TIME) if times is None else times[graph.edge_interaction[edges]]
    known = when != NO_TIME
    if not known.any():
        raise RequestError(
            "These interactions have no time over which a model could be consistent.",
            "Set time_consistency to 0, or import the log with its times.",
        )
    found: IntArray = edges[known][np.argsort(-when[known], kind="stable")]
    return found
