"""Repairs of channels_redis."""
