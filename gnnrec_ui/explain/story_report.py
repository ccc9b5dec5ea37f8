"""The story of the case to take away: one designed page and one picture."""

from __future__ import annotations

from dataclasses import replace

from gnnrec_core.explain.explanation import Explanation
from gnnrec_core.render.story_card import Story, story_page, story_svg
from gnnrec_core.views.case_picture import case_picture
from gnnrec_core.views.privacy import pseudonymous
from gnnrec_core.views.story import tell_story
from gnnrec_ui import ask
from gnnrec_ui.explain import selection
from gnnrec_ui.frame import privacy, shell
from gnnrec_ui.frame.study import Study, run_label
from gnnrec_ui.show.downloads import download
from gnnrec_ui.show.picture_button import picture_button

N_LINKS, N_BETWEEN = 6, 4


def story_report(study: Study, explanation: Explanation) -> None:
    """Two buttons: the page, made when it is asked for, and the picture, made by the browser."""
    story = _story(study, explanation)
    download("Story (HTML)", lambda: story_page(story), "story.html", key="_story")
    picture_button("Story (PNG)", story_svg(story), "story.png", "story_png")


def _story(study: Study, explanation: Explanation) -> Story:
    """The story of what is selected; other people go by pseudonyms, as in every file."""
    case, own = explanation.case, study.dataset.users.ids[explanation.case.user_index]
    names = privacy.names_in_exports()

    def name(raw_id: str) -> str:
        return raw_id if raw_id == own else names.name(raw_id)

    chosen = selection.chosen(study, explanation)
    told = pseudonymous(explanation, own, name)
    parts = zip(explanation.contributions, told.contributions, strict=True)
    label = next((new.label for old, new in parts if chosen and selection.key_of(study, old) == chosen), None)
    picture = case_picture(case, ask.bridges(study, case), study.run.graph, study.dataset, name, N_LINKS, N_BETWEEN)
    address = shell.address(study)
    run, data = study.run_entry, study.dataset_entry
    source = f"{run_label(run) if run else ''}; data {data.name if data else ''} ({study.dataset.fingerprint[:12]})."
    return tell_story(replace(told, narrative=()), study.dataset, picture, source, address, label)
