"""People and items as the model sees them, in two dimensions."""

from gnnrec_ui.frame import shell
from gnnrec_ui.map_view import map_view

with shell.page("map") as study:
    map_view(study)
