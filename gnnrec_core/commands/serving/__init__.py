"""`gnnrec serve`: the questions of the command line over HTTP, read-only."""
