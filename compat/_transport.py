"""How much of what daphne has written a client has not taken."""


def unsent(protocol):
    """Bytes that wait in this process for the client of a WebSocket protocol; 0 if unknown."""
    transport = protocol.transport
    # TLS and other wrappers keep the real one inside.
    transport = getattr(transport, "transport", transport)
    held = getattr(transport, "_tempDataLen", 0)
    return held + len(getattr(transport, "dataBuffer", b"")) - getattr(transport, "offset", 0)
