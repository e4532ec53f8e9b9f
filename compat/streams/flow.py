"""How much of what was sent to a WebSocket is still waiting in this process."""


def backlog_of(send):
    """
    A function returning the bytes not yet taken by the client's connection, or None.

    ASGI has no back-pressure under daphne 2: send() never waits. The protocol behind it is the
    one object that `send` closes over, and Twisted's transport knows what it still holds.
    """
    for cell in getattr(send, "__closure__", None) or ():
        try:
            protocol = cell.cell_contents
        except ValueError:
            continue
        transport = getattr(protocol, "transport", None)
        if transport is not None and hasattr(protocol, "sendMessage"):
            return lambda: _waiting(protocol)
    return None


def _waiting(protocol):
    transport = protocol.transport
    # TLS and other wrappers keep the real one inside.
    transport = getattr(transport, "transport", transport)
    held = getattr(transport, "_tempDataLen", 0)
    return held + len(getattr(transport, "dataBuffer", b"")) - getattr(transport, "offset", 0)
