"""Repairs of channels."""
