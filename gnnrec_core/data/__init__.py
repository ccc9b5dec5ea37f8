"""From a source to a `Dataset`: readers, checks, splits, the dataset folder, the sample generator."""
