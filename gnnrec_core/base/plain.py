"""Any result as plain JSON values."""

from __future__ import annotations

import math
from typing import Any


def plain(value: Any) -> Any:
    """`value` with numpy scalars, tuples and non-finite numbers as JSON can hold them (NaN and infinity: null)."""
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
