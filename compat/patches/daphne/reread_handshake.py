"""
Read a WebSocket's handshake once, and make nothing for it that only other requests need.

Twisted read it line by line and made a request of it, which daphne wrote anew for autobahn, which
read it again; each step kept its copy. What comes whole and leaves nothing to be asked is now taken
as it is. Anything else goes the same way as before, and so does everything where a site has put
methods of its own into daphne, Twisted or autobahn, or where autobahn has other options.
https://github.com/django/daphne/blob/2.2.5/daphne/http_protocol.py#L136
"""

import functools

from ...patching.patch import APPLIED, Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.2.5,<3.0",
    requires={"twisted": ">=22.4,<25", "autobahn": ">=21.2,<25"},
    symptom="half of what a new WebSocket costs is reading its request twice, and it is kept",
)
KEYS = b"Sec-WebSocket-Key: ", b"sec-websocket-key: "


@patch.when_imported("daphne.server")
def repair(server):
    from autobahn.twisted import websocket as adapter
    from autobahn.websocket import protocol as websocket
    from daphne import http_protocol, ws_protocol

    from . import option_copies
    from ._openings import Openings
    from ._shared_state import CONSTANTS, Lazy, lazies, stored

    generic = getattr(http_protocol.http, "_GenericHTTPChannelProtocol", None)
    protocol = ws_protocol.WebSocketProtocol
    patch.expect(generic is not None, "twisted reads requests in another way")
    late = lazies(websocket, adapter)
    known = set(CONSTANTS) | set(late)
    known |= {"state", "send_state", "trafficStats", "peer", "channel_framing", "countConnections"}
    known |= {"serverConnectionDropTimeoutCall"}  # of clients
    base, ours = websocket.WebSocketProtocol, websocket.WebSocketServerProtocol
    made = adapter.WebSocketAdapterProtocol.connectionMade
    for function in (base.__init__, base._connectionMade, ours._connectionMade, made):
        more = stored(function) - known
        patch.expect(not more, "autobahn has more to set: %s" % ", ".join(sorted(more)))

    shared = option_copies.patch.state()[0] == APPLIED
    openings = Openings(http_protocol, ws_protocol, websocket, shared)
    stock = generic.dataReceived

    @functools.wraps(stock)
    def dataReceived(self, data):
        if self._negotiatedProtocol is None and any(key in data for key in KEYS):
            if openings.begin(self, data):
                return None
        return stock(self, data)

    for name, value in CONSTANTS.items():
        patch.add(protocol, name, value)
    patch.add(protocol, "send_state", protocol.SEND_STATE_GROUND)
    for name, make in late.items():
        patch.add(protocol, name, Lazy(name, make))
    patch.replace(generic, "dataReceived", dataReceived)
