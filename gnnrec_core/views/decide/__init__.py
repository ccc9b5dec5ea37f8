"""What is decided on runs, for reading: the gate, experiments, searches, smaller models."""
