"""The page "Over time": what becomes of the chosen run when its data change."""
