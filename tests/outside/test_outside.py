"""A package that brings one plug-in of each kind: found everywhere, held to every contract, and never in the way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("puresvd", "rarity", "first_hit", "arrows", "tail_boost")
CONTRACTS = ("tests/contracts", "tests/audit/test_metrics_page.py", "tests/audit/test_reranking.py", "tests/data")


def installed(folder: Path, package: str, entry: str) -> Path:
    """What pip leaves behind in `folder`: the card of `package` and its one entry point."""
    card = folder / f"{package.replace('-', '_')}-1.0.dist-info"
    card.mkdir()
    (card / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (card / "entry_points.txt").write_text(f"[gnnrec.plugins]\nall = {entry}\n")
    return folder


@pytest.fixture
def site(tmp_path):
    """A folder of installed packages that holds the sample."""
    return installed(tmp_path, "sample-plugins", "sample_plugins:PLUGINS")


def python(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(map(str, (site, Path(__file__).parent, ROOT)))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True)


def test_one_of_each_kind_passes_the_contract_tests(site):
    chosen = " or ".join(NAMES) + " or without or with_parts"
    done = python(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", *CONTRACTS, "-k", chosen)
    assert done.returncode == 0, done.stdout[-3000:]
    counted = python(site, "-m", "pytest", "--collect-only", "-q", *CONTRACTS, "-k", chosen).stdout
    assert all(f"{name}" in counted for name in NAMES)


def test_they_are_in_the_command_line_the_menu_and_the_page_of_metrics(site, tmp_path):
    shown = python(site, "-m", "gnnrec_core", "--help").stdout
    assert "count" in shown and "Users and items of a dataset." in shown
    answer = python(site, "-m", "gnnrec_core", "count", "sample_data/classics", "--json")
    assert answer.stdout.startswith('{"n_users": 800') and not answer.stderr
    (tmp_path / "pairs.txt").write_text("ann -> a\nbob -> b\nann -> b\n")
    read = python(
        site, "-c", f"from gnnrec_core.data.formats import detect; print(detect({str(tmp_path / 'pairs.txt')!r}))"
    )
    assert read.stdout.strip() == "arrows"
    menu = python(site, "-c", "from gnnrec_ui.frame.screens import SCREENS as s; print(s['sizes'])").stdout
    assert "'Sizes'" in menu
    code = (
        "from gnnrec_core.audit.metrics.documentation import metrics_page as page;"
        "from tests.audit.oracle_world import world; print(page(world()))"
    )
    assert "First hit (`first_hit`)" in python(site, "-c", code).stdout


PAGE = """
from streamlit.testing.v1 import AppTest
def app():
    from gnnrec_ui.frame import shell
    shell._frame()
    shell._script(shell.SCREENS["sizes"])()
drawn = AppTest.from_function(app, default_timeout=600)
drawn.session_state["_share"] = True
import streamlit as st
draw, made = st.download_button, []
st.download_button = lambda label, data, *w, **m: (made.append(data()), draw(label, data, *w, **m))
drawn.run()
shown = ("<h1>Sizes</h1>" in made[0], "<td>People</td><td>800</td>" in made[0], "<script" in made[0])
print(shown, [(shown.label, shown.value) for shown in drawn.metric], list(drawn.exception), list(drawn.error))
"""


def test_the_page_is_drawn_in_the_frame_of_the_app_and_can_be_taken_away(site):
    (site / "draw_it.py").write_text(PAGE)
    done = python(site, str(site / "draw_it.py"))
    assert done.stdout.strip() == "(True, True, False) [('People', '800'), ('Items', '820')] [] []", done.stderr


FORM = """
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import app_test
from tests.ui import app as pages
app_test.PagesManager, PagesManager.uses_pages_directory = pages._WarmPages, False
from gnnrec_ui import ask
asked, before = [], ask.explanation
ask.explanation = lambda *case, **settings: asked.append((case[3], settings)) or before(*case, **settings)
drawn = pages.open_page("explain", view="Methods", settings_of="rarity", rarity_power="2.5")
print(pages.widget(drawn.selectbox, "Method").value, pages.widget(drawn.number_input, "Power").value)
pages.widget(drawn.number_input, "Power").set_value(3.0).run()
print([settings for name, settings in asked if name == "rarity"])
"""


def test_the_settings_of_an_explainer_are_a_form_in_the_address_and_reach_its_answer(site, monkeypatch):
    monkeypatch.setenv("GNNREC_HOME", str(site / "home"))
    (site / "ask_it.py").write_text(FORM)
    done = python(site, str(site / "ask_it.py"))
    first, second = done.stdout.splitlines()
    assert first == "rarity 2.5", done.stderr
    assert second == "[{'power': 2.5}, {'power': 3.0}]"


def test_listing_them_imports_nothing_heavy(site):
    code = (
        "import sys; from gnnrec_core.models import MODELS; from gnnrec_core.explain import EXPLAINERS;"
        "print('puresvd' in MODELS.names, 'rarity' in EXPLAINERS.names, 'sample_plugins.puresvd' in sys.modules,"
        "'numpy' in sys.modules)"
    )
    assert python(site, "-c", code).stdout.split() == ["True", "True", "False", "False"]


DECLARATIONS = """
from gnnrec_core.base.registry import Plugin
PLUGINS = (
    Plugin("lightgcn", "x:X", "X", "", kind="model"),
    Plugin("Bad Name", "x:X", "X", "", kind="model"),
    Plugin("odd", "x:X", "X", "", {"speed": 1}, kind="model"),
    Plugin("gone", "no_such_module:X", "X", "", kind="explainer"),
    Plugin("what", "x:X", "X", "", kind="hat"),
    Plugin("bare", "bad_declarations:BARE", "X", "", kind="metric"),
)
from types import SimpleNamespace
BARE = SimpleNamespace(name="bare")
"""


def test_a_broken_package_is_named_and_everything_else_goes_on(site):
    installed(site, "falls-over", "no_such_declarations:PLUGINS")
    installed(site, "bad-declarations", "bad_declarations:PLUGINS")
    (site / "bad_declarations.py").write_text(DECLARATIONS)
    code = (
        "from gnnrec_core.models import MODELS; from gnnrec_core.explain import EXPLAINERS;"
        "from gnnrec_core.audit.metrics import METRICS; from gnnrec_core.base.outside import problems;"
        "print(MODELS.load('lightgcn').__module__, 'puresvd' in MODELS, 'first_hit' in METRICS, 'bare' in METRICS)\n"
        "try: EXPLAINERS.load('gone')\n"
        "except Exception as error: print(type(error).__name__, error.hint)\n"
        "print(*problems(), sep='\\n')"
    )
    done = python(site, "-c", code)
    first, second, *said = done.stdout.splitlines()
    assert first == "gnnrec_core.models.lightgcn True True False", done.stderr
    assert second == "UnsupportedError Repair or uninstall bad-declarations."
    told = "\n".join(said)
    for part in ("'falls-over'", "'lightgcn' of its model is taken by GNNRec Lens itself", "'Bad Name' is no name"):
        assert part in told
    for part in ("speed = 1", "of no kind", "'gone' fails: ModuleNotFoundError", "'bare' is declared as a metric"):
        assert part in told
    assert "falls-over" in python(site, "-m", "gnnrec_core", "--help").stderr
