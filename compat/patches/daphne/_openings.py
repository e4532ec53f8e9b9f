"""From the bytes of a handshake to its application and the answer, without reading them again."""

import base64
import functools
import hashlib
import time
import traceback
from operator import attrgetter
from urllib.parse import unquote

from ._handshakes import as_text, parameters, parse
from ._shared_state import options_of

REMEMBERED = 256  # origins, and offers of extensions, of which what became of them is kept
SHORT = 256  # characters of one that is remembered
# Methods that an opening stands for: where anybody else has put one, the usual way is gone.
STANDS_FOR = {
    "protocol": "__init__ makeConnection connectionMade _connectionMade dataReceived _dataReceived "
    "consumeData processHandshake succeedHandshake onConnect _onOpen _parseExtensionsHeader",
    "factory": "buildProtocol",
    "request": "__init__ process requestReceived gotLength parseCookies handleContentChunk",
    "channel": "dataReceived lineReceived headerReceived allHeadersReceived allContentReceived "
    "checkPersistence",
}
# Options of autobahn's with which there is more to do: what they are by default.
PLAIN = {
    "autoPingInterval": 0,
    "externalPort": None,
    "headers": {},
    "logOctets": False,
    "maxConnections": 0,
    "tcpNoDelay": True,
    "trackTimings": False,
    "trustXForwardedFor": 0,
}
OURS = __name__.partition(".")[0]


class Openings(object):
    """
    Makes WebSockets of daphne's of whole handshakes.

    shared: whether connections share autobahn's options; the other arguments are modules.
    """

    def __init__(self, http_protocol, ws_protocol, websocket, shared):
        from autobahn.twisted.util import peer2str
        from twisted.internet import defer, tcp, unix
        from twisted.python.failure import Failure
        from twisted.web.http import HTTPChannel

        self.plain = tcp.Server, unix.Server
        self.defer, self.failure, self.websocket = defer, Failure, websocket
        self.daphnes = ws_protocol
        self.protocol, self.factory = ws_protocol.WebSocketProtocol, ws_protocol.WebSocketFactory
        self.request, self.channel = http_protocol.WebRequest, HTTPChannel
        self.logger = http_protocol.logger
        self.peer = peer2str
        if peer2str.__code__.co_varnames[0] == "addr":  # before autobahn 21.11
            self.peer = lambda transport: peer2str(transport.getPeer())
        self.methods = [
            (getattr(self, name), attrgetter(*names.split())) for name, names in STANDS_FOR.items()
        ]
        self.options = attrgetter(*PLAIN)
        self.plain_options = tuple(PLAIN.values())
        options = options_of(self.protocol)
        self.share = options.share if shared else options.copy
        self.own = self.others = None  # methods that may be stood for, and some that may not
        self.allows = remembering(self.allowed)
        self.extensions = remembering(self.parsed)

    # Whether ------------------------------------------------------------------------------

    def begin(self, connection, data):
        """Make a WebSocket of the first bytes of a connection; False where they are not that."""
        channel = connection._channel
        if type(channel) is not self.channel or channel.requestFactory is not self.request:
            return False
        transport, server = channel.transport, getattr(channel.factory, "server", None)
        factory = getattr(server, "ws_factory", None)
        if (
            type(transport) not in self.plain
            or transport.disconnecting
            or getattr(transport, "TLS", False)
            or type(factory) is not self.factory
            or factory.protocol is not self.protocol
            or factory.server_class is not server
            or 13 not in factory.versions
            or self.options(factory) != self.plain_options
            or not self.is_stock()
        ):
            return False
        handshake = parse(data)
        if handshake is None:
            return False
        if handshake.origin is not None:
            rules = factory.allowNullOrigin, factory.isSecure, factory.port
            patterns = tuple(factory.allowedOriginsPatterns)
            if not self.allows(handshake.origin, rules, patterns):
                return False
        channel.setTimeout(None)
        transport.unregisterProducer()
        protocol = self.make(factory, transport, handshake)
        protocol.trafficStats = stats = self.websocket.TrafficStats()
        stats.preopenIncomingOctetsWireLevel = len(data)
        self.connect(protocol, handshake)
        return True

    def is_stock(self):
        """Whether all methods that this stands for are the libraries', with our repairs of them."""
        now = [get(owner) for owner, get in self.methods]
        if now == self.own:
            return True
        if now == self.others:
            return False
        if all(is_known(one) for methods in now for one in as_tuple(methods)):
            self.own = now
            return True
        self.others = now
        return False

    def allowed(self, origin, rules, patterns):
        """Whether autobahn lets such a page in."""
        null, secure, port = rules
        try:
            found = self.websocket._url_to_origin(origin)
            if found == "null" and null:
                return True
            scheme = "https" if secure else "http"
            return self.websocket._is_same_origin(found, scheme, port, patterns)
        except ValueError:
            return False

    def parsed(self, header):
        """What autobahn makes of Sec-WebSocket-Extensions; many clients send the same."""
        return self.protocol._parseExtensionsHeader(None, header)

    # What autobahn does when a connection is there, and with a handshake -------------------

    def make(self, factory, transport, handshake):
        """A protocol in the place of the HTTP one, for which nobody has decided yet."""
        protocol = self.protocol.__new__(self.protocol)
        protocol.factory, protocol.transport, protocol.connected = factory, transport, 1
        self.share(protocol)
        protocol.state = protocol.STATE_CONNECTING
        protocol.peer = peer = self.peer(transport)
        factory.countConnections += 1
        if protocol.openHandshakeTimeout > 0:
            protocol.openHandshakeTimeoutCall = factory._batched_timer.call_later(
                protocol.openHandshakeTimeout, protocol.onOpenHandshakeTimeout
            )
        transport.protocol = protocol
        header = handshake.extensions
        protocol.websocket_extensions = [] if header is None else self.extensions(header)
        protocol.websocket_protocols = handshake.protocols
        protocol._wskey = handshake.key
        protocol._raw_query_string = handshake.query
        protocol.request = request_of(self.websocket.ConnectionRequest)(
            handshake, peer, protocol.websocket_extensions
        )
        return protocol

    # What daphne does with a handshake ----------------------------------------------------

    def connect(self, protocol, handshake):
        """Hand a handshake to the application, which will decide."""
        protocol.server = server = protocol.factory.server_class
        try:
            server.protocol_connected(protocol)
            protocol.socket_opened = protocol.last_ping = time.time()
            protocol.clean_headers = handshake.headers
            peer, host = protocol.transport.getPeer(), protocol.transport.getHost()
            protocol.client_addr = protocol.server_addr = None
            if hasattr(peer, "host") and hasattr(peer, "port"):
                protocol.client_addr = [str(peer.host), peer.port]
                protocol.server_addr = [str(host.host), host.port]
            if server.proxy_forwarded_address_header:
                (
                    protocol.client_addr,
                    protocol.client_scheme,
                ) = self.daphnes.parse_x_forwarded_for(
                    dict(handshake.headers),
                    server.proxy_forwarded_address_header,
                    server.proxy_forwarded_port_header,
                    server.proxy_forwarded_proto_header,
                    protocol.client_addr,
                )
            self.logger.debug("Upgraded connection %s to WebSocket", protocol.client_addr)
            protocol.path = handshake.path
            self.create(
                protocol,
                {
                    "type": "websocket",
                    "path": unquote(handshake.path.decode()),
                    "headers": handshake.headers,
                    "query_string": handshake.query,
                    "client": protocol.client_addr,
                    "server": protocol.server_addr,
                    "subprotocols": offered(handshake),
                },
            )
        except Exception:
            self.daphnes.logger.error(traceback.format_exc())
            self.refuse(protocol, self.failure())
            return
        protocol.handshake_deferred = decision = self.defer.Deferred()
        decision.addCallbacks(
            functools.partial(self.succeed, protocol), functools.partial(self.refuse, protocol)
        )

    def create(self, protocol, scope):
        """Make the application, and give it its first message."""
        try:
            queue = protocol.server.create_application(protocol, scope)
            if not isinstance(queue, self.defer.Deferred):
                protocol.applicationCreateWorked(queue)
                return
        except Exception:
            queue = self.defer.fail()
        protocol.application_deferred = queue
        queue.addCallback(protocol.applicationCreateWorked)
        queue.addErrback(protocol.applicationCreateFailed)

    # What autobahn does with the decision -------------------------------------------------

    def refuse(self, protocol, failure):
        """Answer with the status that a ConnectionDeny has."""
        error = failure.value
        if isinstance(error, self.daphnes.ConnectionDeny):
            protocol.failHandshake(error.reason, error.code)
            return
        protocol.log.warn("Unexpected exception in onConnect ['{err.value}']", err=failure)
        protocol.log.warn("{tb}", tb=failure.getTraceback())
        protocol.failHandshake("Internal server error: {}".format(error), 500)

    def succeed(self, protocol, chosen):
        """Answer that the WebSocket is open, with one of the offered subprotocols or None."""
        known = chosen is None or (type(chosen) is str and chosen in protocol.websocket_protocols)
        if not known or not self.declines(protocol):
            return protocol.succeedHandshake(chosen)
        lines = ["HTTP/1.1 101 Switching Protocols"]
        if protocol.factory.server:
            lines.append("Server: " + protocol.factory.server)
        lines += ["Upgrade: WebSocket", "Connection: Upgrade"]
        if chosen is not None:
            lines.append("Sec-WebSocket-Protocol: " + chosen)
        key = protocol._wskey.encode() + protocol._WS_MAGIC
        digest = hashlib.sha1(key).digest()  # noqa: S324
        lines += ["Sec-WebSocket-Accept: " + base64.b64encode(digest).decode(), "", ""]
        response = "\r\n".join(lines).encode()
        protocol.websocket_protocol_in_use = chosen
        del protocol._wskey
        timeout, protocol.openHandshakeTimeoutCall = protocol.openHandshakeTimeoutCall, None
        if timeout is not None:
            timeout.cancel()
        # Open before it is written, so that it goes out at once: see slow_sends.
        protocol.state = protocol.STATE_OPEN
        protocol.sendData(response)
        stats = protocol.trafficStats
        stats.outgoingOctetsWireLevel, stats.preopenOutgoingOctetsWireLevel = 0, len(response)
        return self.opened(protocol)

    def opened(self, protocol):
        """The rest, when the answer is on its way."""
        protocol.onOpen()
        if "is_open" in vars(protocol):
            protocol.is_open.callback(None)
        if protocol.data:
            protocol.consumeData()

    def declines(self, protocol):
        """Whether no extension that the client offers is agreed upon."""
        known = self.websocket.PERMESSAGE_COMPRESSION_EXTENSION
        offers = []
        for name, wishes in protocol.websocket_extensions:
            if name in known:
                try:
                    offers.append(known[name]["Offer"].parse(wishes))
                except Exception:
                    return False  # autobahn says why
        return not offers or protocol.perMessageCompressionAccept(offers) is None


def offered(handshake):
    """The subprotocols, as daphne's scope has them."""
    for name, value in handshake.headers:
        if name == b"sec-websocket-protocol":
            return [one.strip() for one in unquote(value.decode("ascii")).split(",")]
    return []


def remembering(function):
    """The function, which remembers what it has made of short texts."""
    cached = functools.lru_cache(REMEMBERED)(function)
    return lambda text, *more: (cached if len(text) <= SHORT else function)(text, *more)


def as_tuple(found):
    """What attrgetter() has found: of one name it is no tuple."""
    return found if isinstance(found, tuple) else (found,)


def is_known(function):
    """Whether a function, and whatever it is put around, is the libraries' or this package's."""
    while function is not None:
        names = getattr(function, "__globals__", {}).get("__name__", "")
        if names.partition(".")[0] not in (OURS, "daphne", "twisted", "autobahn"):
            return False
        function = getattr(function, "__wrapped__", None)
    return True


@functools.lru_cache(None)
def request_of(base):
    """A ConnectionRequest of autobahn's that makes its texts when somebody wants them."""

    class Request(base):
        __slots__ = ("raw_headers", "raw_query", "asks")

        def __init__(self, handshake, peer, extensions):
            self.raw_headers, self.raw_query = handshake.headers, handshake.query
            self.asks = handshake.asks
            self.peer, self.host, self.path = peer, handshake.host, handshake.path.decode()
            self.version, self.origin = 13, (handshake.origin or "").strip()
            self.protocols, self.extensions = handshake.protocols, extensions

        headers = property(lambda self: as_text(self.raw_headers))
        params = property(lambda self: parameters(self.raw_query))

        def target(self):
            """The address as it was sent."""
            return self.path + "?" * self.asks + self.raw_query.decode()

    Request.__name__ = Request.__qualname__ = base.__name__
    Request.__module__ = base.__module__
    return Request
