"""A run over time and under stress: as of any day, one person's drift, shaken data, rounds of feedback, forgetting."""

from gnnrec_ui.change.sections import DRAW, NEEDS, SECTIONS
from gnnrec_ui.frame import pickers, serving, shell

with shell.page("over_time") as study:
    refusals = serving.refused(study, NEEDS)
    section = pickers.choose_one("Look at", SECTIONS, "section", refusals=refusals)
    with shell.boundary():
        if section in refusals:
            serving.instead(study, refusals[section], "over_time", section=section)
        else:
            DRAW[section](study)
