"""Repairs of aioredis."""
