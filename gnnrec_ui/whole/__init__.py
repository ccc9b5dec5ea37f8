"""Sections of the Drivers and Item pages."""
