"""How cost grows with the data: questions about one person and about everybody, over worlds of growing size.

    python benchmarks/bench_growth.py                   # 10,000 to 215,000 people: minutes
    python benchmarks/bench_growth.py --sizes S M L XL  # up to 1,000,000 people, 200,000 items, 20,000,000 interactions

Each question is asked in a process of its own, which imports what it needs first: CPU seconds (user and system) and
memory are counted from there (`above_imports`, from a process that imports and asks nothing). Between two sizes the
exponent is log(cost / cost) / log(interactions / interactions): 1 grows as the data, 0 not at all. `first` answers make
what is kept beside data and run; the others find it there. Drawn in `results/growth.html`.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
from common import RESULTS, ROOT, write
from growth_world import SIZES

N_ASKED = 20
CHILD = """
import json, pathlib, resource, shutil, sys, time
import gnnrec_core as gr
import numpy, polars, scipy.sparse, scipy.stats, scipy.optimize, torch
import gnnrec_core.api.asking, gnnrec_core.api.judging, gnnrec_core.audit.auditing, gnnrec_core.models.lightgcn
import gnnrec_core.models.lowpass, gnnrec_core.models.popularity, gnnrec_core.explain.explaining
import gnnrec_core.explain.methods.ledger, gnnrec_core.explain.questions.counterfactual
from gnnrec_core.runs.training import train

home, user, n_users, n_items, threads = json.loads(sys.argv[1])
torch.set_num_threads(threads)

def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

def first_of(name):
    run = gr.load(home + name)
    return run, [item["item"] for item in gr.recommend(run, user, k=10).to_dict()["items"]]

def fit(model):
    made = train(pathlib.Path(home, "data"), model, {}, pathlib.Path(home, model), overwrite=True, device="cpu")
    said["validation_ndcg"] = made.figures["validation"].get("ndcg@20")

def judge(name, **sample):
    found = gr.evaluate(home + "/" + name, 20, **sample).to_dict()["metrics"]["ndcg"]
    said[name] = [found["value"], found["low"], found["high"]]

said, base, before, clock = {}, peak(), spent(), time.perf_counter()
"""
END = """
print(json.dumps({"cpu_seconds": round(spent() - before, 3), "seconds": round(time.perf_counter() - clock, 3),
                  "peak_gib": round(peak(), 3), "above_imports_gib": round(peak() - base, 3), **said}))
"""
FORGET = """
for kept in pathlib.Path(home).glob("*/.kept"):
    shutil.rmtree(kept)
before, clock = spent(), time.perf_counter()
"""
LISTS = """
steps = numpy.random.default_rng(0).integers(1, n_items // 20, (n_users, 20))
lists = numpy.cumsum(steps, axis=1) % n_items
ids = [polars.Series([k + str(place).zfill(7) for place in range(n)]) for k, n in (("u", n_users), ("i", n_items))]
table = {"user": ids[0].gather(numpy.repeat(numpy.arange(n_users), 20)), "item": ids[1].gather(lists.ravel()),
         "rank": numpy.tile(numpy.arange(1, 21), n_users)}
polars.DataFrame(table).write_parquet(home + "/lists.parquet")
"""
LEDGER = 'said["gap"] = gr.explain(run, user, items[0]).to_dict()["completeness_error"]'
PANEL = 'said["n"] = gr.explain(run, user, items[0], faithfulness=True).to_dict()["faithfulness"]["n_edges"]'
AGAIN = "gr.explain(run, user, items[0])\nbefore, clock = spent(), time.perf_counter()\ngr.explain(run, user, items[1])"
ASK = 'run, items = first_of("/lightgcn")\n'
QUESTIONS = {
    "imports alone": "",
    "import": 'shutil.rmtree(home + "/again", ignore_errors=True)\n'
    'columns = {"user_col": "user", "item_col": "item", "time_col": "time"}\n'
    'gr.read(home + "/log.parquet", home + "/again", split="random", **columns)',
    "recommend, first": FORGET + ASK,
    "recommend": ASK,
    "ledger": ASK + LEDGER,
    "panel": ASK + PANEL,
    "counterfactual": ASK + "gr.counterfactual(run, user, items[0])",
    "another explanation": ASK + AGAIN,
    "fit popularity": 'fit("popularity")',
    "fit lowpass": 'fit("lowpass")',
    "lowpass, recommend": 'first_of("/lowpass")',
    "lowpass, ledger": 'run, items = first_of("/lowpass")\n' + LEDGER,
    "evaluate a sample": 'judge("lowpass", sample_users=10_000)\njudge("popularity", sample_users=10_000)',
    "make lists": LISTS,
    "audit of lists": 'shutil.rmtree(home + "/listed", ignore_errors=True)\n'
    'gr.audit(gr.import_run(home + "/data", home + "/listed", lists=home + "/lists.parquet"), k=20)',
}
WHOLE = {"evaluate everybody": 'judge("lightgcn")'}


def asked(body: str, given: tuple[Any, ...]) -> dict[str, Any]:
    """What a process of its own spends on a question; its last line of error where it fails."""
    command = [sys.executable, "-c", CHILD + body + END, json.dumps(given)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [str(done.returncode)])[-1][:300]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(home: Path, size: str, wanted: list[str], threads: int) -> dict[str, dict[str, Any]]:
    """All questions of one size; the world is made where it is not there yet."""
    if not (home / "lightgcn" / "run.json").is_file():  # in a process of its own: its memory is not ours
        make = "from pathlib import Path; from growth_world import make_world; make_world(Path({!r}), {!r})"
        subprocess.run([sys.executable, "-c", make.format(str(home), size)], cwd=Path(__file__).parent, check=True)
    n_users, n_items = SIZES[size]
    figures = {}
    for name, body in (QUESTIONS | WHOLE).items():
        if name in wanted:
            figures[name] = asked(body, (str(home), f"u{user_of(home):07}", n_users, n_items, threads))
            print(size, name, figures[name], file=sys.stderr, flush=True)
    return figures


def user_of(home: Path) -> int:
    """Who is asked about: the first person with twenty train interactions, the same in all sizes."""
    log = pl.scan_parquet(home / "data" / "interactions.parquet").filter(pl.col("split") == "train")
    counts = log.group_by("user_index").len().filter(pl.col("len") == N_ASKED)
    return int(counts.select(pl.col("user_index").min()).collect().item())


def interactions(home: Path) -> int:
    """How many the world has."""
    return int(json.loads((home / "data" / "dataset.json").read_text())["n_interactions"])


def exponents(costs: dict[str, dict[str, dict[str, Any]]], sizes: dict[str, int]) -> dict[str, dict[str, float]]:
    """log(cost / cost) / log(n / n) of each question between neighbouring sizes; costs below 10 ms count as 10 ms."""
    found: dict[str, dict[str, float]] = {}
    for question in QUESTIONS:
        for small, large in zip(list(sizes), list(sizes)[1:], strict=False):
            pair = [costs[size].get(question, {}).get("cpu_seconds") for size in (small, large)]
            if None not in pair:
                ratio = math.log(max(pair[1], 0.01) / max(pair[0], 0.01)) / math.log(sizes[large] / sizes[small])
                found.setdefault(question, {})[f"{small} to {large}"] = round(ratio, 2)
    return found


def draw(costs: dict[str, dict[str, dict[str, Any]]], sizes: dict[str, int]) -> str:
    """The growth of CPU seconds and memory as a page of our own blocks, on logarithmic axes."""
    from gnnrec_core.render.blocks import Curves, Section, Table
    from gnnrec_core.render.html import page

    def curves(figure: str, what: str) -> Curves:
        series = []
        for question in QUESTIONS:
            points = [(n, costs[size].get(question, {}).get(figure)) for size, n in sizes.items()]
            known = [(math.log10(n), math.log10(max(cost, 0.001))) for n, cost in points if cost is not None]
            if len(known) > 1:
                series.append((question, *map(tuple, zip(*known, strict=True))))
        return Curves(
            tuple(series), "log10 of interactions", f"log10 of {what}", f"{what}: a slope of 1 grows as the data"
        )

    rows = [
        (question, *(str(costs[size].get(question, {}).get("cpu_seconds", "–")) for size in sizes))
        for question in QUESTIONS
        if any(question in found for found in costs.values())
    ]
    table = Table(("question", *(f"{size}: {n:,}" for size, n in sizes.items())), tuple(rows), "CPU seconds by size")
    sections = (
        Section("CPU seconds", (curves("cpu_seconds", "CPU seconds"), table)),
        Section("Memory", (curves("peak_gib", "GiB at the peak"),)),
    )
    return page("How cost grows with the data", sections)


def main() -> None:
    """Ask everything of every size, and write `results/growth.json` and `results/growth.html`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["S", "M", "L"])
    parser.add_argument("--questions", nargs="+", choices=[*QUESTIONS, *WHOLE], default=list(QUESTIONS))
    parser.add_argument("--whole", action="store_true", help="evaluate everybody too: half an hour at the largest size")
    parser.add_argument(
        "--folder", type=Path, help="where worlds are kept from one call to the next (default: nowhere)"
    )
    parser.add_argument("--write", action="store_true", help="write results also where only some questions are asked")
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    wanted = chosen.questions + (list(WHOLE) if chosen.whole else [])
    with tempfile.TemporaryDirectory() as name:
        folder = chosen.folder or Path(name)
        costs = {s: measure(folder / s, s, wanted, chosen.threads) for s in chosen.sizes}
        sizes = {size: interactions(folder / size) for size in chosen.sizes}
    figures = {"interactions": sizes, "costs": costs, "exponents": exponents(costs, sizes)}
    if chosen.write or set(QUESTIONS) <= set(wanted):
        (RESULTS / "growth.html").write_text(draw(costs, sizes), encoding="utf-8")
        write(
            "growth",
            {"sizes": {s: SIZES[s] for s in chosen.sizes}, "threads": chosen.threads},
            figures,
            "CPU time, user and system, of a process of its own",
        )
    else:
        print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
