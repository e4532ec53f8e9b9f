"""HTTP requests that ask daphne for a WebSocket; `request` is its WebRequest."""

import time


def is_websocket(request):
    """Whether daphne takes the request for the beginning of a WebSocket."""
    values = request.requestHeaders.getRawHeaders(b"Upgrade") or [b""]
    return values[0].lower() == b"websocket"


def begin(request):
    """Set what daphne's process() does first and an error page needs."""
    request.request_start = time.time()
    client = request.client
    known = hasattr(client, "host") and hasattr(client, "port")
    request.client_addr = [str(client.host), client.port] if known else None
