"""One item from its own side: where it stands, what carries it, and what would bring it to more people."""
