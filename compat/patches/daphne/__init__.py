"""Repairs of daphne."""
