"""What the mutation tool changes and what it leaves alone, and that its verdict is that of the tests."""

import subprocess
from pathlib import Path

import pytest

mutants = pytest.importorskip("tools.mutants", reason="needs cosmic-ray (requirements-dev.txt)")

CODE = '''
from numpy import sum

SIZE = 4096
SMALL = 1e-9


@decorated(3)
def f(x: int | None, y: "a > b", *, k: int = 2) -> int | float:
    """At least 5 > 4."""
    z: float | int = 1
    if x > y:
        raise ValueError(f"{x + 1} is more than 5")
    return max(x, 0.2) + sum
'''


@pytest.fixture
def changes(monkeypatch):
    monkeypatch.setattr(mutants, "_source", lambda module: CODE)
    return {mutant.lines() for mutant in mutants.mutants_of("f.py")}


def test_figures_comparisons_and_calls_are_changed(changes):
    assert {after for _, after in changes} >= {
        "if x >= y:",
        "if x <= y:",
        "return min(x, 0.2) + sum",
        "return max(x, 0.25) + sum",
        "return max(x, 0.2) - sum",
        "z: float | int = 2",
    }


def test_texts_annotations_decorators_and_messages_are_left_alone(changes):
    changed = {before for before, _ in changes}
    assert changed == {
        'def f(x: int | None, y: "a > b", *, k: int = 2) -> int | float:',  # its default
        "z: float | int = 1",
        "if x > y:",
        "return max(x, 0.2) + sum",
    }
    assert all("|" in after for before, after in changes if "|" in before)
    assert all("*," in after for before, after in changes if "*," in before)


def test_every_module_and_test_that_it_names_is_there_and_draws_come_from_the_seed():
    for module, tests in mutants.MODULES.items():
        assert all((mutants.ROOT / path).is_file() for path in (module, *tests))
    one, again, other = (
        [str(m) for m in mutants.sample(["gnnrec_core/audit/verdicts.py"], 5, seed)] for seed in (1, 1, 2)
    )
    assert one == again != other


def test_lines_named_as_equivalent_are_lines_of_today():
    for module, before, after in mutants.EQUIVALENT:
        lines = [mutant.lines() for mutant in mutants.mutants_of(module)]
        assert (before, after) in lines, f"{module}: {before}"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize(("test", "killed"), [("assert double(2) == 4", True), ("assert double(0) == 0", False)])
def test_a_mutant_survives_only_where_all_tests_pass(test, killed, tmp_path, monkeypatch):
    root, tree = tmp_path / "root", tmp_path / "tree"
    (root / "tests").mkdir(parents=True)
    (root / "doubled.py").write_text("def double(x):\n    return x * 2\n")
    (root / "tests" / "test_double.py").write_text(f"from doubled import double\ndef test_it():\n    {test}\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    monkeypatch.setattr(mutants, "ROOT", Path(root))
    monkeypatch.setattr(mutants, "_source", lambda module: (root / module).read_text())
    monkeypatch.setattr(mutants, "MODULES", {"doubled.py": ("tests/test_double.py",)})
    monkeypatch.setattr(mutants, "PRELOADED", ())
    judge = mutants.Judge(tree)
    drawn = [m for m in mutants.mutants_of("doubled.py") if m.lines()[1] == "return x * 3"]
    assert [judge.is_killed(mutant) for mutant in drawn] == [killed]
    assert (tree / "doubled.py").read_text() == (root / "doubled.py").read_text()
