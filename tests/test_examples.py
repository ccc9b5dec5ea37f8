"""Every example in a docstring is run: what a definition says is what the code does."""

import doctest
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from gnnrec_core.audit.metrics.worked import small_world

ROOT = Path(__file__).resolve().parents[1]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("gnnrec_core", "gnnrec_ui")
    for path in sorted((ROOT / package).rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_are_true(module):
    found = doctest.testmod(import_module(module), extraglobs={"np": np, "small_world": small_world})
    assert found.attempted > 0 and found.failed == 0
