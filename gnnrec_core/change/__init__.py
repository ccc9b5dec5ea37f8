"""What becomes of a run when its data change: as of an earlier day, shaken, without a person, rounds later."""
