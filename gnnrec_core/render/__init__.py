"""Drawing: charts, networks and self-contained HTML from results."""
