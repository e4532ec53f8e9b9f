"""What an HTTP request asks for: how it wants to follow, from where on, and from which page."""

import json
import re
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import parse_qs, quote

from ...sockets.origin import allowed_elsewhere, values

EVENTS, POLL = "events", "poll"
CURSOR = re.compile(r"(?:([^:]*):)?([^:]*)\Z")
OURS = (b"since", b"epoch")

Headers = List[Tuple[bytes, bytes]]


def wanted(scope: Dict[str, Any]) -> Optional[str]:
    """EVENTS or POLL, if the request asks to follow a socket so; None for any other request."""
    said = query(scope).get("transport")
    if said:
        return said[-1] if said[-1] in (EVENTS, POLL) else None
    for value in values(scope, b"accept"):
        for part in value.split(","):
            if part.partition(";")[0].strip().lower() == "text/event-stream":
                return EVENTS
    return None


def is_preflight(scope: Dict[str, Any]) -> bool:
    """Whether a browser asks if a page of another origin may ask."""
    asked = values(scope, b"access-control-request-method")
    return scope["method"] == "OPTIONS" and asked == ["GET"]


def query(scope: Dict[str, Any]) -> Dict[str, List[str]]:
    return parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)


def subscriptions(scope: Dict[str, Any]) -> Dict[str, Any]:
    """{stream: cursor} of ?subscribe=, for a socket with many streams; {} where there is none."""
    try:
        found = json.loads(query(scope).get("subscribe", ["{}"])[-1])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def knows_beats(scope: Dict[str, Any]) -> bool:
    """Whether the client says, by an epoch, that it understands beats; others get comments."""
    return "epoch" in query(scope)


def socket_scope(scope: Dict[str, Any], transport: str) -> Dict[str, Any]:
    """The scope of the socket that the request stands for."""
    scheme = "wss" if scope.get("scheme") == "https" else "ws"
    return dict(
        scope,
        type="websocket",
        scheme=scheme,
        subprotocols=[],
        query_string=with_cursor(scope),
        over_http=transport,
    )


def with_cursor(scope: Dict[str, Any]) -> bytes:
    """The query string, with the cursor of Last-Event-ID if there is one: it is the later one."""
    given = scope.get("query_string", b"")
    last = values(scope, b"last-event-id")
    if not last or not last[-1]:
        # Each reader over HTTP is new enough to be told of another epoch.
        return given if knows_beats(scope) else b"&".join(filter(None, (b"epoch=", given)))
    match = CURSOR.match(last[-1])
    epoch, since = match.groups() if match else (None, last[-1])
    kept = [part for part in given.split(b"&") if part and part.partition(b"=")[0] not in OURS]
    kept.append(b"since=" + quote(since, safe="", encoding="latin-1").encode("ascii"))
    kept.append(b"epoch=" + quote(epoch or "", safe="", encoding="latin-1").encode("ascii"))
    return b"&".join(kept)


def headers(scope: Dict[str, Any], content_type: bytes) -> Headers:
    """Those of an answer: for nobody to keep, to change or to guess at."""
    found = [
        (b"Content-Type", content_type),
        (b"Cache-Control", b"no-store, no-transform"),
        (b"X-Content-Type-Options", b"nosniff"),
        (b"X-Accel-Buffering", b"no"),
    ]
    return found + cross_origin(scope)


def cross_origin(scope: Dict[str, Any]) -> Headers:
    """What lets a page of another origin read the answer: only one that SOCKETS_ORIGINS names."""
    origin = allowed_elsewhere(scope)
    if origin is None:
        return [(b"Vary", b"Origin")]
    return [
        (b"Vary", b"Origin"),
        (b"Access-Control-Allow-Origin", origin.encode("latin-1")),
        (b"Access-Control-Allow-Credentials", b"true"),
    ]
