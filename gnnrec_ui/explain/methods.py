"""Several methods on one case, each with its measured verdict; and two models on one case."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.base.errors import LensError
from gnnrec_core.base.registry import Plugin
from gnnrec_core.base.text import clean, for_markdown, for_option
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.explain.explanation import Explanation, Target
from gnnrec_core.render.charts import explain_charts
from gnnrec_ui import ask
from gnnrec_ui.frame import forms, privacy, shell
from gnnrec_ui.frame.study import Study
from gnnrec_ui.server.slow_work import waiting_room
from gnnrec_ui.show.charts import chart


def methods(study: Study, user_index: int, item_index: int, target: Target, k: int) -> None:
    """What the methods say of the same reasons, and how far each can be believed. Slow ones run when asked for."""
    case = (user_index, item_index)
    chosen = _settings()
    found, refused, slow = _ask_all(study, case, target, k, chosen)
    titles = {plugin.name: plugin.title for plugin in EXPLAINERS}
    if found:
        chart(
            explain_charts.compared(found, titles),
            "Rows are the largest reasons of the first method; a cell is its share of all that the method gives "
            "out, sizes added whatever their sign: not the share of the score or lead above. Methods that agree "
            "have equal rows; “Random” is the control.",
            "compared",
        )
        _believed(study, found, titles)
    for plugin in slow:
        _ask_slow(study, case, plugin, target, k, chosen.get(plugin.name, {}))
    for sentence in refused:
        st.caption(f":material/block: {for_markdown(sentence)}")


def _settings() -> dict[str, dict[str, Any]]:
    """What differs from the defaults, by method: each method's declared settings as a form, one shown at a time."""
    forms_of = {}
    for plugin in EXPLAINERS:
        try:
            settings_type = plugin.load().settings_type
        except LensError:  # a method of another package that does not load: the list below says so
            continue
        if plugin.traits["compared"] and settings_type.model_fields:
            forms_of[plugin.name] = settings_type
    with st.expander("Settings of the methods"):
        shown = forms.choose("Method", tuple(forms_of), "settings_of", name_of=lambda name: EXPLAINERS[name].title)
        changed = forms.fields_form(forms_of[shown], tuple(forms_of[shown].model_fields), shown)
    return {shown: changed} if changed else {}


def _ask_slow(
    study: Study, case: tuple[int, int], plugin: Plugin, target: Target, k: int, settings: dict[str, Any]
) -> None:
    """The button that asks a slow method, and its progress once it was pressed."""
    work = ask.slow_explanation(study, *case, plugin.name, target, k, **settings)
    if work is not None and work.state in ("waiting", "running"):
        waiting_room(work, plugin.title, plugin.name)
        return
    button, about = st.columns([2, 5], vertical_alignment="center")
    button.button(
        f"Ask {plugin.title}",
        key=f"_ask_{plugin.name}",
        on_click=ask.ask_slow,
        args=(study, *case, plugin.name, target, k, settings),
        width="stretch",
    )
    about.caption(f"{plugin.summary} Takes longer; the page stays usable meanwhile.")


def _ask_all(
    study: Study, case: tuple[int, int], target: Target, k: int, chosen: dict[str, dict[str, Any]]
) -> tuple[list[Explanation], list[str], list[Plugin]]:
    """Explanations of the quick methods and of slow ones that are done; why others refuse; which slow ones are not."""
    found: list[Explanation] = []
    refused: list[str] = []
    slow: list[Plugin] = []
    for plugin in EXPLAINERS:
        if not plugin.traits["compared"]:
            continue
        is_quick = plugin.traits["cost"] == "quick"
        settings = chosen.get(plugin.name, {})
        work = None if is_quick else ask.slow_explanation(study, *case, plugin.name, target, k, **settings)
        try:
            if is_quick:
                found.append(ask.explanation(study, *case, plugin.name, target, k, **settings))
            elif work is None or work.state not in ("done", "failed"):
                slow.append(plugin)
            elif work.error is not None:
                raise work.error
            else:
                found.append(privacy.shown(study, case[0], work.answer))
        except LensError as error:
            refused.append(f"{plugin.title}: {error.message}")
    return found, refused, slow


def _believed(study: Study, found: list[Explanation], titles: dict[str, str]) -> None:
    """What each method promises; measured faithfulness when asked for."""
    work = ask.measurement(study, found)
    if work is None or work.state != "done":
        st.dataframe(
            pd.DataFrame([_promise(each, titles) for each in found]), hide_index=True, alt="Methods", placeholder="–"
        )
        if work is not None and work.error is not None:
            shell.show_error(work.error)
        if work is not None and work.state in ("waiting", "running"):
            waiting_room(work, "Removing and keeping what each method names", "measure")
            return
        st.button(
            "Measure how far each can be believed on this case",
            on_click=ask.measure,
            args=(study, found),
            type="primary",
            icon=":material/fact_check:",
            help="Removes and keeps what each method names and scores again; methods that draw random numbers are "
            "asked again with other seeds.",
        )
        return
    measured = work.answer
    st.caption(
        "“Beats random”: at most 5 % of random sets as large as its top fifth lower the number as much. "
        "“Agrees with deletion”: rank correlation with leaving each interaction out, 1 is full agreement."
    )
    rows = [
        {"Method": titles[each.method]} | _measurement(each.faithfulness) | _promise(each, titles) for each in measured
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "Agrees with deletion": st.column_config.NumberColumn(format="%.2f"),
            "Random sets as good": st.column_config.NumberColumn(format="%.0f %%"),
            "Same with other seeds": st.column_config.NumberColumn(format="%.2f"),
        },
        placeholder="–",
        alt="Methods with measured faithfulness",
    )
    by_name = {each.method: each for each in measured}
    chosen = st.selectbox(
        "Look closer at", list(by_name), format_func=lambda name: for_option(titles[name]), key="_closer"
    )
    _curves(by_name[chosen].faithfulness, titles)


def _curves(panel: dict[str, Any], titles: dict[str, str]) -> None:
    """Deletion and insertion curves of one method beside the controls."""
    st.markdown(f"**{for_markdown(panel['verdict'])}**")
    controls = [curve["name"] for curve in panel["curves"][1:]]
    left, right = st.columns(2)
    for column, name, reading in (
        (left, "deletion", "Its first interactions removed: the faster it falls, the better."),
        (right, "insertion", "Only its first interactions kept: the sooner it rises, the better."),
    ):
        lines = {
            titles.get(curve["name"], curve["name"]) if place == 0 else curve["name"]: (
                curve["n_edges"],
                curve[name],
            )
            for place, curve in enumerate(panel["curves"])
        }
        quiet = controls
        with column:
            chart(explain_charts.curves(lines, f"interactions ({name})", "score or lead", quiet), reading, f"_{name}")


def _promise(explanation: Explanation, titles: dict[str, str]) -> dict[str, Any]:
    return {
        "Method": titles[explanation.method],
        "Sums up": "yes" if explanation.is_additive else "no",
        "Exact": "yes" if explanation.exact else "no",
        "Held fixed": ", ".join(explanation.frozen) or "nothing",
        "Largest reason": clean(explanation.contributions[0].label) if explanation.contributions else "–",
        "Seconds": round(explanation.seconds, 3),
    }


def _measurement(panel: dict[str, Any]) -> dict[str, Any]:
    p = panel["p_random"]
    return {
        "Beats random": "yes" if panel["beats_random"] else "no",
        "Agrees with deletion": panel["spearman"],
        "its 95 % interval": None if panel["spearman"] is None else _span(panel),
        "Random sets as good": None if p is None else 100 * p,
        "Same with other seeds": panel["stability"],
    }


def _span(panel: dict[str, Any]) -> str:
    return f"{panel['spearman_low']:.2f} to {panel['spearman_high']:.2f}".replace("-", "−")
