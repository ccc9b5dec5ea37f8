"""The embedding map: choose whom to show and how to colour, lasso some dots, list them, open one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from gnnrec_core.audit.sources import GENRE_COLUMNS
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.data.dataset import Dataset, FloatArray
from gnnrec_core.render import theme
from gnnrec_core.render.charts import embedding_map
from gnnrec_core.render.charts.chart_data import chart_table
from gnnrec_core.render.charts.embedding_map import FIRST_POINTS, MOST_POINTS, SVG_POINTS, Mark
from gnnrec_core.runs.run import Run
from gnnrec_core.views.privacy import NameUser
from gnnrec_core.whole.map.layout import held_layout, map_layout, principal_plane, vectors_of
from gnnrec_core.whole.map.regions import Region, find_regions, labels_of_items, labels_of_people
from gnnrec_ui import ask
from gnnrec_ui.frame import forms, pickers, privacy, shell
from gnnrec_ui.frame.asking import answered
from gnnrec_ui.frame.study import Study
from gnnrec_ui.server.slow_work import line, waiting_room
from gnnrec_ui.show import tables, webgl
from gnnrec_ui.show.charts import as_table, config

SIDES: dict[embedding_map.Side, str] = {"items": "Items", "people": "People"}
MOST_LISTED = 500
N_NEAR = 20
MOST_NAMED_AT_ONCE = 50_000
"""Of more dots the regions are named when the dots stand."""


def map_view(study: Study) -> None:
    """The whole page body."""
    position = _position(study)
    dataset, graph = study.dataset, study.run.graph
    side, colour, (most, by_card) = _choose_side(study)
    n, first = (dataset.n_items, graph.n_users) if side == "items" else (dataset.n_users, 0)
    own = position[first : first + n]
    regions = _named_regions(study, own, side, _digest(position))
    user, found, region = _choose_whom(study, side, regions or ())
    k = pickers.k_in_url(dataset.n_items)
    marks = _marks(study, side, user, found, first, k)
    places = embedding_map.sample(n, most, [int(i) - first for mark in marks for i in mark.nodes if i >= first])
    named = f"{_digest(position)}_{len(regions or ())}"
    drawn = (study.key, side, colour, most, by_card, user, found, k, privacy.are_ids_shown(study), named)
    public = np.arange(first, first + n) if side == "items" else privacy.public_numbers(study)[:n]
    places = places[np.argsort(public[places], kind="stable")]
    crowd = own if len(places) < n else None
    figure = _figure(study, position, places, first, marks, public, regions or (), crowd, *drawn)
    if crowd is not None:
        st.caption(
            f"{len(places):,} of {n:,} {side} have a dot: a sample in which each has the same chance, and what is "
            "marked. The shade behind them counts all, and all take part in the search, the regions and your loop."
        )
    event: Any = st.plotly_chart(
        figure,
        key=f"map_{study.key}_{side}_{colour}_{most}_{by_card}",
        on_select="rerun",
        selection_mode=("lasso", "box", "points"),
        config={**config("map"), "modeBarButtonsToRemove": ["autoScale2d"], "scrollZoom": True},
        alt=f"Map of {len(places):,} {side}; select dots to list them in the table below.",
    )
    if regions is None:
        _name_regions(study, own, side, _digest(position))
    as_table(lambda: chart_table(figure), f"map-of-{side}", f"All {len(places):,} dots with their places")
    chosen = _picked(event["selection"], public)
    if len(places) < n:
        chosen = _also_inside(study, event["selection"], own, chosen, n, side, colour)
    if not len(chosen) and region is not None:
        st.markdown(f"**Region:** {for_markdown(_told(region, side))}.")
        chosen = region.members
    elif not len(chosen) and found is not None:
        st.markdown(f"**The {N_NEAR} that are most similar to {for_markdown(_name_at(study, side, found))}:**")
        chosen = _nearest(study, found, first, n)
    if not len(chosen):
        st.info(
            "Draw a loop, choose a region, or search: what you choose is listed here.", icon=":material/lasso_select:"
        )
        return
    _list(study, side, chosen, public)


def _position(study: Study) -> FloatArray:
    """The layout beside the run; while there is none, the two main directions, with a bar for what is worked out."""
    held = _held(study.run, study.key)
    if held is not None:
        return held
    found = answered(
        study, "Laying the map out: neighbours will stand together", ("map",), lambda: map_layout(study.run)
    )
    if found is None:
        st.caption("Until then the two main directions are shown, in which much lies over each other.")
        return _plane(study.run, study.key)
    position: FloatArray = found.position
    return position


def _digest(position: FloatArray) -> str:
    """Tells one layout from another, for caches."""
    return f"{len(position)}_{float(position[:50].sum()):.6f}"


def _choose_side(study: Study) -> tuple[embedding_map.Side, str, tuple[int, bool]]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        side = pickers.choose_one("Show", SIDES, "side")
        columns = _colour_columns(study.dataset, side, study.key)
        colours = {name: _heading(name) for name in columns} | {"popularity": "Number of interactions"}
        first = next((name for name in columns if name in GENRE_COLUMNS), next(iter(colours)))
        colour = pickers.choose_one("Colour by", colours, "colour", first)
        shown = _choose_most(study.dataset.n_items if side == "items" else study.dataset.n_users)
    return side, colour, shown


def _choose_whom(
    study: Study, side: embedding_map.Side, regions: tuple[Region, ...]
) -> tuple[int, int | None, Region | None]:
    """The person whose list is marked, what was searched for, and the region to list."""
    person, search, area = st.columns([4, 4, 3], vertical_alignment="bottom")
    with person:
        user = pickers.choose_user(study, is_alone=True)
    with search:
        found = _search(study, side)
    with area:
        labels = ["", *map(str, range(len(regions)))]
        chosen = forms.choose(
            "List a region",
            labels,
            "region",
            name_of=lambda n: f"{int(n) + 1}. {regions[int(n)].name}" if n else "none",
            help="For keyboards: the same as a loop around a region.",
        )
    return user, found, regions[int(chosen)] if chosen else None


def _search(study: Study, side: embedding_map.Side) -> int | None:
    """One item (or, where ids are shown, one person) of the whole map, drawn or not."""
    if side == "items":
        return pickers.find_one("Find on the map", study.dataset.items, study.dataset.titles, "find")
    if privacy.are_ids_shown(study):
        return pickers.find_one("Find on the map", study.dataset.users, study.dataset.users.ids, "find")
    return None


def _told(region: Region, side: embedding_map.Side) -> str:
    return region.told if side == "items" else f"{region.name}, {len(region.members):,} people"


def _name_at(study: Study, side: embedding_map.Side, place: int) -> str:
    titles = study.dataset.titles if side == "items" else study.dataset.users.ids
    return clean(_name(study, side)(titles[place]))


def _nearest(study: Study, place: int, first: int, n: int) -> Any:
    """The nearest by the cosine of the embeddings, not by the picture."""
    vectors = vectors_of(study.run)[first : first + n]
    return np.argsort(-(vectors @ vectors[place]), kind="stable")[: N_NEAR + 1]


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


def _also_inside(study: Study, selection: Any, points: FloatArray, picked: Any, n: int, side: Any, colour: str) -> Any:
    """`picked` and those inside the drawn loops and boxes that have no dot; of groups hidden in the legend, none."""
    inside = np.zeros(n, dtype=bool)
    for loop in [*selection["lasso"], *selection["box"]]:
        x, y = loop["x"], loop["y"]
        if len(x) == 2:  # opposite corners
            x, y = [x[0], x[1], x[1], x[0]], [y[0], y[0], y[1], y[1]]
        inside |= embedding_map.within(points, x, y)
    if colour != "popularity" and inside.any():
        groups = embedding_map.colour_groups(study.dataset, side, colour)
        inside &= groups.is_in(groups.gather(picked).unique().implode()).to_numpy()
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
    st.caption("Select a line to open it: an item is explained for the person chosen above, a person gets their list.")
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


def _marks(study: Study, side: str, user: int, found: int | None, first: int, k: int) -> tuple[Mark, ...]:
    """The person in hand, and what was found; among items also what the person has and would be shown."""
    ids = study.dataset.users.ids
    person = Mark("the person", np.array([user]), "circle-open", theme.NEGATIVE, 18, clean(ids[user]))
    search: tuple[Mark, ...] = ()
    if found is not None:
        titles = study.dataset.titles if side == "items" else ids
        search = (Mark("found", np.array([first + found]), "circle-open", theme.NEGATIVE, 26, clean(titles[found])),)
    if side == "people":
        return (person, *search)
    graph = study.run.graph
    listed = ask.recommendations(study, user, k).item_index[0]
    return (
        Mark("their history", graph.n_users + graph.history(user), "square-open", theme.HIGHLIGHT, 11),
        Mark("recommended", graph.n_users + listed[listed >= 0], "star", theme.NEGATIVE, 14),
        person,
        *search,
    )


def _heading(name: str) -> str:
    return clean(name).replace("_", " ").capitalize()


@st.cache_resource(max_entries=6, show_spinner="Drawing …")
def _figure(
    _study: Study,
    _position: FloatArray,
    _places: Any,
    _first: int,
    _marks: tuple[Mark, ...],
    _public: Any,
    _regions: tuple[Region, ...],
    _crowd: FloatArray | None,
    key: str,
    side: Any,
    colour: str,
    most: int,
    by_card: bool,
    user: int | None,
    found: int | None,
    k: int,
    are_ids_shown: bool,
    layout: str,
) -> Any:
    dataset, name = _study.dataset, _name(_study, side)
    titles = dataset.titles if side == "items" else dataset.users.ids
    names = [clean(name(titles[place])) for place in _places]
    groups = sizes = None
    if colour != "popularity":
        of_all = embedding_map.colour_groups(dataset, side, colour)
        groups, sizes = of_all.gather(_places).to_list(), dict(of_all.value_counts().iter_rows())
    counts = _counts(_study, side)[_places]
    return embedding_map.embedding_map(
        _position, _places + _first, names, groups, counts, sizes, _marks, _public[_places], by_card,
        [(region.name, region.centre) for region in _regions if region.share], _crowd,
    )  # fmt: skip


@st.cache_resource(max_entries=16, show_spinner=False)
def _colour_columns(_dataset: Dataset, side: embedding_map.Side, key: str) -> list[str]:
    return embedding_map.colour_columns(_dataset, side)


@st.cache_resource(max_entries=8, show_spinner="Opening the map …")
def _held(_run: Run, key: str) -> FloatArray | None:
    held = held_layout(_run)
    return None if held is None else held.position


@st.cache_resource(max_entries=8, show_spinner="Placing people and items …")
def _plane(_run: Run, key: str) -> FloatArray:
    return principal_plane(vectors_of(_run))


def _named_regions(study: Study, own: FloatArray, side: embedding_map.Side, layout: str) -> tuple[Region, ...] | None:
    """The regions; None where very many dots have none yet: those stand first, and are named then."""
    if len(own) <= MOST_NAMED_AT_ONCE or "region" in st.query_params:
        return _regions(study, own, side, study.key, layout)
    work = line().find(("regions", side, study.key, layout))
    if work is None or work.state in ("waiting", "running"):
        return None
    return work.answer or ()


def _name_regions(study: Study, own: FloatArray, side: embedding_map.Side, layout: str) -> None:
    """Have the regions named beside the page, which runs again when they are."""
    key = ("regions", side, study.key, layout)
    work = line().ask(key, lambda: _regions(study, own, side, study.key, layout))
    waiting_room(work, "Naming the regions", f"regions_{side}")


@st.cache_resource(max_entries=8, show_spinner=False)
def _regions(_study: Study, _own: FloatArray, side: embedding_map.Side, key: str, layout: str) -> tuple[Region, ...]:
    columns = _colour_columns(_study.dataset, side, key)
    labels = labels_of_items if side == "items" else labels_of_people
    return find_regions(_own, labels(_study.dataset, columns))
