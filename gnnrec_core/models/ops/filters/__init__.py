"""Smoothing by filters of the graph of items: the base of their models, and its leading vectors."""
