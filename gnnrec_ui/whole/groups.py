"""Shares of groups as a table, and how many groups are not shown."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from gnnrec_core.base.text import clean
from gnnrec_core.whole.group_shares import GroupShare


def groups_table(groups: Sequence[GroupShare], n_hidden: int, share: str, alt: str) -> None:
    """One row a group; `share` heads the column of the share, `alt` says what the table is."""
    if groups:
        rows = [
            {
                "Group": clean(g.group),
                "People": g.n_users,
                share: g.share.value,
                "From": g.share.low,
                "To": g.share.high,
            }
            for g in groups
        ]
        percents = {name: st.column_config.NumberColumn(format="percent") for name in (share, "From", "To")}
        st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=percents, alt=clean(alt), placeholder="–")
    if n_hidden:
        st.caption(f"{int(n_hidden)} of the groups are not shown: too few people.")
