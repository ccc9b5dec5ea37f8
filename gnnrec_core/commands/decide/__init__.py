"""The commands that decide: gate, ab plan, ab read, search."""
