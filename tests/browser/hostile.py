"""A workspace in which every text that comes from data tries to do something."""

from __future__ import annotations

import random
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import polars as pl

from gnnrec_core.base.files import write_json
from gnnrec_core.data.dataset import SPLITS, Dataset, Interactions, Relation, Vocabulary
from gnnrec_core.data.store import save_dataset
from gnnrec_core.runs.job_files import Job, TrainRequest
from gnnrec_core.runs.record import RunRecord
from gnnrec_core.runs.reviews import add_review
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


def fresh_payloads(seed: int) -> tuple[str, ...]:
    """As many payloads as ours, put together at random: nobody has written the code with these in mind."""
    rng = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < len(PAYLOADS):
        found.setdefault(" ".join(rng.choice(_KINDS)(rng).split()))
    return tuple(found)


def _case(rng: random.Random, text: str) -> str:
    return "".join(rng.choice((letter.upper(), letter.lower())) for letter in text)


def _code(rng: random.Random) -> str:
    return rng.choice((RUN, RUN.replace("=1", f"={rng.randrange(2, 99)}"), f"void({RUN})", f"{RUN};//"))


def _address(rng: random.Random) -> str:
    start = rng.choice((HOST, HOST[5:], HOST.upper(), HOST.replace("//", "////")))
    return f"{start}/{rng.randrange(10**9)}{rng.choice(('', '.png', '.css', '?q=1', '#x'))}"


def _tag(rng: random.Random) -> str:
    tag = _case(rng, rng.choice(("img", "svg", "video", "input", "body", "details", "iframe", "object", "p")))
    event = _case(rng, "on" + rng.choice(("error", "load", "focus", "toggle", "start", "mouseover", "click", "begin")))
    quote = rng.choice(("", "'", '"', "`"))
    extra = rng.choice(("", " src=x", " autofocus", " open", f" src={_address(rng)}", f" data={_address(rng)}"))
    parting = rng.choice((" ", "/", " / "))
    before = rng.choice(("", '">', "'>", "-->", "</title>", "</textarea>", "]]>", "</p>"))
    return f"{before}<{tag}{extra}{parting}{event}={quote}{_code(rng)}{quote}{rng.choice(('>', '', '/>'))}"


def _script(rng: random.Random) -> str:
    word = _case(rng, "script")
    source = rng.choice(("", f" src={_address(rng)}", " type=module"))
    return f"{rng.choice(('', '</style>', '<!--', '<![CDATA['))}<{word}{source}>{_code(rng)}</{word}>"


def _link(rng: random.Random) -> str:
    scheme = rng.choice(("javascript:", "JaVaScRiPt:", "data:text/html,<script>", "vbscript:", "&#106;avascript:"))
    target = rng.choice((f"{scheme}{_code(rng)}", _address(rng)))
    shapes = (
        "[a]({0})", "![a]({0})", "[a]: {0}", "<{0}>", "[![a]({0})]({0})", "![a][b] [b]: {0}", "<a href={0}>a</a>",
        "<link rel=stylesheet href={0}>", "<base href={0}>", "<meta http-equiv=refresh content=0;url={0}>",
        "<style>*{{background:url({0})}}</style>", "<form action={0}><button>a</button></form>", "{0}", "www.{0}",
        "$\\href{{{0}}}{{a}}$", "$$\\includegraphics{{{0}}}$$", "[^1] [^1]: {0}",
    )  # fmt: skip
    return rng.choice(shapes).format(target)


def _markup(rng: random.Random) -> str:
    word = f"w{rng.randrange(10**6)}"
    shapes = (
        ":blue[{0}]", ":material/{0}:", ":{0}:", "**{0}**", "~~{0}~~ `{0}`", "# {0}", "> {0}", "- {0}", "1. {0}",
        "| {0} | a | |---|---|", "``` {0}", "{{{{{0}}}}}", "${{{0}}}", "<%= {0} %>", "=SUM({0})", "+{0}", "@{0}",
        "-{0}|cmd", "%0a{0}", "&lt;{0}&gt;", "&{0};", "a->{0}<-b", ":red-background[{0}]", ":small[{0}]", "{0}@{0}.org",
    )  # fmt: skip
    return rng.choice(shapes).format(word)


_KINDS = (_tag, _script, _link, _markup)


def hostile_dataset(payloads: tuple[str, ...] = PAYLOADS) -> Dataset:
    """As many users and items as payloads; every id, title, attribute, label and relation name is one."""
    n = len(payloads)
    users = np.repeat(np.arange(n), 6)
    items = (users * 5 + np.tile(np.arange(6) * 3, n)) % n
    pairs = np.unique(np.stack([users, items]), axis=1)
    split = np.where(np.arange(pairs.shape[1]) % 6 == 5, SPLITS.index("test"), SPLITS.index("train"))
    split = np.where(np.arange(pairs.shape[1]) % 6 == 4, SPLITS.index("validation"), split)
    labels = [payloads[(place + 3) % n] for place in range(n)]
    name = f"![p]({HOST}/relation.png)"
    relation = Relation(name, "item-attribute", n + np.arange(n), 2 * n + np.arange(n), np.ones(n))
    return Dataset(
        name=payloads[10],
        users=Vocabulary("user", payloads),
        items=Vocabulary("item", tuple(f"id {text}" for text in payloads)),
        interactions=Interactions(
            *pairs, np.ones(pairs.shape[1], np.float32), split, 1_600_000_000 + 86_400 * np.arange(pairs.shape[1])
        ),
        user_table=pl.DataFrame(
            {"user_index": range(n), "user_id": payloads, payloads[11]: [payloads[u % 2] for u in range(n)]}
        ),
        item_table=pl.DataFrame(
            {
                "item_index": range(n),
                "item_id": [f"id {text}" for text in payloads],
                "title": payloads,
                "author": labels,
                payloads[12]: [[label, payloads[0]] for label in labels],
            }
        ),
        attribute_table=pl.DataFrame({"attribute_index": range(n), "relation": [name] * n, "label": labels}),
        relations=(relation,),
        source=f"{payloads[2]}.csv",
    )


def hostile_workspace(home: Path, *models: str, payloads: tuple[str, ...] = PAYLOADS) -> Workspace:
    """The dataset with a short run of each of `models`, whose notes are a payload too."""
    place = Workspace(home)
    save_dataset(hostile_dataset(payloads), home / "datasets" / "d-hostile")
    for model in models:
        folder = home / "runs" / f"r-{model}"
        folder.parent.mkdir(exist_ok=True)
        train(home / "datasets" / "d-hostile", model, {"epochs": 2, "embedding_dim": 8}, folder, device="cpu")
        note = f"{payloads[1]} {payloads[10]}"
        (folder / "run.json").write_text(_json(replace(RunRecord.read(folder), notes=note)), encoding="utf-8")
        for text in payloads:
            add_review(place, folder.name, payloads[0], "id " + payloads[0], "score", "comment", text[:80], text)
    _dead_job(place, payloads)
    return place


def _dead_job(place: Workspace, payloads: tuple[str, ...]) -> None:
    """A training whose process is gone; its words, its model and its dataset are payloads."""
    folder = place.home / "jobs" / "r-dead"
    folder.mkdir(parents=True)
    job = Job("r-dead", 1, TrainRequest(payloads[1], payloads[10], {payloads[2]: payloads[3]}), pid=-1, started=0.0)
    write_json(folder / "job.json", asdict(job))
    (folder / "log.txt").write_text("\n".join(payloads), encoding="utf-8")


def _json(record: RunRecord) -> str:
    import json

    return json.dumps(record.to_dict())
