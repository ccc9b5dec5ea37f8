"""Training a run: the one loop over epochs for every model, with its files, signals and resumption."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gnnrec_core.base import progress
from gnnrec_core.base.errors import LensError, RequestError, RunError, UnsupportedError
from gnnrec_core.base.files import new_folder, write_json
from gnnrec_core.base.settings import Settings, read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.models import MODELS, able, model_type
from gnnrec_core.models.ops.checkpoint import load_tensors, save_tensors
from gnnrec_core.models.ops.device import check_memory, choose_device
from gnnrec_core.models.ops.parallel import Processes, processes
from gnnrec_core.models.ops.stopping import Stop, stop_on_signals
from gnnrec_core.models.protocol import (
    DividableRecommender,
    DividedRecommender,
    Epoch,
    FitOptions,
    ResumableRecommender,
    SizedRecommender,
    TrainingState,
)
from gnnrec_core.runs.heartbeat import own_process
from gnnrec_core.runs.history import append_epoch, cut_history, read_history
from gnnrec_core.runs.record import RunRecord, State, library_versions, relative_dataset_path
from gnnrec_core.runs.run import Run, load_run
from gnnrec_core.runs.tracking import track
from gnnrec_core.runs.validation import Validation

MODEL_FILE = "model.safetensors"
STATE_FILE = "state.safetensors"
HEARTBEAT_SECONDS = 2.0

OnEpoch = Callable[[Epoch], None]


def train(
    dataset_folder: Path,
    model: str | type[Any],
    settings: Mapping[str, Any] | Settings | None,
    out: Path,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    max_seconds: float | None = None,
    overwrite: bool = False,
    on_epoch: OnEpoch | None = None,
    divide: bool = False,
) -> RunRecord:
    """Train `model` (a name, or the class of one that has none here) on the dataset in `dataset_folder`; the run folder
    `out` appears before the first epoch.

    `resume` goes on with the run in `out` where it stopped (and starts it where there is none yet): final weights are
    those of a training that was never stopped. SIGINT, SIGTERM and `max_seconds` end training with the best epoch so
    far; such a run can be resumed. Within the first epoch they end it with what its steps have taught, as epoch 0 of a
    run that is "cancelled", not "finished"; resumed, it begins anew. A run that has finished is returned as it is.

    Under `torchrun` the processes share each batch. With `divide` each also holds its part of the tables alone
    (`models.ops.shards`), and a run may be resumed by another number of processes.

    Raises RequestError (unknown model or setting, `out` exists, too little memory, a run that is being trained now),
    RunError (resuming on other data, diverging loss), UnsupportedError (no CUDA, tables that cannot be divided).
    """
    device = choose_device(device)
    dataset = load_dataset(dataset_folder)
    old = RunRecord.read(out) if resume and (out / "run.json").is_file() else None
    if old is not None:
        _check_same(old, _name_of(model), dataset, seed, out)
        settings = _same_settings(old, settings)
        if old.state == "finished" and not old.figures["stopped"]:
            return old
    with processes(device) as own, stop_on_signals(max_seconds) as stop:
        kind, checked = _checked(model, settings, dataset, device, own.share_of_memory(device) if divide else 1.0)
        made = _created(kind, dataset, checked, seed, device, own, divide)
        record = _record(old, _name_of(model), checked, dataset, dataset_folder, out, seed, device)
        if own.is_first:
            _prepare(out, record, old, overwrite)
        job = _Job(made, record, dataset, out, own, stop, on_epoch or _ignore)
        return job.run()


def fit(
    dataset: Dataset,
    model: str | type[Any],
    settings: Mapping[str, Any] | Settings | None = None,
    seed: int = 0,
    device: str = "auto",
    on_epoch: OnEpoch | None = None,
) -> Run:
    """Train in memory, with the loop, the validation and the seed of `train`: same weights, no files.

    Raises RequestError (unknown model or setting, too little memory), RunError (diverging loss), UnsupportedError.
    """
    device = choose_device(device)
    kind, checked = _checked(model, settings, dataset, device)
    made = kind.create(dataset, checked, seed, device)
    history = fit_model(made, dataset, on_epoch)
    return Run.of(made, dataset, seed, device, **_figures_of(made, history), stopped="")


def fit_model(
    model: Any, dataset: Dataset | None = None, on_epoch: OnEpoch | None = None, most: int | None = None
) -> tuple[Epoch, ...]:
    """Train an untrained model to its end, or for `most` epochs; its epochs.

    It is validated after each epoch where `dataset` is given and has a validation part, and can be watched and stopped
    (`base.progress`).
    """
    options = FitOptions() if dataset is None else Validation(dataset).options(model)
    history = []
    for epoch in model.fit(options):
        history.append(epoch)
        (on_epoch or _ignore)(epoch)
        progress.report(epoch.epoch, most) if most else progress.check()
        if epoch.epoch == most:
            break
    return tuple(history)


def save(
    run: Run,
    out: Path,
    overwrite: bool = False,
    dataset_folder: Path | None = None,
    beside: Callable[[Path], Mapping[str, Any]] | None = None,
) -> Run:
    """Write a run that is in memory into the folder `out`; the run as it lies there.

    Its dataset goes into `out/dataset`, unless it lies in `dataset_folder` already. RequestError where `out` exists and
    `overwrite` is false. `beside`, given the folder as it is being made, names JSON files that lie in it as well.
    """
    path = "dataset" if dataset_folder is None else relative_dataset_path(out, dataset_folder)
    record = replace(run.record, dataset_path=path)
    with new_folder(out, overwrite) as temporary:
        if dataset_folder is None:
            save_dataset(run.dataset, temporary / "dataset")
        save_tensors(temporary / MODEL_FILE, run.model.tensors(), _card(record))
        write_json(temporary / "run.json", record.to_dict())
        for name, content in ({} if beside is None else beside(temporary)).items():
            write_json(temporary / name, content)
    return load_run(out) if dataset_folder is None else Run(out, RunRecord.read(out), run.dataset)


def keep_figures(out: Path, **figures: Any) -> None:
    """Add figures to the record of the run in `out`."""
    record = RunRecord.read(out)
    write_json(out / "run.json", replace(record, figures=record.figures | figures).to_dict())


def _created(
    kind: Any, dataset: Dataset, settings: Settings, seed: int, device: str, own: Processes, divide: bool
) -> Any:
    """The untrained model as this process holds it."""
    if divide and own.n > 1:
        if not isinstance(kind, DividableRecommender):
            raise UnsupportedError(
                f"The tables of {kind.name} cannot be divided among processes.",
                f"Train {able(DividableRecommender)}, or leave out --divide: every process then holds all tables.",
            )
        return kind.create_divided(dataset, settings, seed, device, own)
    made = kind.create(dataset, settings, seed, device)
    if hasattr(made, "processes"):
        made.processes = own
    return made


def _checked(
    model: str | type[Any],
    settings: Mapping[str, Any] | Settings | None,
    dataset: Dataset,
    device: str,
    share: float = 1.0,
) -> tuple[Any, Settings]:
    """The type of the model and its checked settings; RequestError where they are wrong, or where the `share` of the
    model that lies here is more than memory holds."""
    kind: Any = MODELS.load(model) if isinstance(model, str) else model
    checked = settings if isinstance(settings, Settings) else read_settings(kind.settings_type, settings or {})
    if isinstance(kind, SizedRecommender):
        check_memory(int(share * kind.memory_bytes(dataset, checked)), device)
    return kind, checked


def _name_of(model: str | type[Any]) -> str:
    return model if isinstance(model, str) else str(model.name)


def _card(record: RunRecord) -> dict[str, Any]:
    """What the weights belong to; no time, so that equal trainings write equal files."""
    return {
        "model": record.model,
        "settings": record.settings,
        "seed": record.seed,
        "dataset_fingerprint": record.dataset_fingerprint,
    }


def _figures_of(model: Any, history: Sequence[Epoch]) -> dict[str, Any]:
    """What a record says of its training: sizes, epochs, the best epoch's validation."""
    best = next((epoch for epoch in reversed(history) if epoch.is_best), None)
    seconds = [epoch.seconds for epoch in history if epoch.epoch]
    return {
        "n_parameters": getattr(model, "n_parameters", None) or sum(int(v.size) for v in model.tensors().values()),
        "epochs_run": history[-1].epoch if history else 0,
        "best_epoch": best.epoch if best else 0,
        "seconds": sum(epoch.seconds for epoch in history),
        "seconds_per_epoch": sum(seconds) / len(seconds) if seconds else None,
        "validation": best.validation if best else {},
    }


@dataclass
class _Job:
    """One training from its first epoch here to its end."""

    model: Any
    record: RunRecord
    dataset: Dataset
    out: Path
    processes: Processes
    stop: Stop
    on_epoch: OnEpoch
    history: list[Epoch] = field(default_factory=list)
    validation: Validation | None = None
    started: float = field(default_factory=time.monotonic)
    beat: float = 0.0

    def run(self) -> RunRecord:
        """Iterate the epochs, keep the files up to date, and write the result."""
        try:
            with track(self.record, self.processes.is_first) as tracker:
                for epoch in self.model.fit(self._options()):
                    self.history.append(epoch)
                    state = self._state(epoch)
                    if self.processes.is_first:
                        self._save_epoch(epoch, state)
                        tracker.log(epoch)
                    self.on_epoch(epoch)
                    if self.processes.any(self.stop()):
                        break
                record = self._finish()
                tracker.finish(record.figures)
                return record
        except BaseException as error:
            if self.processes.is_first:
                message = error.message if isinstance(error, LensError) else f"{type(error).__name__}: {error}"
                self._write(replace(self.record, state="failed", error=message, figures=self._figures()))
            raise

    def _options(self) -> FitOptions:
        self.validation = Validation(self.dataset, self.processes)
        return self.validation.options(self.model, resume=self._resumed(), should_stop=self.stop)

    def _resumed(self) -> TrainingState | None:
        """The state on disk, with the history cut to its epoch; None where training begins."""
        path = self.out / STATE_FILE
        if not path.is_file():
            if self.processes.is_first:
                cut_history(self.out, -1)
            return None
        tensors, card = load_tensors(path, finite=False)
        last = card["training"]["epoch"]
        kept = cut_history(self.out, last) if self.processes.is_first else read_history(self.out)
        self.history = [epoch for epoch in kept if epoch.epoch <= last]
        return TrainingState(tensors, card["training"])

    def _state(self, epoch: Epoch) -> TrainingState | None:
        """What training could go on from after `epoch`; where tables are divided, all processes put it together."""
        if not epoch.epoch or not isinstance(self.model, ResumableRecommender):
            return None
        wanted = self.processes.is_first or isinstance(self.model, DividedRecommender)
        return self.model.training_state() if wanted else None

    def _save_epoch(self, epoch: Epoch, state: TrainingState | None) -> None:
        # The history first: what the state knows, the history has.
        append_epoch(self.out, epoch)
        if state is not None:
            save_tensors(self.out / STATE_FILE, state.tensors, {**_card(self.record), "training": state.card})
        if time.monotonic() - self.beat > HEARTBEAT_SECONDS:
            self.beat = time.monotonic()
            self._write(replace(self.record, figures=self._figures()))

    def _finish(self) -> RunRecord:
        """Write the model and the last record. The model holds its best epoch's parameters."""
        stopped = self.stop.reason
        nothing_whole = bool(stopped) and not any(epoch.epoch for epoch in self.history)
        state: State = "cancelled" if stopped == "cancelled" or nothing_whole else "finished"
        figures = self._figures() | {"stopped": stopped}
        if self.validation is not None and self.validation.is_sampled and figures["validation"]:
            figures["validated_on"] = self.validation.sampled(self.model)
        settings = self.model.settings.model_dump()  # what was asked, and what a fit chose of what nobody asked
        if isinstance(self.model, DividedRecommender):
            figures["divided"] = {"processes": self.model.parts.n, "cut": round(self.model.parts.cut, 4)}
        record = replace(self.record, settings=settings, state=state, figures=figures, process={})
        tensors = self.model.tensors()
        if self.processes.is_first:
            save_tensors(self.out / MODEL_FILE, tensors, _card(record))
            self._write(record)
            if not stopped:
                (self.out / STATE_FILE).unlink(missing_ok=True)
        return record

    def _figures(self) -> dict[str, Any]:
        spent = self.record.figures.get("seconds", 0.0) + time.monotonic() - self.started
        return _figures_of(self.model, self.history) | {"seconds": spent}

    def _write(self, record: RunRecord) -> None:
        write_json(self.out / "run.json", record.to_dict())


def _record(
    old: RunRecord | None,
    model_name: str,
    settings: Settings,
    dataset: Dataset,
    dataset_folder: Path,
    out: Path,
    seed: int,
    device: str,
) -> RunRecord:
    record = old or RunRecord(
        model=model_name,
        settings=settings.model_dump(),
        seed=seed,
        dataset_name=dataset.name,
        dataset_path="",
        dataset_fingerprint=dataset.fingerprint,
        device=device,
        state="running",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return replace(
        record,
        dataset_path=relative_dataset_path(out, dataset_folder),
        device=device,
        state="running",
        error="",
        versions=library_versions(),
        process=own_process(),
    )


def _prepare(out: Path, record: RunRecord, old: RunRecord | None, overwrite: bool) -> None:
    """Make the run folder with its record, or take over the old one."""
    if old is not None:
        write_json(out / "run.json", record.to_dict())
        for left_by_a_kill in out.glob(".*.tmp"):
            left_by_a_kill.unlink()
        return
    if overwrite and out.exists() and not (out / "run.json").is_file() and (not out.is_dir() or any(out.iterdir())):
        raise RequestError(
            f"{out} is not a run folder, so it is not overwritten.", "Choose another name.", file=str(out)
        )
    with new_folder(out, overwrite) as temporary:
        write_json(temporary / "run.json", record.to_dict())


def _check_same(old: RunRecord, model_name: str, dataset: Dataset, seed: int, out: Path) -> None:
    """Refuse to resume what is not the same training."""
    if old.state == "running":
        raise RequestError(
            f"The run {out} is being trained now, by process {old.process.get('pid')}.",
            "Wait for it, or stop that process first.",
            **old.process,
        )
    if old.model != model_name or old.seed != seed:
        raise RequestError(
            f"The run {out} is {old.model} with seed {old.seed}, not {model_name} with seed {seed}.",
            "Resume it with its own model and seed, or train into another folder.",
        )
    if old.dataset_fingerprint != dataset.fingerprint:
        raise RunError(
            f"The run {out} was trained on data with fingerprint {old.dataset_fingerprint[:12]}; "
            f"the dataset {dataset.name!r} has {dataset.fingerprint[:12]}.",
            "Resume it on the dataset that it was started on.",
        )


def _same_settings(old: RunRecord, settings: Mapping[str, Any] | Settings | None) -> Settings:
    """The settings of the run; RequestError where a given one differs."""
    known: Settings = read_settings(model_type(old.model).settings_type, old.settings)
    given = settings.model_dump() if isinstance(settings, Settings) else dict(settings or {})
    asked = read_settings(type(known), {**old.settings, **given}).model_dump()
    for name, value in known.model_dump().items():
        if asked[name] != value:
            raise RequestError(
                f"The run was started with {name} = {value!r}; it cannot go on with {asked[name]!r}.",
                "Resume it without --set, or train into another folder.",
                setting=name,
            )
    return known


def _ignore(epoch: Epoch) -> None:
    """What happens on an epoch where nobody listens."""
