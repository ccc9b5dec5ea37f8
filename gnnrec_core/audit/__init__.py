"""Who is served badly, what is never shown, and what fixing it costs: pure functions of ranked lists and held-out data."""
