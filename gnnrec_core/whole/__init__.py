"""The model as a whole and the item's side: what drives all lists, for whom, and what could change it."""
