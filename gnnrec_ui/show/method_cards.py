"""What each explanation method says about itself: nothing here is written twice."""

from __future__ import annotations

import inspect
from importlib import import_module

import pandas as pd
import streamlit as st

from gnnrec_core.base.registry import Plugin
from gnnrec_core.base.settings import describe_settings
from gnnrec_core.base.text import clean


def method_card(plugin: Plugin) -> None:
    """Title, promise, the definition from its own documentation, and its settings; filled when it is opened."""
    card = st.expander(f"**{plugin.title}** — {plugin.summary}", key=f"_card_{plugin.name}", on_change="rerun")
    if not card.open:
        return
    explainer = plugin.load()
    with card:
        st.markdown(inspect.getdoc(explainer) or "")
        module = import_module(plugin.target.partition(":")[0])
        st.code(inspect.cleandoc(module.__doc__ or ""), language=None, wrap_lines=True)
        fields = describe_settings(explainer.settings_type)
        if fields:
            rows = [
                {
                    "Setting": field.name,
                    "Default": clean(field.default),
                    "Allowed": ", ".join(map(str, field.choices)) or field.bounds or "any",
                    "Meaning": clean(field.description),
                }
                for field in fields
            ]
            st.dataframe(pd.DataFrame(rows), hide_index=True, alt=f"Settings of {plugin.title}", placeholder="–")
