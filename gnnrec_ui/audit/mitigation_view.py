"""What a fix would cost: a re-ranker and its settings as sliders, and what each move changes."""

from __future__ import annotations

import math
from typing import Any, Literal

import pandas as pd
import streamlit as st

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.rerankers import RERANKERS
from gnnrec_core.audit.studies.mitigation import Bench, Mitigation, save
from gnnrec_core.audit.studies.trade_off import GAINS, TradeOff, knob, trade_off
from gnnrec_core.audit.verdicts import figure
from gnnrec_core.base.settings import SettingField, describe_settings
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.data.dataset import SplitName
from gnnrec_core.render import theme
from gnnrec_core.render.blocks import Section, Table
from gnnrec_core.render.charts import audit_charts
from gnnrec_core.render.charts.trade_off_chart import trade_off_chart
from gnnrec_core.runs.live import live_fields
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.workspace import Workspace
from gnnrec_core.views.fix import curve_section, fix_sentence
from gnnrec_core.views.whole.tuning import provider_blocks, segment_table
from gnnrec_core.whole.against.tuning import OPERATOR, Tuned, save_tuned, start_values
from gnnrec_core.whole.items.providers import provider_gains
from gnnrec_ui import audit_ask
from gnnrec_ui.frame import forms, pickers, privacy, roles, shell
from gnnrec_ui.frame.asking import answered
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import blocks, figures
from gnnrec_ui.show.charts import chart

TUNING = (
    "The model's own operator, without training: how much popular items gain (power of degrees), and how old "
    "interactions count (half-life; 0: all ages alike)."
)
HEADLINE = ("ndcg", "recall", "coverage", "gini", "long_tail_share", "arp")


def what_if(place: Workspace, study: Study, k: int, group_by: str, part: SplitName) -> None:
    """Choose a re-ranker, or the model's own operator, and how strong it is, on the slider or on the curve, and read
    who gains and who loses."""
    titles = {plugin.name: plugin.title for plugin in RERANKERS}
    live = live_fields(study.run)
    ways, aims = st.columns([3, 2])
    with ways:
        own = {OPERATOR: "The operator itself"} if live else {}
        help = "How the lists are changed after the model, or by its own operator."
        method = pickers.choose_one("Re-rank by", {**titles, **own}, "method", help=help)
    st.caption(for_markdown(RERANKERS[method].summary if method in titles else TUNING))
    settings = sliders(method) if method in titles else live_sliders(study.run, live)
    tuned: Tuned | None = None
    with shell.boundary():
        if method in titles:
            found = audit_ask.mitigation(study, k, group_by, part, method, settings)
        else:
            tuned = audit_ask.tuned(study, k, group_by, part, settings)
            found = tuned.mitigation
        gains = [name for name in GAINS if math.isfinite(_after(found, name))]
        if gains:
            with aims:
                gain = forms.choose("What it is for", gains, "gain", name_of=figures.title)
            st.markdown(for_markdown(fix_sentence(found, gain)))
        curve = st.container()
        _headline(found)
        _groups(found)
        _losers(study, found)
        _providers(audit_ask.bench(study, k, group_by, part), found)
        if tuned is not None:
            blocks.draw((Section("By segment of items", (segment_table(tuned),)),), "segments")
            _one_list(study, audit_ask.bench(study, k, group_by, part), found)
        with st.expander("Every figure before and after"):
            reading = (
                "Change of each figure against the model's own lists, with paired 95 % intervals. Blue is for the "
                "better, orange for the worse; a grey figure has no better end."
            )
            chart(audit_charts.mitigation_chart(found), reading, "mitigation", table=changes_table(found))
        _save(place, study, audit_ask.bench(study, k, group_by, part), found, tuned)
        if gains and tuned is None:  # last, as it draws the page again when it has come
            with curve:
                _curve(study, (k, group_by, part), method, settings, found, gain)


def _curve(
    study: Study,
    scope: tuple[int, str, SplitName],
    method: str,
    settings: dict[str, Any],
    found: Mitigation,
    gain: str,
) -> None:
    """What the fix buys against what it costs, at every strength; a click on a step moves the slider there."""
    along = knob(method)
    if along is None:
        return
    k, group_by, part = scope
    kept = {name: value for name, value in settings.items() if name != along.name}
    curve = answered(
        study,
        "Re-ranking at each strength",
        ("trade-off", k, group_by, part, method, tuple(sorted(kept.items()))),
        lambda: trade_off(audit_ask.bench(study, k, group_by, part), method, kept, along.name),
    )
    if curve is None:
        return
    key = f"trade_off_{method}_{gain}_{settings[along.name]:g}"
    reading = "Each dot is a strength, the diamond the one chosen: click a dot, or move the slider. The band is 95 %."
    slider = f"{method}_{along.name}"
    chart(
        trade_off_chart(curve, found, gain),
        reading,
        key,
        table=_curve_table(curve),
        on_point=lambda mark: st.session_state.update({slider: float(mark[0])}),
    )


def _after(found: Mitigation, name: str) -> float:
    return next((change.after for change in found.changes if change.metric == name), math.nan)


def _curve_table(curve: TradeOff) -> pd.DataFrame:
    _, table = curve_section(curve.along, curve.to_dict()).blocks
    assert isinstance(table, Table)
    return pd.DataFrame(list(table.rows), columns=list(table.columns))


def sliders(method: str) -> dict[str, Any]:
    """One control for each declared setting of a re-ranker; a slider where it has a range."""
    values = {}
    fields = describe_settings(RERANKERS.load(method).settings_type)
    for column, field in zip(st.columns(max(2, len(fields))), fields, strict=False):
        with column:
            values[field.name] = _control(field, f"{method}_{field.name}")
    return values


def _control(field: SettingField, key: str) -> Any:
    help_text = field.description[:1].upper() + field.description[1:]
    if field.kind == "float" and field.low is not None and field.high is not None:
        low, high = float(field.low), float(field.high)
        return st.slider(
            forms.label(field.name),
            low,
            high,
            float(field.default),
            step=(high - low) / 50,
            key=key,
            bind="query-params",
            help=help_text,
        )
    return forms.widget(field, key)


def live_sliders(run: Run, fields: tuple[SettingField, ...]) -> dict[str, float]:
    """A slider for each live setting, where the run has it."""
    values, start = {}, start_values(run)
    for column, field in zip(st.columns(max(2, len(fields))), fields, strict=False):
        live = field.live
        if live is None:
            continue
        with column:
            values[field.name] = st.slider(
                forms.label(field.name),
                float(min(live.low, start[field.name])),
                float(max(live.high, start[field.name])),
                start[field.name],
                step=(live.high - live.low) / 40,
                key=f"operator_{field.name}",
                bind="query-params",
                help=field.description[:1].upper() + field.description[1:],
            )
    return values


def _providers(bench: Bench, found: Mitigation) -> None:
    """Who would gain and lose on the provider side."""
    gains = provider_gains(bench.base, found.evidence)
    if gains:
        with st.expander("Who would gain and lose among the providers"):
            blocks.draw((Section("Exposure of providers", provider_blocks(gains)),), "providers")


def _one_list(study: Study, bench: Bench, found: Mitigation) -> None:
    """The list of one person before and after."""
    user = pickers.choose_user(study, "List of")
    before, after = (each.lists.item_index[user] for each in (bench.base, found.evidence))
    rows = [
        {"Rank": rank, "Before": clean(study.dataset.title(old)), "After": clean(study.dataset.title(new))}
        for rank, (old, new) in enumerate(zip(before.tolist(), after.tolist(), strict=True), start=1)
        if min(old, new) >= 0
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="The list before and after")


def changes_table(found: Mitigation) -> pd.DataFrame:
    """One row a figure: before, after, and the paired interval of the change."""
    return pd.DataFrame(
        [
            {
                "Figure": figures.title(change.metric),
                "Before": figure(change.before),
                "After": figure(change.after),
                "Change": figure(change.value, True),
                "95 % interval": f"{figure(change.low, True)} to {figure(change.high, True)}"
                if math.isfinite(change.low)
                else "the same for everybody"
                if change.value == 0
                else "–",
                "Read it": figures.ARROWS[METRICS[change.metric].direction],
            }
            for change in found.changes
        ]
    )


def _headline(found: Mitigation) -> None:
    known = {change.metric: change for change in found.changes}
    with st.container(horizontal=True):
        for name in HEADLINE:
            if name in known and math.isfinite(known[name].after):
                change = known[name]
                st.metric(
                    figures.title(name),
                    figure(change.after),
                    None if change.value == 0 else figure(change.value, True),
                    delta_arrow="down" if change.value < 0 else "up",
                    delta_color=_colour(METRICS[name].direction, change.value),
                    help=figures.definition(name),
                )


def _colour(direction: str, change: float) -> Literal["blue", "orange", "gray"]:
    """Blue for the better, orange for the worse, as in all charts."""
    if direction == "neither":
        return "gray"
    return "blue" if (change > 0) == (direction == "higher") else "orange"


def _groups(found: Mitigation) -> None:
    rows = [
        {
            "Group": clean(group.group),
            "NDCG before": group.before,
            "NDCG after": group.after,
            "Against the rest, before": figure(group.gap_before, True),
            "Against the rest, after": figure(group.gap_after, True),
            "Worse off": theme.percent(found.losers.by_group.get(group.group, 0.0), 0),
        }
        for group in found.groups
        if group.metric == "ndcg"
    ]
    if rows:
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            column_config={
                name: st.column_config.NumberColumn(format="%.3f") for name in ("NDCG before", "NDCG after")
            },
            alt="Groups before and after",
            placeholder="–",
        )


def _losers(study: Study, found: Mitigation) -> None:
    losers = found.losers
    if not losers.n:
        st.caption("Nobody's NDCG falls.")
        return
    how_much = f", by {figure(losers.mean_loss)} NDCG on average" if math.isfinite(losers.mean_loss) else ""
    st.caption(f"{losers.n:,} people ({theme.percent(losers.share)}) get a worse list{how_much}.")
    if not privacy.are_ids_shown(study):
        return
    st.caption("The one who loses most:")
    user = study.dataset.users.ids[int(losers.users[0])]
    name = for_markdown(privacy.name_user(study)(user))
    shell.link("recommend", f"Person {name}", icon=":material/person:", user=user)


def _save(place: Workspace, study: Study, bench: Bench, found: Mitigation, tuned: Tuned | None) -> None:
    if study.run_entry is None:
        return
    what = "The re-ranked lists become a run that can be compared."
    if tuned is not None:
        what = "The model with these settings becomes a run, with ledgers as exact as before."
    if st.button("Save as a run", icon=":material/save:", disabled=place.read_only, help=roles.why_not(place) or what):
        folder = place.new_folder_for("runs")
        if tuned is None:
            save(bench, found, folder)
        else:
            save_tuned(tuned, study.run, folder)
        st.success("Saved.", icon=":material/check:")
        shell.link(
            "compare", "Compare it", icon=":material/compare_arrows:", runs=f"{study.run_entry.id},{folder.name}"
        )
