"""A run against another: other settings of its operator, other runs, other groups of people."""
