"""What the documents name is there: files, modules, commands, make targets."""

import re
from functools import cache
from pathlib import Path

import pytest

from gnnrec_core.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "gnnrec_core"
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "sample_data/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
ROOMS = "|".join([*sorted(path.name for path in CORE.iterdir() if (path / "__init__.py").is_file()), "gnnrec_ui"])
FILE = re.compile(r"(?<![\w./-])(?:[\w-]+/)+[\w-]+\.(?:py|md|sh|toml|yml|csv|ipynb)\b")
MODULE = re.compile(rf"`((?:{ROOMS})\.[a-z_]+(?:\.\w+)*)")
COMMAND = re.compile(r"(?:gnnrec|python -m gnnrec_core) ((?:data |run )?[a-z][a-z-]+)")
EXAMPLES = {"pages/coverage.py", "gnnrec_core/data/formats/NAME.py", "tests/models/test_mymodel.py"}
"""Files that a how-to tells the reader to write."""


def has_file(name: str, document: Path) -> bool:
    """From the top, from the core, or from where the document lies."""
    return any((start / name).exists() for start in (ROOT, CORE, document.parent))


def has_module(name: str) -> bool:
    """A module, a room, or something that stands in one."""
    start = ROOT if name.startswith("gnnrec_ui") else CORE
    words = name.split(".")
    for n in range(len(words), 0, -1):
        path = start.joinpath(*words[:n])
        source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if source.is_file():
            return n == len(words) or re.search(rf"\b{words[n]}\b", _text(source)) is not None
    return False


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_is_there(document):
    text = _text(document)
    gone = [name for name in FILE.findall(text) if name not in EXAMPLES and not has_file(name, document)]
    gone += [name for name in MODULE.findall(text) if not has_module(name)]
    gone += [name for name in COMMAND.findall(text) if not {name, name.split()[0]} & {*COMMANDS.names}]
    gone += [target for target in re.findall(r"`make ([a-z]+)", text) if f"\n{target}:" not in _text(ROOT / "Makefile")]
    assert not gone


def test_each_direct_dependency_has_its_reason():
    reasons = _text(ROOT / "docs" / "decisions" / "0001-dependencies.md").lower()
    for file in ("requirements.txt", "requirements-dev.txt"):
        for name in re.findall(r"^([A-Za-z][\w.-]*)", _text(ROOT / file), re.MULTILINE):
            assert name.lower() in reasons or re.search("^types-|-stubs$", name), f"{file}: {name}"


def test_a_name_that_is_gone_is_noticed():
    assert has_module("audit.gate") and has_module("audit.metrics.METRICS") and not has_module("audit.gone")
    assert has_file("base/text.py", ROOT / "README.md") and not has_file("base/gone.py", ROOT / "README.md")
    assert FILE.findall("`readers/plain.py`, see a.md") == ["readers/plain.py"]
