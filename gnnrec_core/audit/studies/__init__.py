"""Studies over a whole run: comparison, mitigation, gaps, leakage, layers, twins."""
