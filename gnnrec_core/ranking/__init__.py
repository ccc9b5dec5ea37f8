"""Ranking lists and their per-user accuracy: below the models, because training validates with them."""
