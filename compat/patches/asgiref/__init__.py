"""Repairs of asgiref."""
