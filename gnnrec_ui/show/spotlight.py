"""A light on one part of the page: what a step of the demo speaks of is marked, and brought into view once."""

from __future__ import annotations

import streamlit as st

SCROLL = """export default function ({ data }) {
  const kept = (globalThis.gnnrecSpot = globalThis.gnnrecSpot || {});
  if (kept.step === data.step) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const look = (tries) => {
    const spot = document.querySelector(`[class*="st-key-${data.spot}"]`);
    if (!spot || spot.clientHeight === 0) return tries && setTimeout(look, 150, tries - 1);
    kept.step = data.step;
    spot.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  };
  setTimeout(look, 250, 80);
}"""


def spotlight(spot: str, step: str) -> None:
    """Mark what stands in the container whose key begins with `spot` (ours); `step` names the moment it is shown."""
    st.html(
        f'<style>[class*="st-key-{spot}"] {{ outline: 3px solid light-dark(#0072b2, #7cc0f0); outline-offset: 6px; '
        "border-radius: 6px; box-shadow: 0 0 0 12px light-dark(rgba(0, 114, 178, .1), rgba(124, 192, 240, .12)); }"
        "</style>"
    )
    light = st.components.v2.component("gnnrec_spotlight", js=SCROLL)
    light(key="spotlight", data={"spot": spot, "step": step}, height="content")
