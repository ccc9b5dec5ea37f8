"""The answer first: what stands where, in sentences that were computed, with the figures they rest on."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.base.errors import LensError
from gnnrec_core.base.text import clean, for_label, for_markdown
from gnnrec_core.explain.explanation import Case, Contribution, Explanation
from gnnrec_core.models import MODELS
from gnnrec_core.render import theme
from gnnrec_core.render.charts import explain_charts
from gnnrec_ui import ask
from gnnrec_ui.explain import selection
from gnnrec_ui.explain.story_report import story_report
from gnnrec_ui.frame import roles, shell
from gnnrec_ui.frame.study import Study, run_label
from gnnrec_ui.show.charts import chart

SHOWN = 6
"""Sentences of the narrative that stand on the page at once."""
KINDS = {"history": "interaction", "reader": "reader of the item", "side": "link", "own": "own embedding"}


def heading(study: Study, case: Case) -> None:
    """The question that the page answers."""
    title, user = (
        for_markdown(study.dataset.title(case.item_index)),
        for_markdown(study.dataset.users.ids[case.user_index]),
    )
    st.subheader(f"Why *{title}* stands {theme.ordinal(case.rank)} for {user}", anchor=False)


def answer(study: Study, explanation: Explanation) -> None:
    """The answer in one sentence, and four figures."""
    case = explanation.case
    if case.item_index in {each.item_index for each in ask.chosen_later(study, case.user_index)}:
        later = "They did choose it later (test part, unknown to the model)"
        found = "found" if case.rank <= case.k else "missed"
        st.caption(f":material/task_alt: {later}: a list of {int(case.k):,} {found} it.")
    if explanation.narrative:
        st.markdown(for_markdown(explanation.narrative[0]))
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        _figures(study, explanation)
        if explanation.is_additive:
            with st.container(horizontal=True, gap="small", width="content", vertical_alignment="center", key="story"):
                story_report(study, explanation)


def _figures(study: Study, explanation: Explanation) -> None:
    case = explanation.case
    _metric("Rank", f"{case.rank:,}", "Among all items that this person's list may hold.")
    _metric("Score", theme.number(case.score), "Has no unit; it only orders this person's items.")
    if case.target == "margin" and case.reference_item is not None:
        reference = for_markdown(study.dataset.title(case.reference_item))
        _metric("Lead", theme.signed(explanation.score), f"Over {reference}, the item that it would yield to.")
    elif explanation.is_additive and explanation.score > 0:  # a share of what is below 0 would turn its sign
        parts = sum(part.value for part in explanation.contributions)
        _metric("From what is known", _share(parts, explanation.score), "The sum of all parts in the ledger.")
    if explanation.is_additive and explanation.baseline_name and explanation.score > 0:
        _metric(
            explain_charts.baseline_label(explanation),
            _share(explanation.baseline, explanation.score),
            _taste(explanation),
        )


def _share(value: float, of: float) -> str:
    """A part as a share; by itself where the whole is so near to 0 that its shares say nothing.

    >>> _share(0.5, 1.0), _share(0.02, 0.000001)
    ('50 %', '+0.020')
    """
    return theme.percent(value / of, 0) if abs(value) <= 10 * of else theme.signed(value)


def _taste(explanation: Explanation) -> str:
    """What the baseline is, and who taught it."""
    if explanation.frozen == ("gates",):
        return "What the person's own attributes bring by themselves, without any interaction."
    said = "The person's own embedding against the item, learned in training."
    split = explanation.baseline_split
    if split is None or not split.is_share:
        return said
    parts = (split.own_history, split.others, split.unassigned)
    own, others, rest = (theme.percent(part / explanation.score, 0) for part in parts)
    return (
        f"{said} Of the whole: {own} as the person's own interactions ask for (foretold), {others} as all people's "
        f"embeddings have in common, {rest} not assigned."
    )


def _metric(label: str, value: str, meaning: str) -> None:
    st.metric(label, value, help=meaning, width="content")


def _narrative(sentences: tuple[str, ...]) -> None:
    """The main reasons as a list, the rest on demand."""
    st.markdown("\n".join(f"- {for_markdown(sentence)}" for sentence in sentences[1:SHOWN]))
    if len(sentences) > SHOWN:
        with st.expander("More about this case"):
            st.markdown("\n".join(f"- {for_markdown(sentence)}" for sentence in sentences[SHOWN:]))


def cannot_be_explained(study: Study, error: LensError, user_index: int) -> None:
    """Why there are no reasons, and where to go: the same case in runs that are here and have them, and the list."""
    shell.show_error(error)
    place, dataset = roles.workspace(), study.dataset_entry
    runs = place.runs(dataset.fingerprint) if dataset is not None else ()
    others = [run for run in runs if run.is_usable and study.run_entry is not None and run.id != study.run_entry.id]
    with st.container(horizontal=True, key="ways_on"):
        for run in [run for run in others if run.record.model in MODELS.having("personal")][:4]:
            shell.link("explain", f"Explain it in {for_label(run_label(run))}", ":material/swap_horiz:", run=run.id)
        user = study.dataset.users.ids[user_index]
        shell.link("recommend", "See the list", ":material/recommend:", user=user)


def reasons(study: Study, explanation: Explanation) -> None:
    """The ledger as a waterfall (of a black box, what each removal does) beside what it says, and the same as a table
    with what was recomputed."""
    what = "lead" if explanation.case.target == "margin" else "score"
    keys = selection.keys_of(study, explanation)
    chosen = selection.chosen(study, explanation)
    drawn, told = st.columns([6, 5], gap="medium")
    with told:
        _narrative(explanation.narrative)
    with drawn:
        chart(
            explain_charts.waterfall(explanation, keys=keys, chosen=chosen),
            f"Read from top to bottom: each bar starts where the last one ended, and the sum is the {what}."
            if explanation.is_additive
            else f"What the {what} loses when that one interaction goes, each by itself; they do not sum to the "
            f"{what}. Blue speaks for the item.",
            f"waterfall_{keys.index(chosen)}" if chosen else "waterfall",
            table=ledger_table(explanation),
            on_point=selection.on_point,
        )
    selection.panel(study, explanation, chosen)
    st.markdown("**Each claim, checked**")
    st.caption(
        f"“In this model” is recomputed: the graph without that one link, all counted anew, {explanation.kept} kept. "
        f"{_levels(explanation)}Now: {what} {theme.number(explanation.score)}, rank {explanation.rank:,}."
    )
    selection.rows(
        reasons_table(explanation),
        keys,
        chosen,
        "ledger",
        "Contributions with the recomputed score and rank",
        **{
            "Reason": st.column_config.TextColumn(width=225),
            "Contribution": st.column_config.NumberColumn(format="%+.3f"),
            "Share": st.column_config.NumberColumn(format="%.1f %%"),
            f"{what.capitalize()} without it": st.column_config.NumberColumn(format="%.3f"),
            "Rank in this model": st.column_config.NumberColumn(format="%d"),
            "Rank trained again": st.column_config.NumberColumn(format="%d"),
        },
    )
    for warning in explanation.warnings:
        st.caption(f":material/info: {for_markdown(warning)}")
    left = explanation.completeness_error
    if left is not None:
        said = "less than 0.000001" if left < 1e-6 else theme.number(left, 6)
        st.caption(f"Baseline and all {len(explanation.contributions):,} parts sum to the {what}; rounding: {said}.")


def reasons_table(explanation: Explanation) -> pd.DataFrame:
    """All parts with what was recomputed."""
    what = "Lead" if explanation.case.target == "margin" else "Score"
    parts = explanation.contributions
    shares = [100 * float(part.share) for part in parts]
    return pd.DataFrame(
        {
            "Reason": [clean(part.label) for part in parts],
            "Contribution": [float(part.value) for part in parts],
            **({"Share": shares} if explanation.is_additive and explanation.score > 0 else {}),
            f"{what} without it": _checked(parts, "score_without"),
            "Rank in this model": pd.array(_checked(parts, "rank_without"), dtype="Int64"),
            **_further_levels(parts),
            "Kind": [_kind(part) for part in parts],
        }
    )


def _levels(explanation: Explanation) -> str:
    """What the other columns mean, where they are there."""
    said, parts = "", explanation.contributions
    if any(part.foretold for part in parts):
        said += f"“Foretold”: where it should stand if the model is trained without it{_rests_on(explanation)}. "
    if any(part.retrained for part in parts):
        said += "“Trained again”: it was trained without it. "
    return said


def _rests_on(explanation: Explanation) -> str:
    """What the foretold ranks rest on."""
    told = explanation.calibration
    if told is None:
        return "; this run is not calibrated, so take the order and not the size"
    return f", with the range that held for four in five of {told['n_pairs']:,} items that were really trained for"


def _further_levels(parts: tuple[Contribution, ...]) -> dict[str, Any]:
    """Columns of the ranks that are foretold or came out of training again, where there are any."""
    columns: dict[str, Any] = {}
    if any(part.foretold for part in parts):
        columns["Rank foretold"] = [_range(part) for part in parts]
    if any(part.retrained for part in parts):
        ranks = [None if part.retrained is None else part.retrained.rank_without for part in parts]
        columns["Rank trained again"] = pd.array(ranks, dtype="Int64")
    return columns


def _range(part: Contribution) -> str | None:
    """The interval of the foretold rank, or the rank alone where there is none."""
    found = part.foretold
    if found is None:
        return None
    if found.rank_low is None or found.rank_low == found.rank_high:
        return f"{found.rank_without:,}"
    return f"{found.rank_low:,}–{found.rank_high:,}"


def ledger_table(explanation: Explanation) -> pd.DataFrame:
    """Baseline, every part, and the number that they sum to."""
    rows = [(explain_charts.baseline_label(explanation), explanation.baseline)] if explanation.baseline_name else []
    rows += [(clean(part.label), float(part.value)) for part in explanation.contributions]
    rows.append(("Lead" if explanation.case.target == "margin" else "Score", explanation.score))
    return pd.DataFrame(rows, columns=["Part", "Contribution"])


def _kind(part: Contribution) -> str:
    return clean(part.detail.get("relation") or KINDS.get(part.kind, part.kind)).replace("_", " ")


def _checked(parts: tuple[Contribution, ...], name: str) -> list[Any]:
    return [None if part.checked is None else getattr(part.checked, name) for part in parts]
