"""What second opinions cost and how far they agree with exact deletion.

Time: MovieLens 100K, three layers, 64 dimensions, random embeddings (time does not depend on what was learned), users
of median, 90th percentile and largest degree; PyG's own GNNExplainer on the whole graph beside ours, at the same seed.
Agreement: Spearman with exact leave-one-out on cases of the shipped LightGCN and GAT.

Writes benchmarks/results/second_opinions.json.
"""

from __future__ import annotations

import argparse
import time
import warnings
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from common import DATA, ROOT, movielens, seconds, write

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.explain.case import make_case
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.methods.gnn_explainer import GNNExplainerSettings, learn_mask
from gnnrec_core.explain.scores.edge_effects import leave_one_out
from gnnrec_core.explain.scores.graph_masks import PairScore
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.explain.truth.faithfulness import measure, truth_of
from gnnrec_core.models import MODELS
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run

TIMED = ("integrated_gradients", "saliency", "input_x_gradient", "shapley")
COMPARED = ("ledger", "weight_gradient", *TIMED, "attention", "gnnexplainer", "random")
PYG_EPOCHS, FULL_EPOCHS, N_SLOW = 5, 100, 5


def lightgcn(dataset: Any) -> Any:
    """Three layers of 64 dimensions with random embeddings."""
    kind = MODELS.load("lightgcn")
    return kind.create(dataset, read_settings(kind.settings_type, {"n_layers": 3, "embedding_dim": 64}), 0, "cpu")


def milliseconds(model: Any, dataset: Any, user: int) -> dict[str, float]:
    """Median CPU time of each method for one pair, model and caches loaded."""
    case = make_case(model, dataset, user, int(np.argmax(model.score(np.array([user]))[0])), "score", 10)
    found = {"degree": float(len(prepare(model).edges_of(user)))}
    for name in TIMED:
        method = EXPLAINERS.load(name)()
        settings = method.settings_type()
        found[name] = 1000 * seconds(lambda m=method, s=settings: m.explain(model, dataset, case, s, 0), rounds=5)
    return found


def beside_pyg(model: Any, dataset: Any, user: int) -> dict[str, float]:
    """Seconds an epoch, how far the masks differ, and leave-one-out against PyG's default 100 epochs."""
    from torch_geometric.explain import Explainer, ModelConfig
    from torch_geometric.explain import GNNExplainer as PyGExplainer
    from torch_geometric.nn import LGConv

    class Wrapper(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.ModuleList(LGConv() for _ in range(3))

        def forward(self, x: Any, edge_index: Any, edge_label_index: Any) -> Any:
            outputs = [x]
            for layer in self.layers:
                outputs.append(layer(outputs[-1], edge_index))
            final = torch.stack(outputs).mean(0)
            return (final[edge_label_index[0]] * final[edge_label_index[1]]).sum(-1)

    case = make_case(model, dataset, user, int(np.argmax(model.score(np.array([user]))[0])), "score", 10)
    settings = GNNExplainerSettings(counts_as=0, n_epochs=PYG_EPOCHS)
    explainer = Explainer(
        Wrapper(),
        PyGExplainer(PYG_EPOCHS, settings.learning_rate, edge_size=settings.edge_size),
        explanation_type="model",
        edge_mask_type="object",
        model_config=ModelConfig(mode="regression", task_level="edge", return_type="raw"),
    )
    x = torch.from_numpy(model.propagation().embedding.astype(np.float32))
    edge_index = torch.from_numpy(model.graph.edge_index.copy())
    pair = torch.tensor([[user], [model.graph.n_users + case.item_index]])
    torch.manual_seed(0)
    start = time.process_time()
    theirs = explainer(x, edge_index, edge_label_index=pair).edge_mask.double().numpy()
    pyg = (time.process_time() - start) / PYG_EPOCHS
    score = PairScore.of(prepare(model), case)
    ours = learn_mask(score, case.score, settings, 0)
    own = seconds(lambda: learn_mask(score, case.score, settings, 0), rounds=3) / PYG_EPOCHS
    scorer, edges = scorer_of(model), prepare(model).edges_of(user)
    exact = seconds(lambda: leave_one_out(scorer, case, edges))
    return {
        "pyg_seconds_per_epoch": pyg,
        "own_seconds_per_epoch": own,
        "times_faster": pyg / own,
        "largest_difference_of_masks": float(np.abs(ours - theirs).max()),
        "leave_one_out_milliseconds": 1000 * exact,
        f"leave_one_out_times_faster_than_pyg_{FULL_EPOCHS}_epochs": pyg * FULL_EPOCHS / exact,
    }


def agreement(name: str, n_cases: int) -> dict[str, Any]:
    """Mean and least Spearman correlation with exact leave-one-out, and how often random is beaten."""
    run = load_run(ROOT / "sample_data" / "runs" / name)
    users = np.random.default_rng(0).permutation(run.dataset.n_users)[:n_cases]
    lists = recommend(run, users, 10)
    panels: dict[str, list[Any]] = {method: [] for method in COMPARED}
    for row, user in enumerate(users):
        item = int(lists.item_index[row, row % 10])
        truth = truth_of(run.model, run.dataset, make_case(run.model, run.dataset, int(user), item, "score", 10))
        for method in COMPARED:
            if method == "gnnexplainer" and row >= N_SLOW:
                continue
            with suppress(UnsupportedError):
                told = explain(run, int(user), item, method, check_top=0)
                panels[method].append(measure(run.model, run.dataset, told, n_steps=1, truth=truth))
    return {method: _summary(found) for method, found in panels.items() if found}


def _summary(panels: list[Any]) -> dict[str, Any]:
    values = [panel.spearman for panel in panels if panel.spearman is not None]
    return {
        "n_cases": len(panels),
        "mean_spearman": float(np.mean(values)),
        "least_spearman": float(np.min(values)),
        "beats_random": float(np.mean([panel.beats_random for panel in panels])),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-cases", type=int, default=40)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="`torch.jit.script` is deprecated")
    torch.set_num_threads(1)
    figures: dict[str, Any] = {}
    if DATA.is_dir():
        dataset = movielens(0)
        model = lightgcn(dataset)
        order = np.argsort(np.bincount(dataset.interactions.user_index, minlength=dataset.n_users))
        chosen = (order[len(order) // 2], order[int(0.9 * len(order))], order[-1])
        figures["milliseconds"] = [milliseconds(model, dataset, int(user)) for user in chosen]
        figures["beside_pyg"] = beside_pyg(model, dataset, int(chosen[0]))
        print(figures, flush=True)
    figures["agreement_with_leave_one_out"] = {name: agreement(name, arguments.n_cases) for name in ("lightgcn", "gat")}
    write("second_opinions", vars(arguments), figures)


if __name__ == "__main__":
    main()
