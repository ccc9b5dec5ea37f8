"""Mutation testing of the formulas: one small change at a time, and the tests of the module must fail.

`python tools/mutants.py -n 100 --seed 0` draws 100 places in the modules of `MODULES` (a place is an operator, a number
or a name of a function), makes one change at each, and runs the tests named there, in a copy of the tree, until one
fails. It prints the survivors with their lines and ends with the score; exit 1 where it is below `--goal`.

The changes are Cosmic Ray's operators, without those that hardly any test could miss (`+` to `<<`), and two of our own:
numbers a quarter more or a fifth less, and functions taken for their neighbours (min for max). Texts, type annotations,
decorators and `raise` statements are left alone: this is about figures. Changes that change no answer are in
`EQUIVALENT`, with the reason, and are not drawn.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = "tests/test_examples.py"
ORACLE = ("tests/audit/test_oracle.py", "tests/audit/test_metric_edges.py", "tests/audit/test_auditing.py")
LINEAR = ("tests/explain/test_removal.py", "tests/explain/test_ledger.py", "tests/equivalence/test_lightgcn.py")
SEARCH = ("tests/explain/test_counterfactual.py",)

MODULES: dict[str, tuple[str, ...]] = {
    "gnnrec_core/audit/studies/comparing.py": ("tests/audit/test_comparing.py",),
    "gnnrec_core/audit/stats/cosines.py": ORACLE,
    "gnnrec_core/audit/curves.py": ("tests/audit/test_curves.py",),
    "gnnrec_core/audit/disclosure.py": ("tests/audit/test_disclosure.py",),
    "gnnrec_core/audit/evidence.py": ORACLE,
    "gnnrec_core/audit/group_audit.py": ("tests/audit/test_auditing.py",),
    "gnnrec_core/audit/groups.py": ("tests/audit/test_groups.py",),
    "gnnrec_core/audit/metrics/accuracy.py": ORACLE,
    "gnnrec_core/audit/metrics/calibration.py": ORACLE,
    "gnnrec_core/audit/metrics/coverage.py": ORACLE,
    "gnnrec_core/audit/metrics/diversity.py": ORACLE,
    "gnnrec_core/audit/metrics/individual.py": ORACLE,
    "gnnrec_core/audit/metrics/popularity.py": ORACLE,
    "gnnrec_core/audit/metrics/providers.py": ORACLE,
    "gnnrec_core/audit/metrics/users.py": ORACLE,
    "gnnrec_core/audit/segments.py": ("tests/audit/test_groups.py", *ORACLE, "tests/audit/test_curves.py"),
    "gnnrec_core/audit/stats/spread.py": ORACLE,
    "gnnrec_core/audit/stats/statistics.py": ("tests/audit/test_statistics.py",),
    "gnnrec_core/audit/decision.py": ("tests/audit/test_decision.py", "tests/audit/test_verdicts.py"),
    "gnnrec_core/audit/verdicts.py": ("tests/audit/test_verdicts.py",),
    "gnnrec_core/data/splits.py": ("tests/data/test_splits.py",),
    "gnnrec_core/explain/questions/counterfactual.py": SEARCH,
    "gnnrec_core/explain/questions/exchange.py": SEARCH,
    "gnnrec_core/explain/truth/faithfulness.py": ("tests/explain/test_faithfulness.py",),
    "gnnrec_core/explain/methods/leave_one_out.py": ("tests/explain/test_leave_one_out.py", *LINEAR),
    "gnnrec_core/explain/methods/ledger.py": LINEAR,
    "gnnrec_core/explain/scores/linear.py": LINEAR,
    "gnnrec_core/explain/truth/planted.py": ("tests/explain/test_planted.py",),
    "gnnrec_core/explain/scores/predictor.py": (*SEARCH, "tests/explain/test_removal_bounds.py"),
    "gnnrec_core/explain/scores/removal.py": LINEAR,
    "gnnrec_core/explain/questions/small_sets.py": SEARCH,
    "gnnrec_core/models/ease.py": ("tests/models/test_baselines.py", "tests/models/test_estimating.py"),
    "gnnrec_core/models/ops/fitting.py": ("tests/models/test_fitting.py", "tests/models/test_training.py"),
    "gnnrec_core/models/itemknn.py": ("tests/models/test_baselines.py", "tests/models/test_refit.py"),
    "gnnrec_core/models/ops/losses.py": ("tests/models/test_losses.py",),
    "gnnrec_core/models/popularity.py": ("tests/models/test_baselines.py",),
    "gnnrec_core/models/ops/sampling.py": ("tests/models/test_sampling.py",),
    "gnnrec_core/ranking/accuracy.py": ("tests/ranking/test_accuracy.py", *ORACLE),
    "gnnrec_core/ranking/intervals.py": (
        "tests/ranking/test_accuracy.py",
        "tests/ranking/test_intervals.py",
        "tests/audit/test_statistics.py",
    ),
    "gnnrec_core/ranking/topk.py": ("tests/ranking/test_topk.py",),
}
"""Each module with formulas, and the tests that must notice a change of it (the quickest first)."""

EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        "gnnrec_core/explain/scores/linear.py",
        "closed = self.has_fast_leave_one_out and self.prepared.star(user_index, edges) is None",
        "closed = self.has_fast_leave_one_out and self.prepared.star(user_index, edges) is not None",
    ): "both ways are exact, one is quicker",
    (
        "gnnrec_core/audit/verdicts.py",
        "elif abs(value) < 1e-4:  # no powers of ten for people",
        "elif abs(value) < 0.000125:  # no powers of ten for people",
    ): "both ways write three digits of what lies between",
    (
        "gnnrec_core/audit/groups.py",
        "member = np.stack([column for _, column in kept], axis=1) if kept else np.zeros((len(first.known), 0), bool)",
        "member = np.stack([column for _, column in kept], axis=1) if kept else np.ones((len(first.known), 0), bool)",
    ): "an array without entries",
    (
        "gnnrec_core/audit/decision.py",
        'return Decision("better" if (effect.value > 0) == (metric.direction == "higher") else "worse", is_qualified)',
        'return Decision("better" if (effect.value >= 0) == (metric.direction == "higher") else "worse", is_qualified)',
    ): "a difference of 0 never stands up to a test",
    (
        "gnnrec_core/audit/curves.py",
        '"list_share": share.T @ evidence.counts / max(1.0, evidence.counts.sum()),',
        '"list_share": share.T @ evidence.counts / max(0.8, evidence.counts.sum()),',
    ): "counts are whole numbers: 0 over either is 0",
    (
        "gnnrec_core/explain/scores/removal.py",
        "return np.zeros((0, len(item_indices)))",
        "return np.ones((0, len(item_indices)))",
    ): "an array without entries",
    (
        "gnnrec_core/explain/truth/planted.py",
        "break",
        "continue",
    ): "enough cases are found already: the others are only looked at",
    (
        "gnnrec_core/audit/metrics/calibration.py",
        "return np.where(np.isnan(p).any(1) | np.isnan(q).any(1), np.nan, js(p, q))",
        "return np.where(np.isnan(p).all(1) | np.isnan(q).any(1), np.nan, js(p, q))",
    ): "a row of shares is NaN as a whole or not at all",
}
"""(module, line as it is, line as changed) to the reason why no answer changes."""

KINDS = (
    *(f"ReplaceBinaryOperator_{pair}" for pair in ("Add_Sub", "Sub_Add", "Add_Mul", "Mul_Add", "Mul_Div", "Div_Mul")),
    *(f"ReplaceBinaryOperator_{pair}" for pair in ("Div_FloorDiv", "FloorDiv_Mul", "Mod_FloorDiv", "Pow_Mul")),
    *(f"ReplaceBinaryOperator_{pair}" for pair in ("BitAnd_BitOr", "BitOr_BitAnd", "BitXor_BitAnd")),
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Lt_GtE", "LtE_Gt")),
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Gt_LtE", "GtE_Lt", "Eq_NotEq", "NotEq_Eq", "Is_IsNot")),
    *(f"ReplaceUnaryOperator_{pair}" for pair in ("Delete_USub", "Delete_Invert", "Delete_Not")),
    *("ReplaceComparisonOperator_IsNot_Is", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr"),
    *("ReplaceOrWithAnd", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop"),
)
NEIGHBOURS = (
    *("min max", "minimum maximum", "any all", "argmin argmax", "floor ceil", "mean sum", "nanmean nansum"),
    *("sqrt square", "log log2", "zeros ones", "zeros_like ones_like", "union1d intersect1d", "std var"),
)
SWAPPED = {a: b for pair in NEIGHBOURS for a, b in (pair.split(), pair.split()[::-1])}
SAID = "mutants_output.txt"
PRELOADED = ("numpy", "scipy.stats", "scipy.sparse", "torch", "pytest")
UNTOUCHED = ("decorator", "raise_stmt", "fstring", "import_from", "import_name", "assert_stmt")
ROUNDING, LARGE = 1e-6, 100
"""Smaller numbers are tolerances of rounding, whole ones from 100 on are sizes: a little more means nothing there."""


class SwapNeighbour(Operator):
    """A call of a function becomes that of its neighbour in `SWAPPED`."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        after = node.get_next_leaf() if node.type == "name" and node.value in SWAPPED else None
        if after is not None and after.value == "(":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        return parso.python.tree.Name(SWAPPED[node.value], node.start_pos, node.prefix)

    @classmethod
    def examples(cls) -> Iterable[Any]:
        return ()


class NudgeNumber(Operator):
    """A whole number becomes one more or one less, another a quarter more or a fifth less."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if node.type == "number" and (
            int(node.value, 0) < LARGE if _is_whole(node.value) else float(node.value) >= ROUNDING
        ):
            yield from [(node.start_pos, node.end_pos)] * 2

    def mutate(self, node: Any, index: int) -> Any:
        if _is_whole(node.value):
            changed = repr(int(node.value, 0) + (1, -1)[index])
        else:
            changed = repr(float(node.value) * (1.25, 0.8)[index])
        return parso.python.tree.Number(changed, node.start_pos, node.prefix)

    @classmethod
    def examples(cls) -> Iterable[Any]:
        return ()


def _is_whole(text: str) -> bool:
    return not any(sign in text.lower() for sign in ".e") or text.lower().startswith("0x")


@dataclass(frozen=True)
class Mutant:
    """The `number`-th change that `operator` makes to `module`, at (line, column) `place`."""

    module: str
    operator: Operator
    number: int
    place: tuple[int, int]

    def code(self) -> str:
        """The whole module, changed."""
        changed = mutate_code(_source(self.module), self.operator, self.number)
        assert changed is not None  # it was counted
        return changed

    def lines(self) -> tuple[str, str]:
        """The changed line before and after."""
        before, after = _source(self.module).splitlines(), self.code().splitlines()
        return before[self.place[0] - 1].strip(), after[self.place[0] - 1].strip()

    def __str__(self) -> str:
        before, after = self.lines()
        return f"{self.module}:{self.place[0]}\n  - {before}\n  + {after}"


@cache
def _source(module: str) -> str:
    return (ROOT / module).read_text(encoding="utf-8")


@cache
def operators() -> tuple[Operator, ...]:
    """One of each kind of change."""
    return (*(get_operator(f"core/{name}")() for name in KINDS), NudgeNumber(), SwapNeighbour())


def mutants_of(module: str) -> list[Mutant]:
    """All changes of a module, in the order of operators and places."""
    nodes = list(ast_nodes(get_ast(_source(module))))
    found = []
    for operator in operators():
        counted = [(node, start) for node in nodes for start, _ in operator.mutation_positions(node)]
        found += [
            Mutant(module, operator, number, start)
            for number, (node, start) in enumerate(counted)
            if not _is_left_alone(node)
        ]
    return found


def _is_left_alone(node: Any) -> bool:
    """Whether a node is part of a text, an annotation, a decorator, or of what is raised."""
    while node.parent is not None:
        above = node.parent
        if node.type in UNTOUCHED:
            return True
        annotates = above.type in ("annassign", "tfpdef", "param") and node.get_previous_leaf() in above.children
        if annotates and node.get_previous_leaf().value == ":":
            return True
        if above.type == "funcdef" and above.annotation is node:
            return True
        if above.type == "parameters" and node.type == "operator":  # the star before keywords
            return True
        node = above
    return False


def sample(modules: Sequence[str], n: int | None, seed: int) -> list[Mutant]:
    """One change at each of `n` places drawn evenly (all changes at all places where `n` is None)."""
    places: dict[tuple[str, tuple[int, int]], list[Mutant]] = {}
    known = {(module, before) for module, before, _ in EQUIVALENT}
    for module in modules:
        lines = _source(module).splitlines()
        for mutant in mutants_of(module):
            doubtful = (module, lines[mutant.place[0] - 1].strip()) in known
            if not doubtful or (module, *mutant.lines()) not in EQUIVALENT:
                places.setdefault((module, mutant.place), []).append(mutant)
    if n is None:
        return [mutant for mutants in places.values() for mutant in mutants]
    rng = random.Random(seed)
    return [rng.choice(places[place]) for place in rng.sample(sorted(places), min(n, len(places)))]


class Judge:
    """Runs the tests of mutants in a copy of the tree, each in a process forked from this one."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        self.seconds: dict[tuple[str, ...], float] = {}
        listed = ["git", "ls-files", "-co", "--exclude-standard"]
        for name in subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines():
            if (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, tree / name)
        for name in PRELOADED:  # imported once, not by each process
            import_module(name)

    def is_killed(self, mutant: Mutant) -> bool:
        """Whether a test fails, or the tests take more than five times as long as without the change."""
        tests = MODULES[mutant.module]
        if tests not in self.seconds:
            start = time.monotonic()
            if self._fails(mutant.module, 3600):
                said = (self.tree / SAID).read_text(encoding="utf-8")
                sys.exit(f"The tests of {mutant.module} fail without any change: {', '.join(tests)}\n{said}")
            self.seconds[tests] = time.monotonic() - start
        file = self.tree / mutant.module
        file.write_text(mutant.code(), encoding="utf-8")
        try:
            return self._fails(mutant.module, 60 + 5 * self.seconds[tests])
        finally:
            file.write_text(_source(mutant.module), encoding="utf-8")

    def _fails(self, module: str, limit: float) -> bool:
        shutil.rmtree((self.tree / module).parent / "__pycache__", ignore_errors=True)
        tests = [*MODULES[module]]
        if ">>> " in _source(module):
            tests = [f"{EXAMPLES}::test_examples_are_true[{module.removesuffix('.py').replace('/', '.')}]", *tests]
        process = multiprocessing.get_context("fork").Process(target=_run_tests, args=(self.tree, tests))
        process.start()
        process.join(limit)
        if process.is_alive():
            process.kill()
            process.join()
        return process.exitcode != 0


def _run_tests(tree: Path, tests: Sequence[str]) -> None:
    """The end of a forked process: pytest on `tests` of `tree`; its exit status is ours."""
    os.chdir(tree)
    sys.path.insert(0, str(tree))
    os.environ |= {"HYPOTHESIS_STORAGE_DIRECTORY": str(tree / ".hypothesis"), "PYTHONPATH": str(tree)}
    said = os.open(tree / SAID, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os._exit(import_module("pytest").main(["-x", "-q", "--tb=short", "-p", "no:cacheprovider", *tests]))


def main() -> int:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-n", type=int, default=None, help="places drawn (default: every change at every place)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", default="1/1", help="2/4: the second quarter of those drawn")
    parser.add_argument("--only", default="", help="modules whose path contains this")
    parser.add_argument("--goal", type=float, default=0.95, help="share that must be killed")
    parser.add_argument("--list", action="store_true", help="print the mutants and run nothing")
    given = parser.parse_args()
    part, parts = map(int, given.part.split("/"))
    drawn = sample([module for module in MODULES if given.only in module], given.n, given.seed)[part - 1 :: parts]
    if given.list:
        print(*drawn, sep="\n")
        return 0
    survivors: list[Mutant] = []
    with tempfile.TemporaryDirectory() as tree:
        judge = Judge(Path(tree))
        for number, mutant in enumerate(drawn, start=1):
            if not judge.is_killed(mutant):
                survivors.append(mutant)
                print(f"\nsurvived ({number} of {len(drawn)}): {mutant}", flush=True)
            else:
                print(".", end="", flush=True)
    killed = len(drawn) - len(survivors)
    score = {"seed": given.seed, "mutants": len(drawn), "killed": killed, "survivors": len(survivors)}
    print("\n" + json.dumps(score | {"equivalent_left_out": len(EQUIVALENT)}))
    return int(killed < given.goal * len(drawn))


if __name__ == "__main__":
    sys.exit(main())
