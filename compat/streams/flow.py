"""The connection behind a consumer's send(), where the server lets us see it."""

from .._transport import unsent

# A connection that holds more than this is not written to without a look at its limits.
WRITE_THROUGH_BYTES = 64 * 1024


def wire_of(send):
    """
    The Wire that `send` of a WebSocket application writes to, or None.

    ASGI has no back-pressure under daphne 2: send() never waits. The protocol behind it is the
    one object that `send` closes over, and Twisted's transport knows what it still holds. The
    middleware of channels and of compat.sockets keeps that `send` in `real_send`. One that somebody
    else wrapped closes over a function instead, and is left to be awaited. Over HTTP
    (compat.streams.over_http) `send` belongs to a session, which has a wire of its own.
    """
    while hasattr(getattr(send, "__self__", None), "real_send"):
        send = send.__self__.real_send
    session = getattr(send, "__self__", None)
    if hasattr(session, "wire"):
        return session.wire
    for cell in getattr(send, "__closure__", None) or ():
        try:
            protocol = cell.cell_contents
        except ValueError:
            continue
        if hasattr(protocol, "transport") and hasattr(protocol, "sendMessage"):
            return Wire(protocol)
    return None


class Wire:
    """One WebSocket connection of daphne; calling it returns the bytes the client has not taken."""

    __slots__ = ("protocol",)

    def __init__(self, protocol):
        self.protocol = protocol

    def __call__(self):
        return unsent(self.protocol)

    def write(self, frames):
        """
        Write Frames at once, framed only once for all connections; returns whether it was done.

        It is not when the connection is not open, holds too much already, or is no daphne's.
        """
        protocol = self.protocol
        try:
            if protocol.state != protocol.STATE_OPEN or self() > WRITE_THROUGH_BYTES:
                return False
            write, prepare = protocol.sendPreparedMessage, protocol.factory.prepareMessage
        except AttributeError:
            return False
        if frames.prepared is None:
            frames.prepared = [prepare(text.encode("utf-8")) for text in frames.texts]
        for message in frames.prepared:
            write(message)
        return True
