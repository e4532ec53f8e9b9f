"""How much of what daphne has written a client has not taken, or not received."""

from ._kinds import Number
from ._settings import Variable

PIECE = 48  # bytes that a piece in Twisted's list takes beside its content

max_unsent = Variable(
    "COMPAT_WEBSOCKET_MAX_UNSENT",
    Number("bytes", zero="no limit, and one client that does not read can use up all memory"),
    16 * 1024 * 1024,
    "How many bytes may wait for a client of a WebSocket or of an event stream that does not read; "
    "then it is reset. One message may be of any size.",
    "Environment of daphne",
)


def unsent(protocol):
    """
    Bytes of memory that wait in this process for the client of a WebSocket; 0 if unknown.

    A pong without content is 2 bytes on the wire, and 55 in the list in which it waits.
    """
    transport = protocol.transport
    # TLS and other wrappers keep the real one inside.
    transport = getattr(transport, "transport", transport)
    held = getattr(transport, "_tempDataLen", 0)
    held += PIECE * len(getattr(transport, "_tempDataBuffer", ()))
    return held + len(getattr(transport, "dataBuffer", b"")) - getattr(transport, "offset", 0)


def undelivered(protocol):
    """Whether this process, or the kernel, still has bytes that a client has not received."""
    if unsent(protocol):
        return True
    transport = getattr(protocol.transport, "transport", protocol.transport)
    try:
        import fcntl
        import struct
        import termios

        # What the other side's kernel has not acknowledged: SIOCOUTQ, of the same number.
        count = fcntl.ioctl(transport.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    except (AttributeError, ImportError, OSError, ValueError):
        return False
    return bool(struct.unpack("i", count)[0])
