"""Measurements: commands that print tables, side by side with a named peer."""
