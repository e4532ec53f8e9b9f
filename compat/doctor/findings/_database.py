"""What a database's refusal is about."""

FULL = (
    "too many clients",
    "remaining connection slots",
    "Too many connections",
    "too many connections",
)


def is_full(error: str) -> bool:
    return any(part in error for part in FULL)
