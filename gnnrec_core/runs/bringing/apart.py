"""`run import` of files that strangers dropped, in a child process with caps on memory and time.

The child is our own command line, so its errors are the same sentences. It gets no secrets of the environment; what a
bomb or a crash of a parser can reach is the child. Scorers and modules are no files, and are not passed on.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gnnrec_core.base.checked import parse
from gnnrec_core.base.errors import DataError, RequestError, error_from
from gnnrec_core.base.places import PROJECT
from gnnrec_core.data.apart.sandbox import MEMORY_BYTES, poor_environment
from gnnrec_core.runs.bringing.files import PICKLED

SECONDS = 600.0
ALLOWED = frozenset(
    {
        *("lists", "user_embeddings", "item_embeddings", "embeddings", "item_item", "user_ids", "item_ids", "check"),
        *("similarity", "propagation", "layers", "unknown", "list_date", "list_cutoff"),
        *("user_biases", "item_biases", "attention", "least_squares", "normalisation"),
        *("user_col", "item_col", "rank_col"),
    }
)
"""Files and choices that may come from an upload."""
CHILD = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({0}, {0}))
except ImportError:  # a system without such limits
    print("no limits", file=sys.stderr)
from gnnrec_core.cli import main
raise SystemExit(main())
"""


def import_apart(dataset: Path, out: Path, given: Mapping[str, Any]) -> None:
    """The run folder `out`, made of these files and options of `run import`; its errors, or DataError where the child
    ran out of memory or time."""
    foreign = sorted(set(given) - ALLOWED)
    if foreign:
        raise RequestError(f"{foreign[0]} cannot come from an upload.", "Use the command line.", value=foreign[0])
    pickled = next((value for value in given.values() if Path(str(value)).suffix.lower() in PICKLED), None)
    if pickled is not None:
        raise DataError(
            f"{Path(str(pickled)).name} may run code when it is opened, so it is not.",
            "Save the tensor with numpy.save or safetensors, and drop that file.",
            file=Path(str(pickled)).name,
        )
    words = ["run", "import", str(dataset.resolve()), f"--out={out.resolve()}", "--json"]
    words += [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    try:
        done = subprocess.run(
            [sys.executable, "-c", CHILD.format(MEMORY_BYTES), *words],
            cwd=PROJECT,
            env=poor_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(f"It took longer than {SECONDS:.0f} seconds.", "Use `gnnrec run import`.") from error
    if done.returncode == 0:
        return
    answer = parse(done.stdout) if done.stdout.startswith(b"{") else None
    if isinstance(answer, dict) and "error" in answer:
        raise error_from(answer["error"])
    said = done.stderr.decode("utf-8", "replace")[-2000:]
    if done.returncode < 0 or "memory" in said.lower() or "alloc" in said.lower():
        raise DataError("The files are too large to read here.", "Use `gnnrec run import` on the command line.")
    raise RuntimeError(f"the importing child ended with code {done.returncode}: {said}")
