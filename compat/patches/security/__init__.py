"""Holes that later releases closed."""
