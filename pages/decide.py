"""Is the candidate good enough, how large must the experiment be, what did it say; which settings, and how small?"""

from gnnrec_ui.decide.experiment_view import plan_view, read_view
from gnnrec_ui.decide.gate_view import gate_view
from gnnrec_ui.decide.search_view import search_view
from gnnrec_ui.decide.smaller_view import smaller_view
from gnnrec_ui.frame import pickers, serving, shell

SECTIONS = {
    "gate": "Gate",
    "plan": "Plan an experiment",
    "read": "Read an experiment",
    "search": "Search settings",
    "smaller": "Make it smaller",
}
VIEWS = {"gate": gate_view, "plan": plan_view, "read": read_view, "search": search_view, "smaller": smaller_view}

NEEDS: serving.ViewNeeds = {"gate": ("another run",), "smaller": ("tables",)}

with shell.page("decide") as study:
    refusals = serving.refused(study, NEEDS)
    chosen = pickers.choose_one("What to decide", SECTIONS, "decide", refusals=refusals)
    if chosen in refusals:
        serving.instead(study, refusals[chosen], "decide", decide=chosen)
    else:
        VIEWS[chosen](study)
