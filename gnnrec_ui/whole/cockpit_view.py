"""All items: never shown, over- and under-amplified, before and after a fix; one of them opens beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from gnnrec_core.audit.groups import available_groupings
from gnnrec_core.audit.rerankers import RERANKERS
from gnnrec_core.audit.studies.cockpit import WORDS, Cockpit
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.ranking.intervals import share_interval
from gnnrec_core.render.charts.cockpit_chart import cockpit_chart
from gnnrec_core.views.items import cockpit_sentence, ordered
from gnnrec_core.whole.group_shares import group_shares
from gnnrec_ui import audit_ask
from gnnrec_ui.audit.mitigation_view import sliders
from gnnrec_ui.frame import forms, pickers, privacy, shell, state
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import tables
from gnnrec_ui.show.charts import chart
from gnnrec_ui.show.downloads import download, named
from gnnrec_ui.whole.groups import groups_table

KINDS = {"all": "All", "never shown": "Never shown", "over": "Over-amplified", "under": "Under-amplified"}
MOST_ROWS = 1000
HELP = {
    "Have it": "People who have it in the train part.",
    "Lists": "How many lists hold it.",
    "Times its share": "Lists, against its share of all histories times all places of the lists. 1 is in proportion.",
    "From": "The lower end of the 95 % interval of the times.",
    "To": "The upper end of the 95 % interval of the times.",
    "Chosen later": "People who chose it in the held-out part; empty where too few did to be said.",
    "With the fix": "How many lists would hold it after the re-ranking that is chosen above.",
}


def choose_fix() -> str:
    """A re-ranker whose lists stand beside those of the run, `?fix=`; "" for none."""
    return forms.choose(
        "Before and after a fix",
        ["", *RERANKERS.names],
        "fix",
        name_of=lambda name: RERANKERS[name].title if name else "the lists as they are",
    )


def cockpit_view(study: Study, k: int, method: str) -> None:
    """The picture, the table and the item in hand."""
    settings = sliders(method) if method else {}
    found = audit_ask.cockpit(study, k, method, settings)
    st.markdown(for_markdown(cockpit_sentence(found)))
    item = _item_in_hand(study)
    reading = "Each mark is an item; the dotted line is in proportion, which is best. Click one to look at it below."
    chart(
        cockpit_chart(found, study.dataset.titles, item),
        reading,
        f"cockpit_{item}",
        table=_table(study, found, "all"),
        on_point=lambda mark: _choose(study, int(mark[0])),
    )
    kind = pickers.choose_one("Which items", KINDS, "kind", is_labelled=False)
    picked = _pick(found, _table(study, found, kind), kind)
    if picked is not None and picked != item:
        _choose(study, picked)
        st.rerun()
    if item is not None:
        _one(study, found, item, k)


def _item_in_hand(study: Study) -> int | None:
    item = st.query_params.get("item")
    return study.dataset.items.index(item) if item is not None and item in study.dataset.items else None


def _choose(study: Study, item: int) -> None:
    state.choose("item", study.dataset.items.ids[item])
    state.choose("view", "all")


def _table(study: Study, found: Cockpit, kind: str) -> pd.DataFrame:
    """One row an item, the farthest from its share first; the frame's index is the item."""
    items = ordered(found, None if kind == "all" else kind)
    index = items["item_index"].to_list()
    frame = {
        "Item": [clean(study.dataset.title(item)) for item in index],
        "Kind": items["kind"].to_list(),
        "Have it": items["readers"].to_list(),
        "Lists": items["lists"].to_list(),
        "Times its share": items["factor"].to_list(),
        "From": items["low"].to_list(),
        "To": items["high"].to_list(),
        "Chosen later": items["held_out"].to_list(),
    }
    if "lists_after" in items.columns:
        frame["With the fix"] = items["lists_after"].to_list()
        frame["Change"] = (items["lists_after"] - items["lists"]).to_list()
    return pd.DataFrame(frame, index=index)


def _pick(found: Cockpit, table: pd.DataFrame, kind: str) -> int | None:
    """The table; the item of the row that was selected."""
    shares = ("Times its share", "From", "To")
    numbers = {
        name: st.column_config.NumberColumn(format="%.2f" if name in shares else None, help=text)
        for name, text in HELP.items()
        if name in table.columns
    }
    shown = table.head(MOST_ROWS) if kind == "all" else table.head(MOST_ROWS).drop(columns="Kind")
    event: Any = st.dataframe(
        shown, hide_index=True, height=300, on_select="rerun", selection_mode="single-row", key=f"cockpit_{kind}_rows",
        column_config=numbers, alt="Items with how often they are shown; select one to look at it", placeholder="–",
    )  # fmt: skip
    more = f" The first {MOST_ROWS:,} of {len(table):,} stand here, all in the file." if len(table) > MOST_ROWS else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Click a heading to sort, a row to look at the item.{more}", width="stretch")
        file = named("items", kind, "in lists of", found.k, ending=".csv")
        download("Items (CSV)", lambda: tables.as_csv(table), file)
    rows = event["selection"]["rows"]
    return int(shown.index[rows[0]]) if rows and rows[0] < len(shown) else None


def _one(study: Study, found: Cockpit, item: int, k: int) -> None:
    """The item in hand: how it fares, who gets it, and on to its explanation."""
    row = found.items.row(item, named=True)
    st.subheader(for_markdown(study.dataset.title(item)), anchor=False)
    about = clean(tables.item_line(study.dataset, item))
    st.markdown(
        f"{for_markdown(about)}  \n"
        f"In {int(row['lists']):,} lists of {int(k)}, {float(row['expected']):.1f} would be in proportion: "
        f"{for_markdown(WORDS[row['kind']])}."
    )
    listed = _listed(study, item, k)
    here = study.dataset.items.ids[item]
    with st.container(horizontal=True):
        shell.link("item", "All about this item", ":material/inventory_2:", item=here, view="one")
        if not listed.any():
            shell.link("explain", "Why one person does not get it", ":material/search_insights:", item=here)
        elif privacy.are_ids_shown(study):
            user = study.dataset.users.ids[int(np.flatnonzero(listed)[0])]
            shell.link("explain", "Why somebody gets it", ":material/search_insights:", user=user, item=here)
    _who_gets_it(study, item, k, listed)


def _listed(study: Study, item: int, k: int) -> Any:
    """Whose list holds the item `[n_users]`."""
    return (audit_ask.lists(study, k).lists.item_index == item).any(1)


def _who_gets_it(study: Study, item: int, k: int, listed: Any) -> None:
    groupings = {choice.name: choice.title for choice in available_groupings(study.dataset)}
    if not groupings or not listed.any():
        return
    group_by = forms.choose("Who gets it, by", list(groupings), "group", name_of=lambda name: clean(groupings[name]))
    has = audit_ask.lists(study, k).train[:, [item]].toarray().ravel() > 0
    groups, hidden = group_shares(
        study.dataset, group_by, ~has, lambda people: share_interval(listed[people].astype(np.float64))
    )
    groups_table(groups, hidden, "Share that gets it", "Who gets the item, by group, of those who do not have it yet")
