"""The view that a visitor takes away: what a page sent to the browser, as one file."""
