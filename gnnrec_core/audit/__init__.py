"""Who is served badly, what is never shown, what fixing it costs: functions of ranked lists and held-out data."""
