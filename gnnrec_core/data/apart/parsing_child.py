"""The child of `sandbox`: caps its own memory, time and files, reads one source, leaves the answer as files.

`python -m gnnrec_core.data.apart.parsing_child FOLDER`: `FOLDER/request.json` says what to do; progress goes to
standard output as JSON lines; `FOLDER/answer.json` holds `{"error": ...}` or what was found. The caps are set before
any library that parses is imported. The child ends when its standard input does: nobody would read its answer.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from gnnrec_core.base.checked import parse, read_bytes
from gnnrec_core.base.errors import LensError


def main(folder: Path) -> None:
    """Do what the request in `folder` asks."""
    request = parse(read_bytes(folder / "request.json"))
    _cap(request["memory_bytes"], request["cpu_seconds"])
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    try:
        answer = {"preview": _preview, "draft": _draft}[request["what"]](folder, request)
    except LensError as error:
        answer = {"error": error.to_dict()}
    except MemoryError:
        answer = {"out_of_memory": True}
    (folder / "answer.json").write_text(json.dumps(answer, ensure_ascii=True, default=str), encoding="utf-8")


def _cap(memory_bytes: int, cpu_seconds: int) -> None:
    """Ask the system to refuse more; where it knows no such limits (Windows), only the parent's clock is left."""
    try:
        import resource
    except ImportError:
        return
    for limit, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, memory_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (value, value))


def _end_with_the_parent() -> None:
    while os.read(0, 1):  # not sys.stdin, whose lock would be held while Python shuts down
        continue
    os._exit(1)


def _preview(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    from dataclasses import fields

    from gnnrec_core.data.options import ImportOptions
    from gnnrec_core.data.preview import preview_source

    found = preview_source(request["source"], ImportOptions(**request["options"]))
    found.rows.write_parquet(folder / "rows.parquet")
    return {field.name: getattr(found, field.name) for field in fields(found) if field.name != "rows"}


def _draft(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    from gnnrec_core.base.progress import watched
    from gnnrec_core.data.apart.drafts import save_log
    from gnnrec_core.data.importing import read_source
    from gnnrec_core.data.options import ImportOptions

    with watched(_say):
        save_log(read_source(request["source"], ImportOptions(**request["options"])), folder)
    return {}


def _say(share: float, what: str) -> None:
    print(json.dumps([share, what[:200]]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
