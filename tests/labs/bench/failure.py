"""A measurement that did not come off."""


class Failed(Exception):
    """Why there is no figure, in one line."""
