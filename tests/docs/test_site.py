"""The documentation site: built without a warning, complete, with the plug-ins of other packages, and offline."""

import re
from pathlib import Path

import pytest

from gnnrec_core import VERBS
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.commands import COMMANDS
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.models import MODELS
from gnnrec_ui.frame.screens import SCREENS
from tests.outside.test_outside import NAMES, ROOT, installed, python

FETCHED = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["']?(?:https?:)?//""")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The site with the sample package of `tests/outside` installed."""
    folder = tmp_path_factory.mktemp("site")
    packages = installed(tmp_path_factory.mktemp("packages"), "sample-plugins", "sample_plugins:PLUGINS")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_MKDOCS_2_WARNING", "1")  # what Material says of its own future
        done = python(packages, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder))
    assert done.returncode == 0 and not done.stderr, done.stderr
    return folder


def text(page: Path) -> str:
    """The words of a page."""
    return re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8"))


def test_every_verb_model_method_metric_and_command_has_its_entry(built):
    for page, names in {
        "reference/verbs": VERBS,
        "reference/models": MODELS.names,
        "reference/explainers": EXPLAINERS.names,
        "reference/commands": COMMANDS.names,
        "reference/pages": SCREENS,
        "metrics": METRICS,
    }.items():
        words = text(built / f"{page}.html")
        assert not [name for name in names if name not in words], page


def test_settings_stand_with_their_ranges(built):
    words = re.sub(r"\s+", " ", text(built / "reference" / "models.html"))
    assert "embedding_dim 64 int, 2 to 1,024 length of each embedding vector" in words


def test_what_another_package_brings_is_there(built):
    said = "".join(text(page) for page in [*(built / "reference").glob("*.html"), built / "metrics.html"])
    assert not [name for name in NAMES if f"({name})" not in said]
    assert "Users and items of a dataset." in said and "(/sizes)" in said and "From the package sample-plugins." in said


def test_every_document_of_the_project_is_a_page(built):
    for document in (ROOT / "docs").rglob("*.md"):
        assert (built / document.relative_to(ROOT / "docs")).with_suffix(".html").is_file(), document


def test_nothing_is_fetched_from_elsewhere(built):
    for page in built.rglob("*.html"):
        assert not FETCHED.search(page.read_text(encoding="utf-8")), page
    for style in built.rglob("*.css"):
        assert not re.search(r"""url\(["']?(?:https?:)?//|@import""", style.read_text(encoding="utf-8")), style
