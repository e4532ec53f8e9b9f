"""What a site may set for its sockets."""

import ipaddress
import re
from typing import Any, Dict

from .._kinds import Each, Networks, Number
from .._settings import Setting

SECTION = "Sockets"
NO_LIMIT: Dict[str, Any] = {"zero": "no limit", "none": "as 0", "none_is": 0}


# Names as browsers send them: in ASCII.
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?\Z")
HTTP = re.compile("(https?)://" + HOST.pattern)
OTHER = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*://[a-z0-9._~:\[\]-]*\Z")  # app://., file://
NUMBER = re.compile(r"(?:\A|\.)(?:[0-9]+|0x[0-9a-f]*)\.?\Z")  # then it is an address
PORTS = {"http": "80", "https": "443"}
NULL = "null"  # what browsers send for pages that belong to no site
NONE = "none"  # no Origin, as of clients that are not browsers; not a header's text


def origin(text: Any) -> str:
    """An origin as browsers send it, "null" or "none"; ValueError says what is wrong."""
    if not isinstance(text, str):
        raise ValueError()
    found = text.lower()
    if found in (NULL, NONE):
        return found
    scheme, separator, rest = found.partition("://")
    if not separator:
        raise ValueError()
    rest = rest[:-1] if rest.endswith("/") else rest
    host = re.split("[/?#]", rest)[0].rpartition("@")[2]
    if host != rest:
        raise ValueError("an origin is only %s://%s" % (scheme, host))
    if "*" in rest:
        raise ValueError("there are no wildcards; name each")
    if scheme in ("ws", "wss"):
        raise ValueError("an origin is a page's: %s://%s" % (scheme.replace("ws", "http"), rest))
    found = scheme + "://" + (rest if is_ascii(rest) else in_ascii(rest))
    if OTHER.match(found):
        return found
    return canonical(found)


def canonical(text: str) -> str:
    """An origin of http or https (in lower case) in the one form that browsers have for it."""
    match = HTTP.match(text)
    if match is None:
        raise ValueError()
    scheme, host, port = match.groups()
    if host.startswith("["):
        host = "[%s]" % ipaddress.IPv6Address(host[1:-1]).compressed
    elif NUMBER.search(host):
        ipaddress.IPv4Address(host)  # browsers make 127.0.0.1 of 127.1 and of 0x7f000001
    if port is None or int(port) == int(PORTS[scheme]):
        return "%s://%s" % (scheme, host)
    if not 0 < int(port) < 65536:
        raise ValueError("there is no port %s" % port)
    return "%s://%s:%d" % (scheme, host, int(port))


def is_ascii(text: str) -> bool:
    return all(ord(character) < 128 for character in text)


def in_ascii(rest: str) -> str:
    """A host with other letters as browsers send it: xn--…"""
    host, colon, port = rest.partition(":")
    try:
        found = host.encode("idna").decode("ascii")
        if found.encode("ascii").decode("idna") == host:
            return found + colon + port
    except UnicodeError:
        pass
    # As with ß: browsers and Python's codec go by different rules.
    raise ValueError("write its host as browsers send it, in ASCII: xn--…")


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
    Each(
        'a list of origins such as ["https://www.example.com", "http://localhost:8000"], "null" or '
        '"none"',
        origin,
    ),
    None,
    'The origins whose pages may open sockets, and no others. "none" lets clients pass that send '
    'no Origin (browsers always do); "null" lets sandboxed frames of any site pass. By default '
    "the host must be in ALLOWED_HOSTS, with the port of the request or the usual one.",
    SECTION,
    live=False,
)
# 0 is no limit, which `check --deploy` tells.
LIMITS = (PER_ADDRESS, PER_USER, MESSAGES_PER_SECOND, MESSAGES_AT_ONCE, RECHECK_SECONDS)
