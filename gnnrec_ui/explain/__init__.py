"""Sections of the Explain and Methods pages."""
