"""Mutation testing: small faults are put into a room; its tests should notice each."""
