"""Scores of a user on a changed graph, exactly or predicted."""
