"""Django 1.11.29's own test suite on this Python, compared with the same suite on stock 3.7."""
