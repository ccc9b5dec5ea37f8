"""Script and style of a picture, each with what all pictures share; read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
SHARED = "picture_tools"


@cache
def source(picture: str, ending: str) -> str:
    """The file `picture.ending` ("js" or "css") of this folder after the shared one."""
    return "\n".join((HERE / f"{name}.{ending}").read_text(encoding="utf-8") for name in (SHARED, picture))
