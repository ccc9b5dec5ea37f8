"""Files that `torch.save` wrote: tensors by name, read with `weights_only=True` in a child process with caps.

Such a file is a pickle. With `weights_only` PyTorch builds tensors and plain containers and refuses the rest; that this
holds is not taken on trust: what a hole in it could reach is the child, which gets no secrets of the environment and so
much memory and time. On the command line only (`apart.import_apart` refuses them for uploads).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.apart.sandbox import MEMORY_BYTES, poor_environment

SECONDS = 120.0
CHILD = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
except (ImportError, ValueError):
    print("no limits", file=sys.stderr)
import numpy, torch
torch.set_num_threads(1)
found = {{}}
def walk(value, name):
    if isinstance(value, torch.Tensor):
        value = value.detach().to_dense() if value.layout != torch.strided else value.detach()
        wide = value.is_floating_point() and value.dtype not in (torch.float32, torch.float64)
        found[name or "tensor"] = (value.float() if wide else value).contiguous().numpy()
    elif isinstance(value, dict):
        for key, entry in value.items():
            walk(entry, f"{{name}}.{{key}}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for key, entry in enumerate(value):
            walk(entry, f"{{name}}.{{key}}" if name else str(key))
try:
    walk(torch.load(sys.argv[1], map_location="cpu", weights_only=True), "")
except Exception:  # PyTorch's own words tell people to allow code
    raise SystemExit(3)
numpy.savez(sys.argv[2], **found)
"""


def torch_apart(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of the file; nested names are joined by dots, `state_dict.` and the like before them are left out.

    DataError for anything but tensors in plain containers, and where the child runs out of memory or time.
    """
    with tempfile.TemporaryDirectory(prefix="tensors_") as place:
        out = Path(place) / "tensors.npz"
        words = [sys.executable, "-I", "-c", CHILD.format(memory=MEMORY_BYTES), str(path.resolve()), str(out)]
        try:
            done = subprocess.run(
                words, cwd=place, env=poor_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise _refused(path, f"reading its tensors took longer than {SECONDS:.0f} seconds") from error
        if done.returncode or not out.is_file():
            holds_more = done.returncode == 3
            raise _refused(path, "it is not tensors in plain containers" if holds_more else "it takes too much memory")
        with out.open("rb") as file:
            tensors = dict(np.load(file, allow_pickle=False))
    return {_bare(name): value for name, value in tensors.items()}


def _bare(name: str) -> str:
    """The name without the dictionaries that trainers put around a model's state."""
    for around in ("state_dict.", "model_state_dict.", "model.", "module."):
        name = name.removeprefix(around)
    return name


def _refused(path: Path, why: str) -> DataError:
    return DataError(
        f"{path} may run code when it is opened, so it is not: {why}.",
        "Save the tensors alone (torch.save(model.state_dict(), FILE)), or with numpy.save or safetensors.",
        file=str(path),
    )
