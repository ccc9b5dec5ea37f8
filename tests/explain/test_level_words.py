"""No sentence is stronger than its level: texts are read for what they may not say."""

import ast
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from gnnrec_core.data.store import save_dataset
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.truth.calibration import calibrate
from gnnrec_core.explain.truth.retraining import retrain
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import train
from tests.worlds import random_dataset

ROOT = Path(__file__).resolve().parents[2]
NEVER = re.compile(
    r"com(?:es|ing) from no interaction|carried by no interaction|no interaction carries|"
    r"\bwill (?:fall|rise|leave)\b|\bproves that\b|\bguarantees?\b(?! of)|\bthe true cause\b|\bcaused by\b",
    re.IGNORECASE,
)
"""What no text for people may claim."""
WITHOUT = re.compile(r"[Ww]ithout\b.*\b(?:falls|rises|stays|stands)\b")
LEVEL = re.compile(r"in this model as it stands|foretold|trained again")


def texts(path):
    """String constants of a module that document nothing, with f-strings put together as far as they are constant."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "..." for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def test_no_text_for_people_claims_what_no_level_supports():
    """Every room of the library, every page, and every document."""
    folders = ("gnnrec_core", "gnnrec_ui", "pages", "examples")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 500
    found = [(str(path), said) for path in files for text in texts(path) for said in NEVER.findall(text)]
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert len(pages) > 20
    told = [(str(path), said) for path in pages for said in NEVER.findall(path.read_text(encoding="utf-8"))]
    assert not found and not told


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("words")
    save_dataset(random_dataset(n_users=120, n_items=40, per_user=11, seed=1), home / "data")
    train(home / "data", "lightgcn", {"embedding_dim": 8, "epochs": 4, "batch_size": 512}, home / "run")
    train(home / "data", "ease", {}, home / "exact")
    return home


def sentences(run, user, target):
    item = int(recommend(run, np.array([user]), 10).item_index[0, 2])
    return explain(run, user, item, "ledger", target, check_top=4).narrative


@pytest.mark.parametrize("target", ["score", "margin"])
def test_every_sentence_about_what_happens_without_something_names_its_level(home, target):
    run = load_run(home / "run")
    (home / "run" / "retraining.json").unlink(missing_ok=True)
    shutil.rmtree(home / "run" / "retrained", ignore_errors=True)
    plain = sentences(run, 3, target)
    calibrate(run)
    told = sentences(run, 3, target)
    item = int(recommend(run, np.array([3]), 10).item_index[0, 2])
    strongest = explain(run, 3, item, "ledger", target, check_top=1).contributions[0]
    retrain(run, 3, item, [run.dataset.items.index(strongest.item)])
    again = sentences(run, 3, target)
    exact = sentences(load_run(home / "exact"), 3, target)
    for narrative in (plain, told, again, exact):
        about = [said for said in narrative if WITHOUT.search(said)]
        assert about and all(LEVEL.search(said) for said in about)
        assert not any(NEVER.search(said) for said in narrative)
    assert any("not calibrated" in said for said in plain) and not any("not calibrated" in said for said in told)
    assert any("(foretold;" in said for said in told) and any("(trained again, 1 seed;" in said for said in again)
    assert any("(trained again, exactly;" in said for said in exact) and not any("oretold" in said for said in exact)
