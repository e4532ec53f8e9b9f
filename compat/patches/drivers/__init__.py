"""Repairs of how Django talks to database drivers of today."""
