"""
Answer 400 to a WebSocket handshake that daphne cannot decode, and keep refusals short.

A byte beyond ASCII in Sec-WebSocket-Protocol or in a header's name gave 500 and a traceback in the
log; so did one in the HTTP version of any request, which Twisted refuses since 24. What autobahn
refuses it answers with the client's own words in the status line, whatever their length: nginx
takes a long one for a broken server, and answers 502. And the end of such a connection raised, so
that autobahn counts it for ever.
https://github.com/django/daphne/pull/565
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="a WebSocket handshake with an odd header gets 500 or 502, and logs a traceback",
)

REASON = 100  # characters


@patch.when_imported("daphne.http_protocol")
def repair(http_protocol):
    from ._upgrade import begin, is_websocket

    request = http_protocol.WebRequest
    stock = request.process

    @functools.wraps(stock)
    def process(self):
        if not (is_ascii(self.method) and is_ascii(self.clientproto)):
            self.clientproto = b"HTTP/1.1"  # the answer would begin with it
            begin(self)
            self.basic_error(400, b"Bad Request", "Invalid characters in the first line")
            return None
        if is_websocket(self) and not is_decodable(self.requestHeaders):
            begin(self)
            self.basic_error(400, b"Bad Request", "Invalid characters in a WebSocket request")
            return None
        return stock(self)

    patch.replace(request, "process", process)


@patch.when_imported("daphne.ws_protocol")
def repair_refusals(ws_protocol):
    protocol = ws_protocol.WebSocketProtocol
    close = protocol.onClose
    stock = getattr(protocol, "sendHttpErrorResponse", None)
    patch.expect(stock is not None, "autobahn refuses differently")

    @functools.wraps(stock)
    def sendHttpErrorResponse(self, code, reason, *args, **kwargs):
        reason = reason[:REASON].encode("ascii", "replace").decode("ascii")
        return stock(self, code, reason, *args, **kwargs)

    @functools.wraps(close)
    def onClose(self, *args):
        # Without a server when it was refused before onConnect(): daphne does not know of it.
        return close(self, *args) if hasattr(self, "server") else None

    patch.replace(protocol, "onClose", onClose)
    patch.add(protocol, "sendHttpErrorResponse", sendHttpErrorResponse)


def is_decodable(headers):
    """Whether daphne can make text of all that it makes text of."""
    for name, values in headers.getAllRawHeaders():
        if not is_ascii(name):
            return False
        if name.lower() == b"sec-websocket-protocol" and not all(map(is_ascii, values)):
            return False
    return True


def is_ascii(data):
    return not data or max(data) < 128
