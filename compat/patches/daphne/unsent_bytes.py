"""
Reset a WebSocket whose client has left more than COMPAT_WEBSOCKET_MAX_UNSENT bytes untaken.

What a client does not read is kept in memory, without bound: messages of the site, and the answer
to each of its own pings. While it goes on sending, no timeout ends it, not nginx's either. The
default is 16 MiB, 0 means no limit. One message may be of any size: the limit is for what was
waiting already.
https://github.com/django/daphne/blob/2.2.5/daphne/ws_protocol.py#L200
"""

import functools

from ..._transport import max_unsent
from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="a WebSocket client that never reads can use up all memory",
)


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    from ..._transport import unsent

    protocol = ws_protocol.WebSocketProtocol
    stock = getattr(protocol, "sendData", None)
    patch.expect(
        stock is not None and hasattr(protocol, "dropConnection"), "autobahn writes differently"
    )
    limit = max_unsent()

    @functools.wraps(stock)
    def sendData(self, *args, **kwargs):
        if not 0 < limit < unsent(self):
            return stock(self, *args, **kwargs)
        if self.state != self.STATE_CLOSED:
            ws_protocol.logger.info("Resetting a WebSocket whose client does not read: %r", self)
            self.wasNotCleanReason = "the client does not read"
            self.dropConnection(abort=True)

    # autobahn's own is inherited, unless another repair has put one here.
    change = patch.replace if "sendData" in vars(protocol) else patch.add
    change(protocol, "sendData", sendData)
