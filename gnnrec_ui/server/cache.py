"""What pages ask of the library, remembered between reruns and sessions; keys are a folder and its fingerprint.

Loaded runs and results are shared objects (`cache_resource`): they are frozen values and nobody writes to them.
"""

from __future__ import annotations

import gc
import threading
from contextlib import suppress
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from gnnrec_core.data.dataset import Dataset
    from gnnrec_core.runs.run import Run

HEAVY = (
    "torch",
    "gnnrec_core.models.lightgcn",
    "gnnrec_core.runs.recommend",
    "gnnrec_core.explain.explaining",
    "gnnrec_core.explain.methods.ledger",
    "gnnrec_ui.explain.answer",
    "gnnrec_core.audit.auditing",
    "gnnrec_ui.audit.audit_view",
    "gnnrec_ui.neighbourhood_view",
    "pyvis.network",
    "gnnrec_ui.audit.mitigation_view",
)
"""What the first explanation and its chart need, then the first pictures of networks and of audits. Captum waits until
one of its methods is asked, PyG until its reader is, scipy.stats until something is measured."""


def folder_key(folder: Path) -> str:
    """A fingerprint of a dataset or run folder: its card's bytes and when its weights were written."""
    digest = sha256(str(folder).encode())
    for name in ("dataset.json", "run.json", "model.safetensors", "retraining.json"):
        path = folder / name
        if path.is_file():
            stat = path.stat()
            digest.update(f"{name}:{stat.st_mtime_ns}:{stat.st_size};".encode())
    return digest.hexdigest()[:16]


@st.cache_resource(max_entries=4, show_spinner="Opening the run …")
def run(folder: str, dataset_folder: str, key: str) -> Run:
    """The run in `folder` with its dataset; the model has been read, so that no session waits for it twice."""
    from gnnrec_core.runs.run import load_run

    loaded = load_run(Path(folder), Path(dataset_folder))
    _ = loaded.model
    return loaded


@st.cache_resource(max_entries=4, show_spinner="Reading the dataset …")
def dataset(folder: str, key: str) -> Dataset:
    """The dataset in `folder`."""
    from gnnrec_core.data.store import load_dataset

    return load_dataset(Path(folder))


@st.cache_resource(show_spinner=False)
def warm() -> threading.Thread:
    """Import the heavy libraries once, beside the first page, and take them out of Python's garbage collection.

    Streamlit collects garbage after each script run; with torch imported that costs half a second of every click
    unless what has been imported is frozen. The collector also rests meanwhile: importing leaves it nothing to find,
    and looking costs a third of the imports. A question gets one thread of torch: several that have to share the cores,
    with a training or with each other, wait for one another and answer many times later.
    """

    def work() -> None:
        gc.freeze()
        gc.disable()
        try:
            for name in HEAVY:
                with suppress(ImportError):  # said where it is needed, by the page that needs it
                    module = import_module(name)
                    if name == "torch":
                        module.set_num_threads(1)
        finally:
            gc.freeze()
            gc.enable()

    thread = threading.Thread(target=work, name="warm-imports", daemon=True)
    thread.start()
    return thread
