"""The frame of every page: shell, state in the URL, pickers, forms."""
