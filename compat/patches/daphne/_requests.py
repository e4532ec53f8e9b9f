"""What an HTTP connection has sent beyond what its channel has parsed."""

import time

from ._turns import STEP, Backlog

SLICE = 4096  # bytes of lines, or of a body in pieces, that are parsed at once
MOST = 16 * 1024  # that wait for the answer to the request before them


class Requests(Backlog):
    """
    Bytes of one connection that wait for their turn.

    parse: what gives the connection bytes to parse now.
    """

    def __init__(self, connection, parse):
        super(Requests, self).__init__()
        self.connection = connection
        self.parse = parse
        self.channel = connection._channel
        self.channel.compat_backlog = self

    def step(self):
        """Parse until the time is over; whether more may follow at once."""
        if self.channel.compat_backlog is not self:
            return False
        until = time.monotonic() + STEP
        try:
            while self:
                channel = self.channel
                if is_over(self.connection, channel):
                    self.clear()
                elif is_waiting(channel):
                    return False
                elif time.monotonic() > until:
                    return True
                else:
                    self.parse(self.connection, self.take(size(channel)))
                    self.follow()
            return False
        finally:
            self.settle()

    def follow(self):
        """To the channel of HTTP/2, if the first bytes have asked for that."""
        if self.connection._channel is not self.channel:
            self.channel = self.connection._channel
            self.channel.compat_backlog = self

    def settle(self):
        """Let the connection be read, or not."""
        channel = self.channel
        if len(self) > (MOST if is_waiting(channel) else 0):
            channel.transport.pauseProducing()
        elif not self:
            channel.compat_backlog = None
            if not getattr(channel, "_waitingForTransport", False):
                channel.transport.resumeProducing()

    def fail(self):
        self.clear()
        self.channel.transport.abortConnection()


def size(channel):
    """How many bytes the channel may have at once; a body with a length, whole."""
    decoder = getattr(channel, "_transferDecoder", None)
    return getattr(decoder, "contentLength", None) or SLICE


def proceed(channel, turns):
    """What waits may go on: its channel, or its client, is ready."""
    backlog = channel.compat_backlog
    if backlog is not None:
        backlog.settle()
        turns.add(backlog)


def connection_of(channel):
    transport = channel.transport
    return getattr(transport, "wrappedProtocol", None) or transport.protocol


def is_waiting(channel):
    """Whether an HTTP/1 channel waits for an answer, or for its client to take one."""
    return getattr(channel, "_handlingRequest", False) or getattr(
        channel, "_waitingForTransport", False
    )


def is_over(connection, channel):
    """Whether nothing that is left of the bytes will be parsed by the channel."""
    transport = channel.transport
    if transport.disconnecting or not transport.connected:
        return True
    # A WebSocket has taken the connection over.
    return getattr(transport, "wrappedProtocol", transport.protocol) is not connection
