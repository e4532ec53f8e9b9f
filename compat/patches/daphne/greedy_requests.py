"""
Parse a little of what an HTTP connection sends, then let others have their turn.

Twisted takes up to 64 KiB at once: 2,000 requests that are answered on the spot because something
is wrong with them, or 11,000 pieces of a body of a byte each. Now a connection takes a
millisecond, and all that have more to do five in each turn of the event loop. A body with a
length is taken as it comes.
https://github.com/twisted/twisted/blob/twisted-24.11.0/src/twisted/web/http.py#L2289
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    requires={"twisted": ">=18.7"},
    symptom="a client that sends refused requests as fast as it can holds up all others",
)


@patch.when_imported("daphne.http_protocol")
def repair(http_protocol):
    from inspect import unwrap

    from ._requests import Requests, connection_of, proceed, size
    from ._turns import Turns

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

    @functools.wraps(stock)
    def dataReceived(self, data):
        channel = self._channel
        backlog = getattr(channel, "compat_backlog", None)
        if backlog is None:
            if len(data) <= size(channel):
                return stock(self, data)
            backlog = Requests(self, stock)
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
                Requests(connection, stock)
            self.compat_backlog.push(rest)
            self._dataBuffer, self._buffer = [], b""
        done(self, request)
        proceed(self, turns)

    @functools.wraps(resume)
    def resumeProducing(self):
        resume(self)
        proceed(self, turns)

    patch.add(channel_class, "compat_backlog", None)
    patch.replace(generic, "dataReceived", dataReceived)
    patch.replace(channel_class, "requestDone", requestDone)
    patch.replace(channel_class, "resumeProducing", resumeProducing)
