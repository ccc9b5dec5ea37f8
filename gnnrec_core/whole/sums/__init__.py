"""What drivers sum: what is taken apart, the exact ledgers of many people at once, walks by their shape."""
