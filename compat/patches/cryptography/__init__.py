"""Repairs of cryptography."""
