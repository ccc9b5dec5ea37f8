"""A run over time and under stress: as of any day, one person's drift, shaken data, rounds of feedback, forgetting."""

from gnnrec_ui import change_view
from gnnrec_ui.frame import pickers, serving, shell

with shell.page("over_time") as study:
    refusals = serving.refused(study, change_view.NEEDS)
    section = pickers.choose_one("Look at", change_view.SECTIONS, "section", refusals=refusals)
    with shell.boundary():
        if section in refusals:
            serving.instead(study, refusals[section], "over_time", section=section)
        else:
            change_view.DRAW[section](study)
