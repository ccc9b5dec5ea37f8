"""The embedding map: choose whom to show and how to colour, lasso some dots, list them, open one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.text import clean
from gnnrec_core.models import able
from gnnrec_core.models.protocol import EmbeddingRecommender
from gnnrec_core.render import theme
from gnnrec_core.render.charts import embedding_map
from gnnrec_core.render.charts.chart_data import chart_table
from gnnrec_core.render.charts.embedding_map import FIRST_POINTS, MOST_POINTS, SVG_POINTS, Mark
from gnnrec_core.views.privacy import NameUser
from gnnrec_ui import ask
from gnnrec_ui.frame import pickers, privacy, shell
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import tables, webgl
from gnnrec_ui.show.charts import as_table, config

SIDES: dict[embedding_map.Side, str] = {"items": "Items", "people": "People"}
MOST_LISTED = 500


def map_view(study: Study) -> None:
    """The whole page body."""
    plane = _plane(study.run, study.key)
    dataset, graph = study.dataset, study.run.graph
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        side = pickers.choose_one("Show", SIDES, "side")
        columns = embedding_map.colour_columns(dataset, side)
        options = {"popularity": "Number of interactions", **{name: _heading(name) for name in columns}}
        colour = pickers.choose_one("Colour by", options, "colour")
        n, first = (dataset.n_items, graph.n_users) if side == "items" else (dataset.n_users, 0)
        most, by_card = _choose_most(n)
    user = _user_in_hand(study)
    k = pickers.k_in_url(study.dataset.n_items)
    marks = _marks(study, side, user, k)
    places = embedding_map.sample(n, most, [int(i) - first for mark in marks for i in mark.nodes if i >= first])
    drawn = (study.key, side, colour, most, by_card, user, k, privacy.are_ids_shown(study))
    public = privacy.public_numbers(study)[first : first + n]
    places = places[np.argsort(public[places], kind="stable")]
    figure = _figure(study, plane, places, first, marks, public, *drawn)
    if len(places) < n:
        st.caption(
            f"{len(places):,} of {n:,} {side} are drawn: a sample in which each has the same chance, and what is "
            "marked. All take part in the directions, the colours and the loop that you draw."
        )
    event: Any = st.plotly_chart(
        figure,
        key=f"map_{study.key}_{side}_{colour}_{most}_{by_card}",
        on_select="rerun",
        selection_mode=("lasso", "box", "points"),
        config={**config("map"), "modeBarButtonsToRemove": ["autoScale2d"], "scrollZoom": True},
        alt=f"Map of {len(places):,} {side}; select dots to list them in the table below.",
    )
    as_table(lambda: chart_table(figure), "map", f"All {len(places):,} dots with their places")
    chosen = _picked(event["selection"], public)
    if len(places) < n:
        chosen = _also_inside(study, event["selection"], plane, chosen, n, first, side, colour)
    if not len(chosen):
        st.info("Draw a loop around some dots to list them here.", icon=":material/lasso_select:")
        return
    _list(study, side, chosen, public)


def _choose_most(n: int) -> tuple[int, bool]:
    """How many dots to draw, and whether by the graphics card, `?dots=` in the URL; no choice where there are few."""
    if n <= SVG_POINTS:
        return SVG_POINTS, False
    if webgl.is_missing():
        st.caption(f"This browser has no WebGL: {SVG_POINTS:,} dots are drawn, which any browser can.")
        return SVG_POINTS, False
    first = f"All {n:,}" if n <= FIRST_POINTS else f"{FIRST_POINTS:,}"
    choices = {"some": first, "plain": f"{SVG_POINTS:,}, in any browser"}
    if n > FIRST_POINTS:
        choices["all"] = f"All {n:,}" if n <= MOST_POINTS else f"{MOST_POINTS:,}"
    help = (
        "The fewer dots, the sooner they stand: most of the time goes into drawing them in the browser. Where the map "
        "stays empty although the browser has WebGL, choose what any browser can draw."
    )
    chosen = pickers.choose_one("Draw", choices, "dots", help=help)
    return {"plain": SVG_POINTS, "some": FIRST_POINTS, "all": MOST_POINTS}[chosen], chosen != "plain"


def _picked(selection: Any, public: Any) -> Any:
    """The selected dots as places 0..n-1, ascending; signs over the dots carry no node. Dots carry public numbers."""
    said = [point.get("customdata") for point in selection["points"]]
    nodes = [data[0] if isinstance(data, list) else data for data in said if data is not None]
    numbers = np.unique(np.array(nodes, dtype=np.int64))
    return np.flatnonzero(np.isin(public, numbers))


def _also_inside(
    study: Study, selection: Any, plane: embedding_map.Plane, picked: Any, n: int, first: int, side: Any, colour: str
) -> Any:
    """`picked` and those inside the drawn loops and boxes that have no dot; of groups hidden in the legend, none."""
    points = plane.position[first : first + n]
    inside = np.zeros(n, dtype=bool)
    for loop in [*selection["lasso"], *selection["box"]]:
        x, y = loop["x"], loop["y"]
        if len(x) == 2:  # opposite corners
            x, y = [x[0], x[1], x[1], x[0]], [y[0], y[0], y[1], y[1]]
        inside |= embedding_map.within(points, x, y)
    if colour != "popularity" and inside.any():
        groups = np.array(embedding_map.colour_groups(study.dataset, side, colour), dtype=object)
        inside &= np.isin(groups, np.unique(groups[picked]))
    return np.union1d(picked, np.flatnonzero(inside))


def _list(study: Study, side: str, chosen: Any, public: Any) -> None:
    dataset = study.dataset
    counts = _counts(study, side)
    places = chosen[np.lexsort((public[chosen], -counts[chosen]))][:MOST_LISTED]
    st.markdown(
        f"**{len(chosen):,} selected**" + (f", the first {MOST_LISTED} listed" if len(chosen) > MOST_LISTED else "")
    )
    titles = dataset.titles if side == "items" else dataset.users.ids
    name = _name(study, side)
    frame = pd.DataFrame({"Name": [clean(name(titles[place])) for place in places], "Interactions": counts[places]})
    if side == "items":
        frame["About"] = [tables.item_line(dataset, int(place)) for place in places]
    st.caption("Select a line to open it: an item is explained for the person in hand, a person gets their list.")
    event: Any = st.dataframe(
        frame,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"listed_{side}",
        alt="Selected dots",
        placeholder="–",
    )
    rows = event.selection.rows
    if rows and rows[0] < len(places):
        place = int(places[rows[0]])
        if side == "items":
            shell.open_page("explain", item=dataset.items.ids[place])
        shell.open_page("recommend", user=dataset.users.ids[place])


def _counts(study: Study, side: str) -> Any:
    """Train interactions of each item or person."""
    graph = study.run.graph
    return graph.popularity if side == "items" else np.diff(graph.seen.indptr)


def _name(study: Study, side: str) -> NameUser:
    return str if side == "items" else privacy.name_user(study, _user_in_hand(study))


def _user_in_hand(study: Study) -> int | None:
    """The person whom the URL names."""
    user = st.query_params.get("user")
    return study.dataset.users.index(user) if user is not None and user in study.dataset.users else None


def _marks(study: Study, side: str, user: int | None, k: int) -> tuple[Mark, ...]:
    """The person in hand; among items also what they have and what they would be shown."""
    if user is None:
        return ()
    person = Mark(
        "the person", np.array([user]), "circle-open", theme.NEGATIVE, 18, clean(study.dataset.users.ids[user])
    )
    if side == "people":
        return (person,)
    graph = study.run.graph
    listed = ask.recommendations(study, user, k).item_index[0]
    return (
        Mark("their history", graph.n_users + graph.history(user), "square-open", theme.HIGHLIGHT, 11),
        Mark("recommended", graph.n_users + listed[listed >= 0], "star", theme.NEGATIVE, 14),
        person,
    )


def _heading(name: str) -> str:
    return clean(name).replace("_", " ").capitalize()


@st.cache_resource(max_entries=6, show_spinner="Drawing …")
def _figure(
    _study: Study,
    _plane: embedding_map.Plane,
    _places: Any,
    _first: int,
    _marks: tuple[Mark, ...],
    _public: Any,
    key: str,
    side: Any,
    colour: str,
    most: int,
    by_card: bool,
    user: int | None,
    k: int,
    are_ids_shown: bool,
) -> Any:
    dataset, name = _study.dataset, _name(_study, side)
    titles = dataset.titles if side == "items" else dataset.users.ids
    names = [clean(name(titles[place])) for place in _places]
    groups = sizes = None
    if colour != "popularity":
        of_all = embedding_map.colour_groups(dataset, side, colour)
        groups, sizes = [of_all[place] for place in _places], Counter(of_all)
    counts = _counts(_study, side)[_places]
    return embedding_map.embedding_map(
        _plane, _places + _first, names, groups, counts, sizes, _marks, _public[_places], by_card
    )


@st.cache_resource(max_entries=8, show_spinner="Placing people and items …")
def _plane(_run: Any, key: str) -> embedding_map.Plane:
    embeddings = getattr(_run.model, "embeddings", None)
    if embeddings is None:
        raise UnsupportedError(
            f"A {_run.record.model} run has no embeddings, so there is no map of it.",
            f"Choose a run of {able(EmbeddingRecommender)}.",
        )
    return embedding_map.principal_plane(embeddings())
