"""
Answer a WebSocket handshake with 500 when there is no application for it, as for HTTP.
https://github.com/django/daphne/issues/165
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<3.0",
    symptom="a WebSocket to a path that is not routed hangs for 5 seconds and is reset",
)


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    protocol = ws_protocol.WebSocketProtocol
    stock = protocol.applicationCreateFailed
    patch.expect(
        "handshake_deferred" not in stock.__code__.co_names,
        "applicationCreateFailed() answers by itself",
    )

    def deny(self):
        handshake = vars(self).pop("handshake_deferred", None)
        if handshake is not None:  # else somebody has answered
            reason = "Internal server error"
            handshake.errback(ws_protocol.ConnectionDeny(code=500, reason=reason))

    @functools.wraps(stock)
    def applicationCreateFailed(self, failure):
        stock(self, failure)  # logs it
        from twisted.internet import reactor

        reactor.callLater(0, deny, self)  # onConnect() has not made the deferred yet

    patch.replace(protocol, "applicationCreateFailed", applicationCreateFailed)
