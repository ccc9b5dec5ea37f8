"""The map of people and items: their places, and what sets its regions apart."""
