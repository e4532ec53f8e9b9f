"""When nothing is read from a WebSocket: while anybody has a reason for that."""


def hold(protocol, reason):
    """Read no more, until the last reason has gone."""
    held = vars(protocol).setdefault("compat_held", set())
    if not held and protocol.transport is not None:
        protocol.transport.pauseProducing()
    held.add(reason)


def release(protocol, reason):
    """Take a reason back."""
    held = vars(protocol).get("compat_held")
    if held and reason in held:
        held.discard(reason)
        if not held and protocol.transport is not None:
            protocol.transport.resumeProducing()


def is_held(protocol, reason):
    """Whether that is one of the reasons."""
    return reason in vars(protocol).get("compat_held", ())
