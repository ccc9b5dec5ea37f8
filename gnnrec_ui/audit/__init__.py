"""Sections of the Audit and Compare pages."""
