"""Repairs of django."""
