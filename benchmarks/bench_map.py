"""The map of a million people and items: placing, naming and drawing it, without a graphics card.

Writes results/map.json. `picture` is what a visitor waits for once the layout lies beside the run: the figure with
5,000 dots, the crowd of all behind, and names of regions. `layout` is worked out once per run, in the background:
t-SNE of `--laid-out` nodes and a place for each other one.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from common import write


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--laid-out", type=int, default=5_000)
    parser.add_argument("--communities", type=int, default=30)
    arguments = parser.parse_args()
    write("map", vars(arguments), measured(arguments.nodes, arguments.laid_out, arguments.communities))


def measured(n: int, most: int, n_communities: int) -> dict[str, Any]:
    """CPU seconds of each step, and how well neighbours stand together (share of 2,000 dots whose nearest dot in the
    picture is of their own community; by chance 1 / communities)."""
    from gnnrec_core.render.charts.embedding_map import FIRST_POINTS, embedding_map, sample
    from gnnrec_core.whole.map.layout import lay_out
    from gnnrec_core.whole.map.regions import find_regions

    rng = np.random.default_rng(0)
    which = rng.integers(0, n_communities, n)
    vectors = rng.normal(size=(n_communities, 32))[which] + rng.normal(scale=0.8, size=(n, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    found: dict[str, Any] = {}
    start = time.process_time()
    position = lay_out(vectors, 0, most).position
    found["layout"] = time.process_time() - start
    start = time.process_time()
    regions = find_regions(position, {"community": [str(one) for one in which]})
    found["regions"] = time.process_time() - start
    start = time.process_time()
    places = sample(n, FIRST_POINTS)
    named = [(region.name, region.centre) for region in regions if region.share]
    figure = embedding_map(
        position, places, list(map(str, places)), list(map(str, which[places])), None, webgl=True, regions=named,
        crowd=position,
    )  # fmt: skip
    found["picture_bytes"] = len(figure.to_json())
    found["picture"] = time.process_time() - start
    chosen = rng.choice(n, 2000, replace=False)
    apart = np.square(position[chosen, None] - position[None, chosen]).sum(2)
    np.fill_diagonal(apart, np.inf)
    found["nearest_is_of_the_same_community"] = float((which[chosen][apart.argmin(1)] == which[chosen]).mean())
    found["regions_with_a_name"] = len(named)
    return found


if __name__ == "__main__":
    main()
