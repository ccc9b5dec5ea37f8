"""People and items as the model sees them, in two dimensions."""

from gnnrec_ui.frame import serving, shell
from gnnrec_ui.map_view import map_view

with shell.page("map") as study:
    refusals = serving.refused(study, {"map": ("embeddings",)})
    if refusals:
        serving.instead(study, refusals["map"], "map")
    else:
        map_view(study)
