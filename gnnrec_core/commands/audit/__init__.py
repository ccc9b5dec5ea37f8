"""Commands about all people and items of a run."""
