"""Side by side: the case at hand beside the same one in another run, for another person, or for another item."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
import streamlit as st

from gnnrec_core.base.text import clean, for_markdown, for_option
from gnnrec_core.render.charts.beside_charts import ledgers_chart, slope_chart
from gnnrec_core.views.beside import SHOWN, ledger_rows, sentence, slope_rows
from gnnrec_ui import ask
from gnnrec_ui.frame import pickers, roles, shell, state
from gnnrec_ui.frame.study import Study, run_label
from gnnrec_ui.show.charts import chart

KINDS: dict[Literal["run", "person", "item"], str] = {
    "run": "Another run",
    "person": "Another person",
    "item": "Another item",
}


def beside(study: Study, user_index: int, item_index: int, listed: list[int], k: int) -> None:
    """What stands beside the case, one sentence, the slope of places, the ledgers in lock-step, what both share."""
    kind, other = st.columns(2, vertical_alignment="bottom")
    with kind:
        chosen = pickers.choose_one("Beside it", KINDS, "beside")
    dataset = study.dataset
    there, user, item = study, user_index, item_index
    with other:
        if chosen == "run":
            found_run = _other_run(study)
            if found_run is None:
                return
            there = found_run
        elif chosen == "person":
            user = pickers.choose_other_user(study, user_index, ask.somebody_alike(study, user_index, item_index, k))
        else:
            item = pickers.choose_item(study, listed, "The other item", "other_item", without=item_index)
    found = ask.beside(study, there, (user_index, item_index), (user, item), k)
    names = {
        "run": (_run(study), _run(there)),
        "person": (dataset.users.ids[user_index], dataset.users.ids[user]),
        "item": (dataset.title(item_index), dataset.title(item)),
    }[chosen]
    _draw(found, names, chosen)


def _draw(found: Any, names: tuple[str, str], kind: str) -> None:
    st.markdown(f"**{for_markdown(sentence(found, names))}**")
    rows, most = slope_rows(found), 8 if kind == "item" else found.k
    what = "Reasons in the order of what they do" if kind == "item" else "Items in the order of the two lists"
    places = pd.DataFrame(
        {
            "What": [clean(label) for label, _ in rows],
            **{_column(names, side): pd.array([pair[side] for _, pair in rows], dtype="Int64") for side in (0, 1)},
        }
    )
    chart(
        slope_chart(names, rows, most),
        f"{what}: a line leads from the place on the left to the place on the right. Blue rises, orange falls.",
        "slope",
        table=places,
        narrow=slope_chart(names, rows, most, narrow=True),
    )
    if not found.pairs:
        st.info(for_markdown(found.reason), icon=":material/info:")
        return
    as_share, parts = ledger_rows(found)
    unit = "shares of the score" if as_share else "contributions"
    chart(
        ledgers_chart(names, parts[: SHOWN + 1], as_share),
        f"The same parts on both sides, as {unit}; “none” where a side has no such part. The table has all.",
        "ledgers",
        table=pd.DataFrame(
            {
                "Part": [clean(label) for label, *_ in parts],
                **{_column(names, side): [row[1 + side] for row in parts] for side in (0, 1)},
            }
        ),
    )
    shared = [label for key, (label, _) in zip(found.places, rows, strict=True) if key in found.in_both]
    said = ", ".join(f"*{for_markdown(label)}*" for label in shared) or "nothing"
    st.caption(f"Both share: {said}.")


def _column(names: tuple[str, str], side: int) -> str:
    """A heading; two sides may be called alike."""
    return clean(names[side]) if names[0] != names[1] else f"{clean(names[side])} ({side + 1})"


def _run(study: Study) -> str:
    return run_label(study.run_entry) if study.run_entry is not None else ""


def _other_run(study: Study) -> Study | None:
    """Another run on the same data, `?other=`; None (and the way to one) where there is none."""
    others = {
        entry.id: entry
        for entry in roles.workspace().runs(study.run.dataset.fingerprint)
        if entry.record.state == "finished" and study.run_entry is not None and entry.id != study.run_entry.id
    }
    if not others:
        st.info("There is no second run on this dataset. Train one to compare.", icon=":material/model_training:")
        shell.link("train", "Go to Train")
        return None
    first = next(iter(others))
    st.session_state["other"] = state.follow("other", others.__contains__, first)
    chosen = st.selectbox(
        "The other run", list(others), format_func=lambda name: for_option(run_label(others[name])), key="other"
    )
    return Study(study.dataset_entry, others[state.settle("other", chosen, first)])
