"""Limits in bytes that the environment may set."""


def byte_limit(variable, default):
    """The variable as an int, 0 for no limit; a bad value is logged, and the default used."""
    import os

    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    try:
        limit = int(text)
    except ValueError:
        limit = -1
    if limit >= 0:
        return limit
    from ...patching.patch import warn

    message = "%s=%r is no number of bytes, nor 0 for no limit; using %d"
    warn(message, variable, text, default)
    return default
