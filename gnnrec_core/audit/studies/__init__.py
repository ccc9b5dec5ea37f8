"""Studies over a whole run: comparison, mitigation, gaps, layers, twins."""
