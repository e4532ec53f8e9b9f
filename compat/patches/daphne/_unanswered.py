"""HTTP requests that daphne has not answered in full; `request` is its WebRequest."""


def is_open(request):
    """Whether a client is still owed an answer, or the rest of one."""
    details = request.server.connections.get(request)
    return (
        details is not None
        and "disconnected" not in details
        and not request.finished
        and not request._disconnected
    )


def withdraw(request):
    """Take back a response of which nothing has been sent; False when it is too late."""
    if request.startedWriting:
        return False
    request._response_started = False
    request.responseHeaders = type(request.responseHeaders)()
    if not getattr(request.channel, "persistent", True):
        request.responseHeaders.setRawHeaders(b"connection", [b"close"])
    return True


def abort(protocol):
    """
    Reset the connection of a request or a WebSocket.

    A client must see that an answer is cut off; without a length only a reset can tell.
    """
    # The stream's own, where HTTP/2 carries many of them.
    channel = getattr(protocol, "channel", None)
    connection = channel if hasattr(channel, "abortConnection") else protocol.transport
    if connection is not None:
        connection.abortConnection()


def fail(request, status, title, explanation):
    """Answer with an error page if nothing has been sent; else abort."""
    if withdraw(request):
        request.basic_error(status, title, explanation)
    else:
        abort(request)


def deny(protocol, status, reason):
    """Answer a WebSocket's handshake with a status; nothing happens where it has an answer."""
    from autobahn.websocket.types import ConnectionDeny

    handshake = vars(protocol).pop("handshake_deferred", None)
    if handshake is None:
        return
    protocol.server.protocol_disconnected(protocol)  # what the application says comes too late
    handshake.errback(ConnectionDeny(code=status, reason=reason))
