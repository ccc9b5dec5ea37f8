"""Models and lists that were made elsewhere become runs: files in, checked against the dataset, nothing unpickled."""
