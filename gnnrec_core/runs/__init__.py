"""Runs: a trained model with its record; training, the workspace, and the plain questions to a run."""
