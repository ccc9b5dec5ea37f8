"""The explainers: one plug-in a file."""
