"""Colours of letters can be read on the backgrounds of both themes (WCAG 2.2, 1.4.3)."""

import tomllib
from pathlib import Path

import pytest

from gnnrec_core.render import theme

CONFIG = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"


def luminance(colour):
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_from_the_background(scheme):
    looks = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"][scheme]
    for colour in theme.LETTERS[scheme]:
        assert contrast(colour, looks["backgroundColor"]) >= 4.5
