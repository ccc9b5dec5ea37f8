"""The graph edge by edge: what attention computes on, and what it sees of an edge."""
