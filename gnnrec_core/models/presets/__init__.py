"""Settings chosen for known data, one JSON file each: `{"model", "why", "settings"}`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gnnrec_core.base.checked import parse, read_bytes
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.registry import did_you_mean

FOLDER = Path(__file__).parent
PRESETS = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def presets_of(model: str) -> dict[str, str]:
    """Presets for `model`: name to why its settings are what they are."""
    contents = {name: parse(read_bytes(FOLDER / f"{name}.json")) for name in PRESETS}
    return {name: content["why"] for name, content in contents.items() if content["model"] == model}


def preset_settings(name: str, model: str) -> dict[str, Any]:
    """The settings of preset `name`; RequestError where there is none or it is for another model."""
    if name not in PRESETS:
        raise RequestError(f"There is no preset named {name!r}.", did_you_mean(name, PRESETS), value=name)
    content = parse(read_bytes(FOLDER / f"{name}.json"))
    if content["model"] != model:
        raise RequestError(
            f"Preset {name!r} is for {content['model']}, not {model}.", f"Use --model {content['model']}.", value=name
        )
    settings: dict[str, Any] = content["settings"]
    return settings
