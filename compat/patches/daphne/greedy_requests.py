"""
Parse a little of what an HTTP connection sends, then let others have their turn.

Twisted takes up to 64 KiB at once: 2,000 requests that are answered on the spot because something
is wrong with them, or 11,000 pieces of a body of a byte each. Now a connection takes a
millisecond, and all that have more to do five in each turn of the event loop. A body with a
length is taken as it comes.
https://github.com/twisted/twisted/blob/twisted-24.11.0/src/twisted/web/http.py#L2289
"""

import functools
import time

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    requires={"twisted": ">=18.7"},
    symptom="a client that sends refused requests as fast as it can holds up all others",
)

SLICE = 4096  # bytes of lines, or of a body in pieces, that are parsed at once
MOST = 16 * 1024  # that wait for the answer to the request before them


@patch.when_imported("daphne.http_protocol")
def repair(http_protocol):
    from inspect import unwrap

    from ._turns import STEP, Backlog, Turns

    http = http_protocol.http
    generic = getattr(http, "_GenericHTTPChannelProtocol", None)
    identity = getattr(http, "_IdentityTransferDecoder", None)
    channel_class = http.HTTPChannel
    patch.expect(
        generic is not None
        and identity is not None
        and hasattr(channel_class, "_waitingForTransport"),
        "twisted reads requests in another way",
    )
    patch.expect(
        {"_dataBuffer", "setLineMode"} <= set(unwrap(channel_class.requestDone).__code__.co_names),
        "twisted keeps what follows a request in another place",
    )
    stock = generic.dataReceived
    done, resume = channel_class.requestDone, channel_class.resumeProducing
    turns = Turns(http_protocol.logger)

    class Requests(Backlog):
        """What an HTTP connection has sent beyond what its channel has parsed."""

        def __init__(self, connection):
            super(Requests, self).__init__()
            self.connection = connection
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
                        stock(self.connection, self.take(size(channel)))
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
        """How many bytes the channel may have at once."""
        decoder = getattr(channel, "_transferDecoder", None)
        if isinstance(decoder, identity) and decoder.contentLength:
            return decoder.contentLength
        return SLICE

    def connection_of(channel):
        transport = channel.transport
        return getattr(transport, "wrappedProtocol", None) or transport.protocol

    @functools.wraps(stock)
    def dataReceived(self, data):
        channel = self._channel
        backlog = getattr(channel, "compat_backlog", None)
        if backlog is None:
            if len(data) <= size(channel):
                return stock(self, data)
            backlog = Requests(self)
        backlog.put(data)
        if not backlog.waits and backlog.step():
            turns.add(backlog)
        return None

    @functools.wraps(done)
    def requestDone(self, request):
        # One at a time: what follows is not parsed before it is this connection's turn.
        rest = b"".join(self._dataBuffer) + self._buffer
        connection = connection_of(self)
        if rest and isinstance(connection, generic):
            if self.compat_backlog is None:
                Requests(connection)
            self.compat_backlog.push(rest)
            self._dataBuffer, self._buffer = [], b""
        done(self, request)
        proceed(self)

    @functools.wraps(resume)
    def resumeProducing(self):
        resume(self)
        proceed(self)

    def proceed(channel):
        backlog = channel.compat_backlog
        if backlog is not None:
            backlog.settle()
            turns.add(backlog)

    patch.add(channel_class, "compat_backlog", None)
    patch.replace(generic, "dataReceived", dataReceived)
    patch.replace(channel_class, "requestDone", requestDone)
    patch.replace(channel_class, "resumeProducing", resumeProducing)


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
