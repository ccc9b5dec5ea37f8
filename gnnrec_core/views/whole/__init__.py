"""The model as a whole and the item's side, put together for reading."""
