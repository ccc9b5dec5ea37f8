"""What a dataset says of itself: sizes, what leaks, published figures, interactions that look made."""
