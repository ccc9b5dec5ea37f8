"""How dropped files are read, as controls: encoding, unusable rows, conditions, and what happened in each row."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gnnrec_core.base.errors import LensError, RequestError
from gnnrec_core.base.text import for_label, for_markdown, for_option
from gnnrec_core.data.clean.conditions import parse_condition
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.data.formats import READERS
from gnnrec_core.data.options import ImportOptions
from gnnrec_ui.data import hints
from gnnrec_ui.frame import forms, state

BAD_ROWS, ENCODING = "import_bad_rows", "import_encoding"
MENUS = (*hints.ROLES, "format", "day_first", "bad_rows", "encoding")
"""Options whose control is a menu of `forms.choose`; the others are widgets that are bound to the URL."""
COLUMNS = "_import_columns"
"""Where the session keeps the names of the columns of the file, in order."""
_ENCODINGS = (
    *("auto", "utf-8", "cp1252", "latin-1", "utf-16", "cp1250", "cp1251", "iso8859-15", "gb18030", "big5"),
    *("shift_jis", "euc_jp", "euc_kr", "cp1256"),
)
_DAYS = {"auto": "Told by the file", "day": "Day first: 03/04 is 3 April", "month": "Month first: 03/04 is 4 March"}
_ROWS = {"refuse": "Refuse the file, and say where they are", "drop": "Leave them out, and count them"}


def controls() -> dict[str, Any]:
    """Encoding, unusable rows and conditions: import options that differ from the defaults."""
    open_at_once = any(name in st.query_params for name in (BAD_ROWS, ENCODING, "import_keep"))
    chosen: dict[str, Any] = {}
    with st.expander("How the file is read", expanded=open_at_once):
        left, right = st.columns(2)
        with left:
            rows = forms.choose("Rows without a usable value", tuple(_ROWS), BAD_ROWS, "refuse", _ROWS.__getitem__)
        with right:
            encoding = forms.choose(
                "Encoding of text", _ENCODINGS, ENCODING, "auto", help="UTF-8 and UTF-16 are recognised by themselves."
            )
        typed = st.text_input(
            "Keep only rows where",
            key="import_keep",
            bind="query-params",
            placeholder="rating >= 4; event_type in purchase,cart",
            help="COLUMN OP VALUE with one of = != < <= > >= in; several are parted by a semicolon.",
        )
        left, right = st.columns(2)
        with left:
            read_as = forms.choose("Format", ("auto", *READERS.names), "import_format", "auto")
        with right:
            days = forms.choose(hints.name_of("day_first"), tuple(_DAYS), "import_day_first", "auto", _DAYS.__getitem__)
        chosen |= forms.fields_form(ImportOptions, ("delimiter", "header", "table"), "import")
        chosen |= forms.fields_form(ImportOptions, ("rating_scale", "amounts", "codes"), "import")
        chosen |= forms.fields_form(ImportOptions, ("accept_future_times",), "import")
    chosen |= {} if read_as == "auto" else {"format": read_as}
    chosen |= {} if days == "auto" else {"day_first": days == "day"}
    for name in ("amounts", "codes"):
        if name in chosen:
            chosen[name] = tuple(part.strip() for part in chosen[name].split(",") if part.strip())
    if chosen.get("delimiter") in ("tab", "\\t"):
        chosen["delimiter"] = "\t"
    keep = tuple(part.strip() for part in typed.split(";") if part.strip())
    for text in keep:
        try:
            parse_condition(text)
        except ValueError as error:
            raise RequestError(f"{error}.", "For example: rating >= 4", value=text) from None
    chosen |= {"bad_rows": rows} if rows != "refuse" else {}
    chosen |= {"encoding": encoding} if encoding != "auto" else {}
    return chosen | ({"keep": keep} if keep else {})


def offer_cure(error: LensError) -> None:
    """Under the sentence of an error: the control that cures it, where there is one."""
    offer_settings(f"{error.message} {error.hint}")
    n_rows = error.details.get("bad_rows")
    if n_rows and st.query_params.get(BAD_ROWS) != "drop":
        words = "this row" if n_rows == 1 else f"these {int(n_rows):,} rows"
        st.button(
            f"Leave {words} out",
            key="cure_rows",
            icon=":material/playlist_remove:",
            on_click=state.choose,
            args=(BAD_ROWS, "drop"),
            help="And whatever other rows cannot be used; all are counted with their lines.",
        )
    if "offset" in error.details and "text on line" in error.message:
        with st.container(horizontal=True):
            for name in ("cp1252", "cp1250", "cp1251", "gb18030", "shift_jis"):
                st.button(
                    f"Read as {name}", key=f"cure_{name}", on_click=state.choose, args=(ENCODING, name), type="tertiary"
                )


def offer_settings(text: str) -> None:
    """Buttons that set what a sentence names: `cures`."""
    for number, cure in enumerate(hints.cures(text, st.session_state.get(COLUMNS, ()))):
        if cure != {"bad_rows": "drop"}:  # it has a button of its own, with the number of rows
            st.button(for_label(hints.button_label(cure)), key=f"cure_{number}", on_click=_set, args=(cure,))


def _set(cure: dict[str, str]) -> None:
    """Put values into controls (for the callback of a button)."""
    for option, value in cure.items():
        if option in MENUS:
            state.choose(f"import_{option}", value)
        else:
            st.session_state[f"import_{option}"] = value


def behaviours(plain: Dataset, asked: tuple[str, ...]) -> dict[str, Any]:
    """For each column that says what happened: keep some of it, or weigh it. Conditions `asked` before stay."""
    found = {
        problem.column: problem.details["counts"]
        for problem in plain.problems
        if problem.code in ("behaviours", "negatives") and problem.column
    }
    if not found:
        return {}
    keep: list[str] = []
    weighed: dict[str, str] = {}
    with st.expander("What happened in each row", expanded=True):
        st.caption("These columns say what happened. Unless you choose, rows count as the table of step 3 says.")
        for place, (column, counts) in enumerate(found.items()):
            said = ", ".join(f"{for_markdown(value or '(empty)')} {n:,}" for value, n in counts.items())
            st.markdown(f"**{for_markdown(column)}**: {said}")
            left, right = st.columns(2)
            values = [value for value in counts if value and "," not in value]
            kept = left.multiselect(
                f"Keep only where {for_label(column)} is", values, key=f"import_kept_{place}", format_func=for_option
            )
            weights = right.text_input(
                f"Weights by {for_label(column)}",
                key=f"import_weights_{place}",
                placeholder="purchase=3,cart=2",
                help="What has no weight is left out.",
            )
            keep += [f"{column} in {','.join(kept)}"] if kept else []
            weighed |= {"behaviour_col": column, "behaviour_weights": weights} if weights.strip() else {}
    return ({"keep": (*asked, *keep)} if keep else {}) | weighed
