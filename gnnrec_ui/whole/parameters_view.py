"""Main parameters and the system card, on the Drivers page."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.render import theme
from gnnrec_core.views.whole.parameters import WHAT
from gnnrec_core.whole.card import QUESTIONS
from gnnrec_core.whole.parameters import Parameters
from gnnrec_ui.frame.asking import answered
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show.charts import as_table
from gnnrec_ui.show.downloads import download


def parameters_view(study: Study, k: int) -> None:
    """Each input removed: sentences, and the figures behind them."""
    run = study.run

    def question() -> Parameters:
        from gnnrec_core.whole.parameters import main_parameters

        return main_parameters(run, k)

    found = answered(study, "Ranking everybody without each input", ("parameters", k), question)
    if found is None:
        return
    st.caption(" ".join(WHAT))
    st.markdown("\n".join(f"- {for_markdown(row.sentence)}" for row in found.rows))
    plain = found.without_profiling
    st.markdown(
        f"**Without profiling**, the most popular items for everybody: {theme.percent(plain.overlap.value, 0)} of the "
        f"places are the same, and NDCG changes by {theme.signed(plain.accuracy.value)} "
        f"({theme.signed(plain.accuracy.low)} to {theme.signed(plain.accuracy.high)})."
    )
    st.caption(
        f"Lists of {int(found.k)}; overlap over {found.n_users:,} people, NDCG over {found.n_judged:,} with items in "
        f"the {for_markdown(found.split)} part. Intervals hold for all inputs together with 95 %."
    )
    as_table(lambda: _table(found), "main-parameters", "All inputs with their figures")


def _table(found: Parameters) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Without": row.name,
                "Overlap": row.overlap.value,
                "NDCG change": row.accuracy.value,
                "From": row.accuracy.low,
                "To": row.accuracy.high,
                "What is removed": row.definition,
            }
            for row in (*found.rows, found.without_profiling)
        ]
    )


def card_view(study: Study, k: int) -> None:
    """The card to take away, and the author's answers on it."""
    st.caption(
        "Every figure on the card names the command that gives it. What only its author can say is asked below; what "
        "stays empty stands on the card as an open question. Answers are kept while this page is open; the file that "
        "you take away holds them."
    )
    card = st.container()
    st.subheader("What its author is asked", anchor=False)
    answers = {}
    for name, question in QUESTIONS.items():
        answers[name] = st.text_area(question, key=f"_card_{name}", height=68)
    said = tuple(sorted((name, words.strip()) for name, words in answers.items() if words.strip()))
    with card:
        _card(study, k, said)


def _card(study: Study, k: int, said: tuple[tuple[str, str], ...]) -> None:
    """The card to take away, and which articles it answers with what was said."""
    run = study.run

    def measured() -> Any:
        from gnnrec_core.whole.card import make_card

        return make_card(run, k)

    found = answered(study, "Measuring for the card", ("card", k), measured)
    if found is None:
        return
    with st.container(horizontal=True):
        for label, ending in (("Card (HTML)", "html"), ("Card (JSON)", "json")):
            download(label, partial(_file, found, said, ending), f"card.{ending}", is_quiet=False)
    rows = [
        {"Article": check.article, "Status": check.status, "Asks": clean(check.text)}
        for check in _with_answers(found, said).checklist
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        alt="Articles of the Digital Services Act that the card answers",
        placeholder="–",
    )
    st.caption("Of the Digital Services Act (EU 2022/2065). This is no legal advice.")


def _with_answers(card: Any, said: tuple[tuple[str, str], ...]) -> Any:
    return card.with_answers(dict(said))


def _file(card: Any, said: tuple[tuple[str, str], ...], ending: str) -> str:
    from gnnrec_core.views.whole.card import card_json, card_page

    whole = _with_answers(card, said)
    return card_page(whole) if ending == "html" else json.dumps(card_json(whole), indent=1, ensure_ascii=False)
