"""Statistics behind the audit: tests, spread, scales, cosines."""
