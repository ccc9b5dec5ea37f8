"""The evidence of a case to take away: one page that opens offline, and its figures as JSON."""

from __future__ import annotations

import json
from functools import partial

import streamlit as st

from gnnrec_core.runs.run import Run
from gnnrec_ui.frame import privacy
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show.downloads import download, named


def take_away(study: Study, user_index: int, item_index: int, k: int) -> None:
    """Two downloads, made when they are asked for."""
    st.markdown("**Evidence file**")
    st.caption(
        "The case with every figure, check, method, hash and seed; other people go by pseudonyms. "
        "Making it recomputes several methods and takes some seconds."
    )
    run, key = study.run, study.key
    with st.container(horizontal=True):
        for label, ending in (("Page (HTML)", "html"), ("Figures (JSON)", "json")):
            file = named("evidence for", study.dataset.title(item_index), run.name, ending=f".{ending}")
            download(label, partial(_file, run, key, user_index, item_index, k, ending), file, is_quiet=False)


def _file(run: Run, key: str, user: int, item: int, k: int, ending: str) -> str:
    return _files(run, key, user, item, k)[ending]


@st.cache_resource(max_entries=20, show_spinner=False)
def _files(_run: Run, key: str, user: int, item: int, k: int) -> dict[str, str]:
    from gnnrec_core.base.plain import plain
    from gnnrec_core.views.evidence import evidence_json, gather
    from gnnrec_core.views.evidence_page import evidence_page

    found = gather(_run, user, item, privacy.names_in_exports().name, k)
    figures = json.dumps(plain(evidence_json(found)), indent=1, ensure_ascii=False, allow_nan=False)
    return {"html": evidence_page(found), "json": figures}
