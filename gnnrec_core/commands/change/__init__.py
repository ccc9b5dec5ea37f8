"""Commands about what becomes of a run when its data change."""
