"""Time in the models: half-lives and what follows what against the same models without time, on temporal splits.

Writes results/time.json. Every setting is chosen on the validation part and judged once on the test part, NDCG@20, with
the paired 95 % interval over people against LightGCN without time. MovieLens 100K is split by date for everybody
(`temporal`; people without any earlier interaction are judged like all others), the sample for each reader. The
candidate for a model that knows order is a linear one in closed form (as SLIST, Choi et al. 2021): what came before
each interaction, weighed by how long ago, predicts it, beside what is bought together:

    B = argmin a |X - X B|^2 + (1 - a) sum over interactions |e_i - s B|^2 + l2 |B|^2,  diag(B) = 0,
    s = what the person had before, 2^(-(later interactions) / reach)

It stays out of the library unless it beats both LightGCN and the best half-life. A second candidate keeps LightGCN as
it is and moves the person alone towards what they chose last (`recent`; `--recent` measures only that). What stability
costs is in `bench_stability.py`. ML-100K lies in ../shared; without it only the sample is measured.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp
from common import DATA, RESULTS, ROOT, write

K = 20
HALF_LIVES = {"sample": (0.0, 365.0, 730.0), "ml-100k": (0.0, 30.0, 90.0)}
LINEAR = ("itemknn", "ease", "chebycf")
LONGEST = 50


def main() -> None:
    """Measure and write; without a world only the verdicts, from what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", nargs="*", default=["sample", "ml-100k"])
    parser.add_argument("--epochs", type=int, default=60, help="most of LightGCN's")
    parser.add_argument("--linear", nargs="*", default=list(LINEAR), help="linear models with and without a half-life")
    parser.add_argument("--tries", type=int, default=8, help="settings of the candidate that are tried")
    parser.add_argument("--recent", action="store_true", help="only the second candidate, against LightGCN")
    arguments = parser.parse_args()
    file = RESULTS / "time.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["figures"] if file.is_file() else {}
    for name in arguments.of:  # the other worlds stay as they were measured
        if name == "sample" or (DATA / "ml-100k").is_dir():
            if arguments.recent:
                found[name] = found.get(name, {}) | only_recent(world(name), arguments)
            else:
                found[name] = {"settings": vars(arguments), **measured(name, world(name), arguments)}
    write("time", vars(arguments), {name: {**rows, "verdict": verdict(rows)} for name, rows in found.items()})


def verdict(rows: dict[str, Any]) -> str:
    """Which models that know time are better than LightGCN for certain, and what follows for the candidate."""
    better = [name for name in rows if name.endswith("half-life") and rows[name]["against_lightgcn"]["low"] > 0]
    known = f"better than lightgcn without time: {', '.join(better) or 'none with a half-life for certain'}"
    late = rows.get("lightgcn, recent")
    if late is not None:
        sure = "is better for certain" if late["against_lightgcn"]["low"] > 0 else "is not better for certain"
        known += f"; recent choices beside lightgcn: {sure}"
    candidate = rows["what follows what"]
    best = max(row["test"] for name, row in rows.items() if name.endswith("half-life"))
    if candidate["against_lightgcn"]["low"] > 0 and candidate["test"] > best:
        return f"{known}; what follows what earns its place"
    return f"{known}; what follows what stays out: it is not better than both lightgcn and the best half-life"


def world(name: str) -> Any:
    """The dataset of that name with a split by time."""
    from gnnrec_core.data.importing import import_source
    from gnnrec_core.data.options import ImportOptions
    from gnnrec_core.data.store import load_dataset

    if name == "sample":
        return load_dataset(ROOT / "sample_data" / "classics")
    return import_source(DATA / "ml-100k", ImportOptions(split="temporal"))


def measured(name: str, dataset: Any, arguments: Any) -> dict[str, Any]:
    """Each model without time and with its best half-life, and the candidate, against LightGCN without time."""
    from gnnrec_core.runs.live import with_live
    from gnnrec_core.runs.training import fit

    rows: dict[str, Any] = {}
    quick = {"epochs": arguments.epochs}
    plain = fit(dataset, "lightgcn", quick, device="cpu")
    base = ndcg(dataset, plain.model.score, "test")
    rows["lightgcn"] = {"test": float(np.nanmean(base)), "seconds": plain.record.figures["seconds"]}
    trials: dict[str, list[tuple[str, Any]]] = {"lightgcn, half-life": []}
    for days in HALF_LIVES[name]:
        trials["lightgcn, half-life"].append(
            (f"half_life_days={days:g}, not trained for", with_live(plain, {"half_life_days": days}).model.score)
        )
    for model in arguments.linear:
        run = fit(dataset, model)
        rows[model] = judged(dataset, base, run.model.score)
        trials[f"{model}, half-life"] = [
            (f"half_life_days={days:g}", with_live(run, {"half_life_days": days}).model.score)
            for days in HALF_LIVES[name]
        ]
    grid = list(product((0.7, 0.3), (20.0, 5.0), (100.0, 300.0)))[: arguments.tries]
    trials["lightgcn, recent"] = recent(dataset, plain)
    trials["what follows what"] = [
        (f"a={a:g}, reach={reach:g}, l2={l2:g}", follows(dataset, a, reach, l2)) for a, reach, l2 in grid
    ]
    for title, tried in trials.items():
        figures = [float(np.nanmean(ndcg(dataset, score, "validation"))) for _, score in tried]
        best = int(np.argmax(figures))
        rows[title] = {"chosen": tried[best][0], "validation": figures[best], **judged(dataset, base, tried[best][1])}
    return rows


def only_recent(dataset: Any, arguments: Any) -> dict[str, Any]:
    """The second candidate against a LightGCN of its own, trained for at most `--epochs`."""
    from gnnrec_core.runs.training import fit

    plain = fit(dataset, "lightgcn", {"epochs": arguments.epochs}, device="cpu")
    base, tried = ndcg(dataset, plain.model.score, "test"), recent(dataset, plain)
    figures = [float(np.nanmean(ndcg(dataset, score, "validation"))) for _, score in tried]
    best = int(np.argmax(figures))
    row = {"chosen": tried[best][0], "validation": figures[best], **judged(dataset, base, tried[best][1])}
    return {"lightgcn, recent": {**row, "epochs": arguments.epochs, "lightgcn": float(np.nanmean(base))}}


def recent(dataset: Any, run: Any) -> list[tuple[str, Any]]:
    """LightGCN with the person moved by `weight` lengths towards what they chose last, away from what they chose on the
    whole: the mean of their items' directions, weighed by 2^(-(later interactions) / reach), less the plain mean."""
    users, items = run.model.user_factors(np.arange(dataset.n_users)), run.model.item_factors()
    direction = items / np.maximum(np.linalg.norm(items, axis=1, keepdims=True), 1e-9)
    log = dataset.interactions
    rows = log.rows("train")
    order = rows[np.lexsort((log.item_index[rows], log.timestamp[rows], log.user_index[rows]))]
    user, item = log.user_index[order], log.item_index[order]
    back = np.searchsorted(user, user, side="right") - 1 - np.arange(len(user))

    def mean(weight: Any) -> Any:
        total = np.zeros(users.shape)
        np.add.at(total, user, weight[:, None] * direction[item])
        return total / np.maximum(np.bincount(user, weights=weight, minlength=dataset.n_users), 1e-9)[:, None]

    own = users / np.maximum(np.linalg.norm(users, axis=1, keepdims=True), 1e-9)
    found, plain = [], mean(np.ones(len(user)))
    for reach, weight in product((2.0, 5.0, 10.0, 20.0), (0.1, 0.3, 1.0)):
        late = mean(2.0 ** (-back / reach))
        moved = own + weight * (late - plain) / np.maximum(np.linalg.norm(late, axis=1, keepdims=True), 1e-9)
        table = (moved @ items.T).astype(np.float32)
        found.append((f"reach={reach:g}, weight={weight:g}", lambda people, table=table: table[people].copy()))
    return found


def ndcg(dataset: Any, score: Any, split: str) -> Any:
    """NDCG@20 of each person `[n_users]`, NaN without held-out items."""
    from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
    from gnnrec_core.ranking.matrix import interaction_matrix
    from gnnrec_core.ranking.topk import rank_items
    from gnnrec_core.runs.recommend import left_out

    relevant = interaction_matrix(dataset, split)
    lists = rank_items(score, np.arange(dataset.n_users), left_out(dataset, split), K)
    return ACCURACY["ndcg"](hits(lists, relevant), n_relevant(lists, relevant))


def judged(dataset: Any, base: Any, score: Any) -> dict[str, Any]:
    """NDCG@20 on the test part, and the paired difference to LightGCN without time."""
    from gnnrec_core.ranking.intervals import mean_interval

    own = ndcg(dataset, score, "test")
    return {"test": float(np.nanmean(own)), "against_lightgcn": mean_interval(own - base).to_dict()}


def follows(dataset: Any, share: float, reach: float, l2: float) -> Any:
    """Scores of the candidate."""
    started = time.perf_counter()
    log, n = dataset.interactions, dataset.n_items
    rows = log.rows("train")
    order = rows[np.lexsort((log.item_index[rows], log.timestamp[rows], log.user_index[rows]))]
    user, item, when = (getattr(log, name)[order] for name in ("user_index", "item_index", "timestamp"))
    place = np.arange(len(user)) - np.searchsorted(user, user)
    parts = []
    for lag in range(1, LONGEST + 1):
        later = np.flatnonzero(place >= lag)
        later = later[when[later - lag] < when[later]]  # of what has one time nobody knows the order
        parts.append((later, item[later - lag], np.full(len(later), 2.0 ** (-(lag - 1) / reach))))
    ends = [np.concatenate([part[side] for part in parts]) for side in (0, 1, 2)]
    before = sp.csr_array((ends[2], (ends[0], ends[1])), shape=(len(user), n))
    now = sp.csr_array((np.ones(len(user)), (np.arange(len(user)), item)), shape=(len(user), n))
    x = sp.csr_array((np.ones(len(user)), (user, item)), shape=(dataset.n_users, n))
    together = share * (x.T @ x).toarray()
    gram = together + (1 - share) * (before.T @ before).toarray()
    gram[np.diag_indices(n)] += l2
    inverse = np.linalg.inv(gram)
    weight = inverse @ (together + (1 - share) * (before.T @ now).toarray())
    weight -= inverse * (np.diag(weight) / np.diag(inverse))
    from_last = np.searchsorted(user, user, side="right") - 1 - np.arange(len(user))
    own = sp.csr_array((2.0 ** (-from_last / (4 * reach)), (user, item)), shape=(dataset.n_users, n))
    table = np.asarray(own @ weight, dtype=np.float32)
    print(f"what follows what: {time.perf_counter() - started:.1f} s", flush=True)
    return lambda users: table[users].copy()


if __name__ == "__main__":
    main()
