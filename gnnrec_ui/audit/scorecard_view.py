"""The five verdicts at the top of Audit, and the way to somebody of the group that is served worst."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from gnnrec_core.audit.report import AuditReport
from gnnrec_core.audit.scorecard import Answer, Scorecard, Verdict
from gnnrec_core.audit.verdicts import figure
from gnnrec_core.base.text import for_markdown
from gnnrec_core.views.scorecard import scorecard_sections
from gnnrec_ui.audit.people_view import people_of
from gnnrec_ui.frame import privacy, shell
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import figures
from gnnrec_ui.taken.heard import stands_for

COLOURS: dict[Answer, str] = {"yes": "blue", "no": "orange", "cannot tell": "gray", "not measured": "gray"}


def scorecard_view(study: Study, report: AuditReport, is_short: bool) -> None:
    """A row a verdict, then the worst group with somebody of it to open; `is_short` the answers alone, in a line."""
    card = report.scorecard
    if card is None:
        return
    if is_short:
        st.markdown("\u2003".join(f"{v.quality.capitalize()}? {_badge(v)}" for v in card.verdicts))
        return
    with stands_for(lambda: scorecard_sections(card)[0].blocks[:1]):
        _table(card)
    _worst(study, report, card)


def _table(card: Scorecard) -> None:
    cells = {
        "Figure": [f"*Figure*  \n**{figure(v.value)}**" for v in card.verdicts],
        "Why": [f"*Why*  \n{for_markdown(v.reason)}  \n:small[{for_markdown(v.good)}]" for v in card.verdicts],
        "How sure": [f"*How sure*  \n:small[{_in_lines(v.certainty)}]" for v in card.verdicts],
    }
    st.table(pd.DataFrame(cells, index=pd.Index(list(map(_name, card.verdicts)), name="Are they")), border="horizontal")


def _in_lines(certainty: str) -> str:
    """Broken after the interval, so that what was found has the room."""
    first, _, rest = for_markdown(certainty).partition("; ")
    return f"{first};  \n{rest}" if rest else first


def _name(verdict: Verdict) -> str:
    return f"{verdict.quality.capitalize()}?  \n{_badge(verdict)}"


def _badge(verdict: Verdict) -> str:
    return f":{COLOURS[verdict.answer]}-badge[{verdict.answer}]"


def _worst(study: Study, report: AuditReport, card: Scorecard) -> None:
    worst = card.worst
    if worst is None:
        return
    gap = f"{100 * abs(worst.relative):.0f} % " if math.isfinite(worst.relative) else ""
    way = "below" if worst.relative < 0 else "above"
    said = f"{for_markdown(worst.group)} (n = {worst.n:,}), {figures.title(worst.metric)} {gap}{way} all others."
    with st.container(horizontal=True, vertical_alignment="center", key="worst_group"):
        st.markdown(f"**{'Served worst' if worst.stands else 'Lowest, maybe by chance'}:** {said}", width="content")
        rows = people_of(report, worst.group)
        if len(rows) and privacy.are_ids_shown(study):
            user = study.dataset.users.ids[rows[0]]
            shell.link("recommend", "Open somebody of it", icon=":material/person_search:", user=user)
