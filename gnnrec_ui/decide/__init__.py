"""The sections of the Decide page: gate, plan, read."""
