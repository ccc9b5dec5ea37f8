"""A run whose data change, put together for reading: over time, and under stress."""
