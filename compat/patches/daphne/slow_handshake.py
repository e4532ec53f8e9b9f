"""
Answer 503 to a WebSocket handshake that the application has not decided upon in time, and say so.

It was cut off after 5 seconds, or refused with 403, without a word in the log; a busy process takes
longer when everybody comes back after a restart. Now it has COMPAT_HANDSHAKE_SECONDS, or what
daphne's `--websocket_connect_timeout` says; that may be -1, which refused everybody at once.
https://github.com/django/daphne/issues/243
"""

import functools

from ..._kinds import Number
from ..._settings import Variable
from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.2,<3.0",
    symptom="a WebSocket whose consumer takes 5 seconds to accept it is cut off without a word",
)

STOCK = 5, 20  # seconds; the defaults of daphne's command line, and of its Server
GRACE = 5  # seconds after which daphne would refuse with 403, if the 503 could not be said
handshake_seconds = Variable(
    "COMPAT_HANDSHAKE_SECONDS",
    Number("seconds", least=1, most=3600, whole=False),
    15.0,
    "How long the application may take to accept or refuse a WebSocket; after that its client gets "
    "503, and the log a warning. `daphne --websocket_connect_timeout`, counts instead.",
    "Environment of daphne",
)


@patch.when_imported("daphne.server")
def repair(server):
    stock = server.Server.run
    patch.expect(
        {"websocket_handshake_timeout", "websocket_connect_timeout"}
        <= set(server.Server.__init__.__code__.co_varnames),
        "the time for handshakes is set in another way",
    )

    @functools.wraps(stock)
    def run(self):
        seconds = self.websocket_connect_timeout
        if seconds in STOCK:
            seconds = handshake_seconds()
        self.websocket_handshake_timeout = max(0, seconds)  # 0: for ever
        self.websocket_connect_timeout = seconds + GRACE if seconds > 0 else float("inf")
        return stock(self)

    patch.replace(server.Server, "run", run)


@patch.when_imported("daphne.ws_protocol")
def repair_protocol(ws_protocol):
    protocol = ws_protocol.WebSocketProtocol
    stock = getattr(protocol, "onOpenHandshakeTimeout", None)
    patch.expect(stock is not None, "autobahn ends handshakes in another way")

    @functools.wraps(stock)
    def onOpenHandshakeTimeout(self):
        if self.state == self.STATE_CONNECTING and hasattr(self, "handshake_deferred"):
            from ._drain import named
            from ._unanswered import deny

            self.openHandshakeTimeoutCall = None
            ws_protocol.logger.warning(
                "No decision about %s within %g s: 503", named(self), self.openHandshakeTimeout
            )
            deny(self, 503, "Service Unavailable")
        else:
            stock(self)

    patch.add(protocol, "onOpenHandshakeTimeout", onOpenHandshakeTimeout)
