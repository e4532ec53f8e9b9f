"""What ends the command, and what only ends one change."""


class InitError(Exception):
    """Nothing was changed; the text is one line for people."""


class Unsafe(Exception):
    """One change that is left to people; the text says why."""
