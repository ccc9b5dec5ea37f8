"""Commands that train, judge and ask a run for lists."""
