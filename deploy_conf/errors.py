"""The one exception that the command line turns into a one-line message."""


class ConfError(Exception):
    """Something the user can mend; `code` is the exit status (2 for a bad value, 1 otherwise)."""

    def __init__(self, message: str, code: int = 1):
        super().__init__(message)
        self.code = code


class BadValue(ConfError):
    """A missing or impossible option or setting."""

    def __init__(self, message: str):
        super().__init__(message, code=2)
