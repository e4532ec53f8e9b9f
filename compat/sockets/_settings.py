"""What a site may set for its sockets."""

from typing import Any, Dict

from .._kinds import Each, Networks, Number
from .._settings import Setting

SECTION = "Sockets"
NO_LIMIT: Dict[str, Any] = {"zero": "no limit", "none": "as 0", "none_is": 0}


def origin(text):
    """An origin in lower case, without a slash at its end."""
    if not isinstance(text, str) or "://" not in text:
        raise ValueError()
    return text.lower().rstrip("/")


PER_ADDRESS = Setting(
    "SOCKETS_PER_ADDRESS",
    Number("sockets", **NO_LIMIT),
    500,
    "How many sockets one client address, or one IPv6 /64, may have open in one process; "
    "further ones are closed with code 4029.",
    SECTION,
    live=False,
)
PER_USER = Setting(
    "SOCKETS_PER_USER",
    Number("sockets", **NO_LIMIT),
    100,
    "How many sockets one logged-in user may have open in one process; further ones are closed "
    "with code 4029.",
    SECTION,
    live=False,
)
MESSAGES_PER_SECOND = Setting(
    "SOCKETS_MESSAGES_PER_SECOND",
    Number("messages", whole=False, **NO_LIMIT),
    50,
    "How many messages a second a client may send on one socket on average; one that sends more "
    "is closed with code 4029.",
    SECTION,
    live=False,
)
MESSAGES_AT_ONCE = Setting(
    "SOCKETS_MESSAGES_AT_ONCE",
    Number("messages", whole=False, zero="as 1", none="as 0", none_is=0),
    500,
    "How many messages a client may send on one socket in a burst before "
    "SOCKETS_MESSAGES_PER_SECOND applies.",
    SECTION,
    live=False,
)
RECHECK_SECONDS = Setting(
    "SOCKETS_RECHECK_SECONDS",
    Number("seconds", most=86400, whole=False, zero="never", none="as 0", none_is=0),
    30,
    "How often the sessions, users and permissions behind open sockets are checked again; a "
    "socket outlives them by this at most.",
    SECTION,
    live=False,
)
UNCOUNTED = Setting(
    "SOCKETS_UNCOUNTED_ADDRESSES",
    Networks(),
    ("127.0.0.0/8", "::1"),  # behind a proxy, and without its headers, everybody comes from there
    "Client addresses that SOCKETS_PER_ADDRESS does not count.",
    SECTION,
    live=False,
)
ORIGINS = Setting(
    "SOCKETS_ORIGINS",
    Each('a list of origins such as ["https://www.example.com"]', origin),
    None,
    "The origins whose pages may open sockets. By default the host must be in ALLOWED_HOSTS.",
    SECTION,
    live=False,
)
# 0 is no limit, which `check --deploy` tells.
LIMITS = (PER_ADDRESS, PER_USER, MESSAGES_PER_SECOND, MESSAGES_AT_ONCE, RECHECK_SECONDS)
