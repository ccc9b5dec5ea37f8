"""The little CSS that themes cannot express: no fixed colours, and nothing from data ever enters."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

_ALWAYS = """
.stMainBlockContainer { max-width: 1640px; padding: 2.2rem clamp(1rem, 4vw, 4rem) 4rem; }
[data-testid="stCaptionContainer"] { color: inherit !important; opacity: .8; }
.stMainBlockContainer [data-testid="stCaptionContainer"] { line-height: 1.5; }
[data-testid^="stBaseButton-primary"], [data-testid^="stBaseButton-primary"] *, [data-tag] * {
  color: light-dark(#ffffff, #0c1117) !important; }
[data-testid="stMain"] [data-testid="stPageLink"] :is(p, [data-testid="stIconMaterial"]) {
  color: light-dark(#0063a0, #7cc0f0); }
[data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
.st-key-menu [data-testid="stCaptionContainer"] { margin: .6rem 0 -.55rem .5rem; font-size: .8rem; }
.st-key-menu [data-testid="stMarkdownContainer"] strong { font-size: 1.05rem; margin-left: .5rem; }
.st-key-list [class*="st-key-row_"] { padding: .45rem 0 .35rem; border-bottom: 1px solid rgba(138, 148, 160, .3); }
.st-key-list [data-testid="stPageLink"] p { font-weight: 600; }
.st-key-list [data-testid="stCaptionContainer"] { padding-left: 2.1rem; }
.stPlotlyChart :is(.xtick, .ytick, .y2tick, .infolayer g, .textpoint, .sankey-node, .legend, .annotation) text,
.stPlotlyChart text:is(.bartext-outside, .legendtext) { fill: currentColor !important; }
.stPlotlyChart :is(.sankey-node, .annotation) text { paint-order: stroke; stroke: light-dark(#ffffff, #10151c);
  stroke-width: 3px; text-shadow: none !important; }
.stPlotlyChart .annotation text { font-size: 12px !important; }
[data-testid="stButtonGroup"] button:not([data-testid="stWidgetLabel"] *) { min-height: 2.5rem; }
[data-testid="stTable"] th[scope="row"] + td { padding-left: 1rem; }
[data-testid="stTable"] td span { opacity: .85; }
[data-testid="stTable"] td :is(em, em + br) { display: none; }
.st-key-guide { background: light-dark(#eaf4fb, #12293a); }
:has(> .st-key-guide) { position: sticky; top: 3.75rem; z-index: 100; }
.st-key-share [data-testid="stBaseButton-tertiary"] { margin-left: .5rem; }
[class*="st-key-fits_"] { container-type: inline-size; }
[class*="st-key-narrow_"] { display: none !important; }
@container (max-width: 560px) {
  [class*="st-key-wide_"] { display: none !important; }
  [class*="st-key-narrow_"] { display: flex !important; }
}
@media (max-width: 1000px) {
  [data-testid="stTable"] thead { display: none; }
  [data-testid="stTable"] tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.6rem, 1fr));
    padding-bottom: .4rem; }
  [data-testid="stTable"] th[scope="row"] { grid-column: 1 / -1; border: 0; font-weight: 600; padding-top: .6rem; }
  [data-testid="stTable"] :is(td, th[scope="row"] + td) { border: 0; padding: .2rem .3rem .2rem .5rem; }
  .st-key-scorecard [data-testid="stTable"] tr { grid-template-columns: 4.2rem 1fr; }
  .st-key-scorecard [data-testid="stTable"] td:last-child { grid-column: 2; }
  [data-testid="stTable"] td :is(em, em + br) { display: inline; font-style: normal; opacity: .85; }
}
@media (max-width: 640px) {
  .stMainBlockContainer { padding: 3rem 1rem 3rem; }
  h1 { font-size: 1.6rem !important; }
}
@media print { [data-testid="stSidebar"], [data-testid="stHeader"] { display: none !important; } }
"""
_PRESENTING = """
html { font-size: 118%; }
[data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stSidebarCollapsedControl"],
[data-testid="stExpandSidebarButton"] { display: none !important; }
.stMainBlockContainer { max-width: 1400px; padding-top: 1.5rem; }
"""


def grey_tabs(key: str, places: Sequence[int]) -> None:
    """Step the tabs at these places (from 1) of the container `key` back, with a sign that needs no colour."""
    if places:
        tabs = ", ".join(f'.st-key-{key} [role="tab"]:nth-of-type({place:d})' for place in places)
        st.html(f"<style>:is({tabs}) {{ opacity: .72; }} :is({tabs}) p::before {{ content: '⊘ '; }}</style>")


def apply(is_presenting: bool) -> None:
    """Put our style on the page; in presentation mode without menu and toolbar, and with larger type."""
    st.html(f"<style>{_ALWAYS}{_PRESENTING if is_presenting else ''}</style>")
