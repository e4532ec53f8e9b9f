"""The channel layer for code that is no consumer: send from anywhere, be notified anywhere."""
