"""
Compress messages of COMPAT_WEBSOCKET_DEFLATE_FROM bytes and more, for clients that offer it.

daphne declined every offer, which stays so without the variable. Smaller messages are sent as
they are. What clients send compressed counts by what becomes of it: COMPAT_WEBSOCKET_MAX_BYTES.
https://www.rfc-editor.org/rfc/rfc7692
"""

import functools

from ..._kinds import Number
from ..._settings import Variable
from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="large messages go through the network as they are, though every browser offers less",
)

deflate_from = Variable(
    "COMPAT_WEBSOCKET_DEFLATE_FROM",
    Number("bytes", zero="nothing is compressed, and no offer accepted"),
    0,
    "The smallest message that is compressed on its way to a client of a WebSocket that offers "
    "permessage-deflate, as browsers do.",
    "Environment of daphne",
)


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    least = deflate_from()
    if not least:
        raise NotNeeded("COMPAT_WEBSOCKET_DEFLATE_FROM asks for no compression")
    from zlib import error as ZlibError

    from ._deflate import Deflate, TooLarge, accept

    protocol, factory = ws_protocol.WebSocketProtocol, ws_protocol.WebSocketFactory
    send, take = getattr(protocol, "sendMessage", None), getattr(protocol, "onFrameData", None)
    patch.expect(
        send and take and hasattr(protocol, "_invalid_payload"), "autobahn compresses differently"
    )
    opened, init = protocol.onOpen, factory.__init__

    @functools.wraps(init)
    def __init__(self, *args, **kwargs):
        init(self, *args, **kwargs)
        self.setProtocolOptions(perMessageCompressionAccept=accept)

    @functools.wraps(opened)
    def onOpen(self):
        # Nothing has been sent or parsed yet.
        if self._perMessageCompress is not None:
            self._perMessageCompress = Deflate(least, self.maxMessagePayloadSize)
        return opened(self)

    @functools.wraps(send)
    def sendMessage(
        self, payload, isBinary=False, fragmentSize=None, sync=False, doNotCompress=False
    ):
        as_it_is = doNotCompress or len(payload) < least
        return send(self, payload, isBinary, fragmentSize, sync, as_it_is)

    @functools.wraps(take)
    def onFrameData(self, payload):
        try:
            return take(self, payload)
        except TooLarge:  # autobahn counts what came over the wire
            self.wasMaxMessagePayloadSizeExceeded = True
            self.frame_data = []
            limit = self.maxMessagePayloadSize
            self._max_message_size_exceeded(limit + 1, limit, "a message is too large")
        except ZlibError:
            return not self._invalid_payload("what it has compressed cannot be inflated")

    patch.replace(factory, "__init__", __init__)
    patch.replace(protocol, "onOpen", onOpen)
    for name, function in (("sendMessage", sendMessage), ("onFrameData", onFrameData)):
        # autobahn's own is inherited, unless another repair has put one here.
        change = patch.replace if name in vars(protocol) else patch.add
        change(protocol, name, function)
