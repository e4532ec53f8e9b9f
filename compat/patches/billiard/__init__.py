"""Repairs of billiard."""
