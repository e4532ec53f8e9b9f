"""What a WebSocket has sent beyond what autobahn has parsed."""

from ._reading import hold, is_held, release
from ._turns import Backlog

SLICE = 8192  # bytes that are parsed at once


class Frames(Backlog):
    """What a WebSocket has sent; the frames in `protocol.data` come before it."""

    def __init__(self, protocol):
        super(Frames, self).__init__()
        self.protocol = protocol
        self.unfinished = False  # there are whole frames in protocol.data

    def step(self):
        """Parse a slice; whether the next may follow."""
        protocol = self.protocol
        if protocol.compat_backlog is not self:
            return False
        if not is_open(protocol):
            return self.end()
        elif is_held(protocol, "application"):
            return False  # consumeData() is called when it has read
        elif self.unfinished:
            protocol.consumeData()
        elif self:
            protocol._dataReceived(self.take(SLICE))  # the outer one only logs
        return True if self.unfinished or self else self.end()

    def end(self):
        """Nothing is left to parse, or nobody will."""
        self.protocol.compat_backlog = None
        release(self.protocol, "turn")
        return False

    def fail(self):
        self.protocol.compat_backlog = None
        self.protocol.dropConnection(abort=True)


def is_open(protocol):
    """Whether frames are parsed: from the handshake to the end of the connection."""
    return protocol.state in (protocol.STATE_OPEN, protocol.STATE_CLOSING)


def backlog_of(protocol):
    """Its Frames; nothing is read from it while there are any."""
    if protocol.compat_backlog is None:
        protocol.compat_backlog = Frames(protocol)
        hold(protocol, "turn")
    return protocol.compat_backlog
