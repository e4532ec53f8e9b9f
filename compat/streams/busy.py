"""Which errors of a database mean: try again."""

from django.db import OperationalError


def is_busy(error: BaseException) -> bool:
    """Whether the database refused for the moment: lock, deadlock or serialisation failure."""
    cause = error.__cause__ or error
    code = getattr(cause, "pgcode", None)
    if code is not None:
        return code in ("40001", "40P01", "55P03")
    if not isinstance(error, OperationalError):
        return False
    # MySQL: lock wait, deadlock, and MariaDB's "record has changed since last read".
    if cause.args and cause.args[0] in (1020, 1205, 1213):
        return True
    return "is locked" in str(cause) or "is busy" in str(cause)
