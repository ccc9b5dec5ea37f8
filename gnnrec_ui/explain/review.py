"""To take away: the evidence file of a case, and what reviewers say of it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from gnnrec_core.base.errors import LensError
from gnnrec_core.base.text import clean, csv_file
from gnnrec_core.runs import reviews
from gnnrec_ui.explain.evidence import take_away
from gnnrec_ui.frame import pickers, privacy, roles, shell
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show.downloads import download, named


def review(study: Study, user_index: int, item_index: int, target: str, k: int, has_evidence: bool = True) -> None:
    """The evidence file (of a ledger), a form for one's own word, and the words of all on this run."""
    if study.run_entry is None:
        return
    if has_evidence:
        take_away(study, user_index, item_index, k)
    run, space = study.run_entry.id, roles.workspace()
    user, item = study.dataset.users.ids[user_index], study.dataset.items.ids[item_index]
    st.markdown("**Reviewers' notes**")
    st.caption("Does this explanation hold up? Notes are kept with the run and can be exported.")
    with st.form("review", border=True):
        verdict = st.segmented_control(
            "Verdict", list(reviews.VERDICTS), default="agree", required=True, format_func=str.capitalize
        )
        reviewer = st.text_input("Your name", max_chars=reviews.REVIEWER_LENGTH)
        comment = st.text_area("Comment", max_chars=reviews.COMMENT_LENGTH, height=90)
        if st.form_submit_button("Keep this note", disabled=space.read_only, help=roles.why_not(space)):
            try:
                reviews.add_review(space, run, user, item, target, str(verdict), reviewer, comment)
                st.toast("Kept.", icon=":material/check:")
            except LensError as error:
                shell.show_error(error)
    name, redacted = privacy.name_user(study, user_index), not privacy.are_ids_shown(study)
    found = [(note, replace(note, user=name(note.user))) for note in reviews.reviews(space, run)]
    if not found:
        st.caption("Nobody has left a note on this run yet.")
        return
    scope = pickers.choose_one("Show notes on", {"case": "This case", "run": "The whole run"}, "notes")
    shown = [told for note, told in found if scope == "run" or (note.user, note.item) == (user, item)]
    frame = pd.DataFrame(
        [
            {
                "When": note.time[: 10 if redacted else 16].replace("T", " "),
                "Who": clean(note.reviewer) or "–",
                "Verdict": note.verdict.capitalize(),
                "Comment": clean(note.comment),
                "Person": clean(note.user),
                "Item": clean(note.item),
            }
            for note in reversed(shown)
        ]
    )
    if frame.empty:
        st.caption("No note on this case yet.")
    else:
        st.dataframe(frame, hide_index=True, alt="Reviewers' notes", placeholder="–")
    if redacted:
        st.caption("The file has pseudonyms for other people, and days instead of times.")
    download(
        "Download all notes of this run (CSV)",
        lambda: csv_file(reviews.as_csv(tuple(told for _, told in found), to_the_day=redacted)),
        named("review notes on", study.run.name, ending=".csv"),
    )
