"""
Close a WebSocket with 1009 (too big) when a message is larger than COMPAT_WEBSOCKET_MAX_BYTES.

CVE-2026-44545: there was no limit. The default is 1 MiB, 0 means none; it is for what clients
send, never for what the site sends them. A message in many pieces takes no more memory than
one in a few, and what comes before a WebSocket is accepted is limited too.
https://nvd.nist.gov/vuln/detail/CVE-2026-44545
"""

from ..._kinds import Number
from ..._settings import Variable
from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<4.2.2",
    symptom="one WebSocket message, sent by anybody, can use up all memory",
    cves=("CVE-2026-44545",),
)

max_bytes = Variable(
    "COMPAT_WEBSOCKET_MAX_BYTES",
    Number("bytes", zero="no limit, and one client can use up all memory"),
    1024 * 1024,
    "The largest message that a client may send over a WebSocket, in bytes; a larger one closes it "
    "with code 1009. What the site sends is not limited.",
    "Environment of daphne",
    reopens=patch.cves,
    at=0,
)
HEAD = 64 * 1024  # bytes; more than the 32 KiB that Twisted takes for a request line and headers
PIECES = 64  # that a message may be in before they are put together


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    protocol, factory = ws_protocol.WebSocketProtocol, ws_protocol.WebSocketFactory
    patch.expect(
        all(hasattr(protocol, name) for name in ("dropConnection", "STATE_CONNECTING")),
        "autobahn's protocol looks different",
    )

    for name, function in METHODS.items():
        stock = getattr(protocol, name, None)
        patch.expect(stock is not None, "autobahn has no %s()" % name)
        # autobahn's own is inherited, unless another repair has put one here.
        change = patch.replace if name in vars(protocol) else patch.add
        change(protocol, name, around(stock, function))
    stock_init = factory.__init__

    def __init__(self, *args, **kwargs):
        stock_init(self, *args, **kwargs)
        limit = max_bytes()
        self.setProtocolOptions(maxMessagePayloadSize=limit, maxFramePayloadSize=limit)

    patch.replace(factory, "__init__", __init__)


def around(stock, function):
    """A method that calls a function with the stock's method and its own arguments."""

    def method(*args, **kwargs):
        return function(stock, *args, **kwargs)

    return method


# What is put around methods of autobahn's protocol: (the stock's own, self, its arguments).


def refuse(stock, self, *args):
    drops, self.failByDrop = self.failByDrop, False  # else the client is not told why
    try:
        stock(self, *args)
    finally:
        self.failByDrop = drops
    self.message_data = []


def send(stock, self, *args, **kwargs):
    limit, self.maxMessagePayloadSize = self.maxMessagePayloadSize, 0
    try:
        return stock(self, *args, **kwargs)
    finally:
        self.maxMessagePayloadSize = limit


def receive(stock, self, payload):
    stock(self, payload)
    put_together(self.frame_data)


def end_frame(stock, self, payload):
    stock(self, payload)
    put_together(self.message_data)


def take(stock, self, data):
    limit = self.maxMessagePayloadSize
    if self.state == self.STATE_CONNECTING and 0 < limit < len(self.data) + len(data) - HEAD:
        self.dropConnection(abort=True)
    else:
        stock(self, data)


METHODS = {
    "_max_message_size_exceeded": refuse,
    "sendMessage": send,
    "onMessageFrameData": receive,
    "onMessageFrame": end_frame,
    "_dataReceived": take,
}


@patch.when_imported("daphne.http_protocol")
def repair_upgrade(http_protocol):
    from os import SEEK_END

    from ._upgrade import begin, is_websocket

    request = http_protocol.WebRequest
    stock = request.process

    def process(self):
        if is_websocket(self):
            limit = self.server.ws_factory.maxMessagePayloadSize
            size = self.content.seek(0, SEEK_END)
            self.content.seek(0)
            if 0 < limit < size:
                begin(self)
                title, explanation = b"Payload Too Large", "A WebSocket begins without a body"
                self.basic_error(413, title, explanation)
                return None
        return stock(self)

    patch.replace(request, "process", process)


def put_together(pieces):
    """Make one of a list of bytes-like pieces when they are many: each has its own overhead."""
    if pieces and len(pieces) > PIECES:
        whole = pieces[0] if isinstance(pieces[0], bytearray) else bytearray(pieces[0])
        for piece in pieces[1:]:
            whole += piece
        pieces[:] = [whole]
