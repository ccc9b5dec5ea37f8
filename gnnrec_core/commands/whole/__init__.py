"""Commands about the model as a whole and about one item."""
