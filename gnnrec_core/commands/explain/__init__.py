"""Commands that explain one case."""
