"""Who is served badly, what is never shown, what fixing it costs: functions of ranked lists and held-out data."""

from gnnrec_core.base.verbs import call_by_name

call_by_name(__name__)
