"""Walks through the graph and what they carry."""
