"""Repairs of celery."""
