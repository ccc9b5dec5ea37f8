"""What the run at hand cannot serve, asked of the library itself.

A page greys such a view before anybody opens it, says why, and names runs that can.

A new need of a view is a function here that the library refuses with a sentence, and a line in `NEEDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st
from typing_extensions import get_protocol_members

from gnnrec_core.base.errors import LensError, RequestError
from gnnrec_core.base.text import for_label, for_markdown
from gnnrec_ui.frame import roles, shell
from gnnrec_ui.frame.study import Study, run_label

if TYPE_CHECKING:
    from gnnrec_core.runs.entries import RunEntry

MOST_WAYS = 3


@dataclass(frozen=True)
class Need:
    """`ask` raises where the study cannot serve it; `able` are protocols of which a model that can has one whole; `way`
    is the page, the label and the icon of the way on where no run here can."""

    ask: Callable[[Study], object]
    able: Callable[[], tuple[type, ...]] = tuple
    way: tuple[str, str, str] = ("train", "Train a model that can", ":material/model_training:")


@dataclass(frozen=True)
class Refused:
    """The need that is not met, and the library's sentence on it."""

    need: Need
    error: LensError


ViewNeeds = Mapping[str, tuple[str, ...]]
"""Views by name, and what each needs: names of `NEEDS`."""


def refused(study: Study, needs: ViewNeeds) -> dict[str, Refused]:
    """Those of the views that cannot be served, and why."""
    found: dict[str, Refused] = {}
    for view, wanted in needs.items():
        errors = ((name, _refusal(study, name, study.key)) for name in wanted)
        first = next(((name, error) for name, error in errors if error is not None), None)
        if first is not None:
            found[view] = Refused(NEEDS[first[0]], first[1])
    return found


@st.cache_resource(max_entries=300, show_spinner=False)
def _refusal(_study: Study, need: str, key: str) -> LensError | None:
    try:
        NEEDS[need].ask(_study)
    except LensError as error:
        return error
    return None


def say_refused(refusals: Mapping[str, Refused], titles: Mapping[Any, str]) -> None:
    """One line below views that are greyed: which, and why; those with one reason share it."""
    reasons: dict[str, list[str]] = {}
    for view, each in refusals.items():
        reasons.setdefault(each.error.message, []).append(titles[view])
    for message, views in reasons.items():
        st.caption(f":material/block: {for_markdown(', '.join(views))}: {for_markdown(message)}")


def instead(study: Study, refusal: Refused, page: str, **parameters: object) -> None:
    """The body of a view that cannot be served: why, and the same view in runs of these data that can."""
    st.info(for_markdown(refusal.error.message), icon=":material/info:")
    runs = _runs_able(study, refusal.need.able())
    with st.container(horizontal=True, key="ways_on"):
        for run in runs[:MOST_WAYS]:
            label = f"Open it in {for_label(run_label(run))}"
            shell.link(page, label, ":material/swap_horiz:", **{**parameters, "run": run.id})
        if not runs:
            shell.link(*refusal.need.way)


def _runs_able(study: Study, able: tuple[type, ...]) -> list[RunEntry]:
    """Other runs of the data at hand whose model can; told by its class, so that no run has to be opened."""
    from gnnrec_core.models import model_type

    if study.dataset_entry is None or study.run_entry is None:
        return []
    members = [get_protocol_members(protocol) for protocol in able]

    def can(model: str) -> bool:
        try:
            kind = model_type(model)
        except LensError:  # a model of a package that is not here any more
            return False
        return any(all(hasattr(kind, name) for name in needed) for needed in members)

    runs = roles.workspace().runs(study.dataset_entry.fingerprint)
    return [run for run in runs if run.is_usable and run.id != study.run_entry.id and can(run.record.model)]


def _with_parts() -> tuple[type, ...]:
    from gnnrec_core.models.history_protocol import HistoryRecommender
    from gnnrec_core.models.protocol import PropagationRecommender

    return PropagationRecommender, HistoryRecommender


def _with_paths() -> tuple[type, ...]:
    from gnnrec_core.models.history_protocol import ReaderPathsRecommender
    from gnnrec_core.models.protocol import PropagationRecommender

    return PropagationRecommender, ReaderPathsRecommender


def _with_attention() -> tuple[type, ...]:
    from gnnrec_core.explain.methods.attention import AttentionRecommender

    return (AttentionRecommender,)


def _refitting() -> tuple[type, ...]:
    from gnnrec_core.models.protocol import RefittingRecommender

    return (RefittingRecommender,)


def _with_own_rows() -> tuple[type, ...]:
    from gnnrec_core.models.protocol import PersonalRecommender

    return PersonalRecommender, *_refitting()


def _with_embeddings() -> tuple[type, ...]:
    from gnnrec_core.models.protocol import EmbeddingRecommender

    return (EmbeddingRecommender,)


def _inductive() -> tuple[type, ...]:
    from gnnrec_core.models.history_protocol import InductiveRecommender
    from gnnrec_core.models.protocol import PropagationRecommender

    return InductiveRecommender, PropagationRecommender


def _parts(study: Study) -> None:
    from gnnrec_core.explain.scores.scoring import scorer_of

    scorer_of(study.run.model)


def _changed_graph(study: Study) -> None:
    from gnnrec_core.explain.scores.scoring import rescorer_of

    rescorer_of(study.run.model)


def _method(name: str) -> Callable[[Study], None]:
    def supported(study: Study) -> None:
        from gnnrec_core.explain import EXPLAINERS

        EXPLAINERS.load(name)().supports(study.run.model)

    return supported


def _embeddings(study: Study) -> None:
    from gnnrec_core.whole.map.layout import check_has_embeddings

    check_has_embeddings(study.run)


def _moved(study: Study) -> None:
    from gnnrec_core.change.moved import level_of

    level_of(study.run)


def _timed(study: Study) -> None:
    from gnnrec_core.data.moments import span

    span(study.dataset)


def _attacked(study: Study) -> None:
    from gnnrec_core.change.attack import check_refits

    check_refits(study.run)


def _forgotten(study: Study) -> None:
    from gnnrec_core.change.forgetting import method_of

    method_of(study.run)


def _updated(study: Study) -> None:
    from gnnrec_core.change.updating import check_updates

    check_updates(study.run)


def _new_person(study: Study) -> None:
    from gnnrec_core.runs.fold_in import fold_in

    fold_in(study.run, [int(study.run.graph.popularity.argmax())], 1)


def _tables(study: Study) -> None:
    from gnnrec_core.decide.smaller import check_has_tables

    check_has_tables(study.run)


def _other_run(study: Study) -> None:
    assert study.dataset_entry is not None and study.run_entry is not None  # the frame has checked it
    runs = roles.workspace().runs(study.dataset_entry.fingerprint)
    if not any(run.is_usable and run.id != study.run_entry.id for run in runs):
        raise RequestError("There is only one run of this dataset.", "Train the candidate first.")


NEEDS: Mapping[str, Need] = {
    "parts": Need(_parts, _with_parts),
    "changed graph": Need(_changed_graph, _with_parts),
    "paths": Need(_method("paths"), _with_paths),
    "attention": Need(_method("attention"), _with_attention),
    "other interactions": Need(_moved, _with_parts),
    "updating": Need(_updated, _with_own_rows),
    "times": Need(_timed, way=("data", "Import a log with times", ":material/upload:")),
    "another run": Need(_other_run, way=("train", "Train one", ":material/model_training:")),
    "embeddings": Need(_embeddings, _with_embeddings),
    "attack": Need(_attacked, _refitting),
    "forgetting": Need(_forgotten, _with_own_rows),
    "new person": Need(_new_person, _inductive),
    "tables": Need(_tables, _with_embeddings),
}
