"""A workspace in which every text that comes from data tries to do something."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import polars as pl

from gnnrec_core.base.files import write_json
from gnnrec_core.data.dataset import SPLITS, Dataset, Interactions, Relation, Vocabulary
from gnnrec_core.data.store import save_dataset
from gnnrec_core.runs.job_files import Job, TrainRequest
from gnnrec_core.runs.reviews import add_review
from gnnrec_core.runs.run import RunRecord
from gnnrec_core.runs.training import train
from gnnrec_core.runs.workspace import Workspace

HOST = "http://evil.invalid"
"""A host that never answers; the browser harness notes every request to it."""
RUN = "(window.top||window).__ran=1"
PAYLOADS = (
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f'<iframe srcdoc="<script>{RUN}</script>"></iframe>',
    f'"><img src=x onerror="{RUN}">',
    f"'-({RUN})-'",
    f"</script><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"<a href=javascript:{RUN}>href</a>",
    f"[click](javascript:{RUN})",
    f"![p]({HOST}/a.png)",
    f"[link]({HOST}/b)",
    f"<img src={HOST}/c.png>",
    f'<meta http-equiv="refresh" content="0;url={HOST}/d">',
    f"<style>@import '{HOST}/e.css'</style>",
    f"{HOST}/f and www.evil.invalid",
    f"<details open ontoggle={RUN}>x</details>",
    f"<math><mtext><script>{RUN}</script></mtext></math>",
    f"${{{RUN}}}$ {{{{7*7}}}} <%= 7*7 %>",
    f"\\href{{javascript:{RUN}}}{{x}} $\\href{{javascript:{RUN}}}{{y}}$",
    ":red[loud] **bold** _it_ `code` :material/home: ~~x~~",
    "=cmd|' /C calc'!A0",
    f'=HYPERLINK("{HOST}/g","x")',
    f"x` onmouseover=`{RUN}` y",
    "# Heading",
    f"<object data=javascript:{RUN}></object>",
)


def hostile_dataset() -> Dataset:
    """As many users and items as payloads; every id, title, attribute, label and relation name is one."""
    n = len(PAYLOADS)
    users = np.repeat(np.arange(n), 6)
    items = (users * 5 + np.tile(np.arange(6) * 3, n)) % n
    pairs = np.unique(np.stack([users, items]), axis=1)
    split = np.where(np.arange(pairs.shape[1]) % 6 == 5, SPLITS.index("test"), SPLITS.index("train"))
    split = np.where(np.arange(pairs.shape[1]) % 6 == 4, SPLITS.index("validation"), split)
    labels = [PAYLOADS[(place + 3) % n] for place in range(n)]
    name = f"![p]({HOST}/relation.png)"
    relation = Relation(name, "item-attribute", n + np.arange(n), 2 * n + np.arange(n), np.ones(n))
    return Dataset(
        name=PAYLOADS[10],
        users=Vocabulary("user", PAYLOADS),
        items=Vocabulary("item", tuple(f"id {text}" for text in PAYLOADS)),
        interactions=Interactions(
            *pairs, np.ones(pairs.shape[1], np.float32), split, 1_600_000_000 + 86_400 * np.arange(pairs.shape[1])
        ),
        user_table=pl.DataFrame(
            {"user_index": range(n), "user_id": PAYLOADS, PAYLOADS[11]: [PAYLOADS[u % 2] for u in range(n)]}
        ),
        item_table=pl.DataFrame(
            {
                "item_index": range(n),
                "item_id": [f"id {text}" for text in PAYLOADS],
                "title": PAYLOADS,
                "author": labels,
                PAYLOADS[12]: [[label, PAYLOADS[0]] for label in labels],
            }
        ),
        attribute_table=pl.DataFrame({"attribute_index": range(n), "relation": [name] * n, "label": labels}),
        relations=(relation,),
        source=f"{PAYLOADS[2]}.csv",
    )


def hostile_workspace(home: Path, *models: str) -> Workspace:
    """The dataset with a short run of each of `models`, whose notes are a payload too."""
    place = Workspace(home)
    save_dataset(hostile_dataset(), home / "datasets" / "d-hostile")
    for model in models:
        folder = home / "runs" / f"r-{model}"
        folder.parent.mkdir(exist_ok=True)
        train(home / "datasets" / "d-hostile", model, {"epochs": 2, "embedding_dim": 8}, folder, device="cpu")
        note = f"{PAYLOADS[1]} {PAYLOADS[10]}"
        (folder / "run.json").write_text(_json(replace(RunRecord.read(folder), notes=note)), encoding="utf-8")
        for text in PAYLOADS:
            add_review(place, folder.name, PAYLOADS[0], "id " + PAYLOADS[0], "score", "comment", text[:80], text)
    _dead_job(place)
    return place


def _dead_job(place: Workspace) -> None:
    """A training whose process is gone; its words, its model and its dataset are payloads."""
    folder = place.home / "jobs" / "r-dead"
    folder.mkdir(parents=True)
    job = Job("r-dead", 1, TrainRequest(PAYLOADS[1], PAYLOADS[10], {PAYLOADS[2]: PAYLOADS[3]}), pid=-1, started=0.0)
    write_json(folder / "job.json", asdict(job))
    (folder / "log.txt").write_text("\n".join(PAYLOADS), encoding="utf-8")


def _json(record: RunRecord) -> str:
    import json

    return json.dumps(record.to_dict())
