"""A run over time and under stress: as of any day, one person's drift, shaken data, rounds of feedback, forgetting."""

from gnnrec_ui.change.sections import DRAW, SECTIONS
from gnnrec_ui.frame import pickers, shell

with shell.page("over_time") as study:
    section = pickers.choose_one("Look at", SECTIONS, "section")
    with shell.boundary():
        DRAW[section](study)
