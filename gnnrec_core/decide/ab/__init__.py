"""Experiments on people: how large one must be (`desk`), and what its log says (`log`, `reading`, `off_policy`)."""
