"""What every WebSocket of autobahn's begins with: kept in the class, or made when it is wanted."""

import functools
from collections import deque
from operator import attrgetter, is_

# What autobahn sets in each of them, and daphne. None of these is changed in place.
CONSTANTS = {
    "_perMessageCompress": None,
    "_valid_events": ["message"],
    "autoPingPending": None,
    "autoPingPendingCall": None,
    "autoPingPendingSent": None,
    "autoPingPendingSeq": 0,
    "autoPingTimeoutCall": None,
    "closeHandshakeTimeoutCall": None,
    "closedByMe": False,
    "current_frame": None,
    "data": b"",
    "droppedByMe": False,
    "failedByMe": False,
    "inside_message": False,
    "localCloseCode": None,
    "localCloseReason": None,
    "openHandshakeTimeoutCall": None,
    "peer_transport": "websocket",
    "protocol_to_accept": None,
    "remoteCloseCode": None,
    "remoteCloseReason": None,
    "trackedTimings": None,
    "triggered": False,
    "wasClean": False,
    "wasCloseHandshakeTimeout": False,
    "wasMaxFramePayloadSizeExceeded": False,
    "wasMaxMessagePayloadSizeExceeded": False,
    "wasNotCleanReason": None,
    "wasOpenHandshakeTimeout": False,
    "wasServerConnectionDropTimeout": False,
    "wasServingFlashSocketPolicyFile": False,
    "websocket_version": 13,
}


MISSING = object()


class Options(object):
    """
    autobahn's options, which it copies into each connection.

    Those of the first factory are in the class; what another one has else, its connections have.
    """

    def __init__(self, protocol):
        self.protocol, self.names = protocol, tuple(protocol.CONFIG_ATTRS)
        self.get = attrgetter(*self.names)
        self.shared = {}
        self.values = None  # of a factory whose connections need none of their own

    def share(self, connection):
        """Give a connection its factory's options."""
        factory = connection.factory
        try:
            values = self.get(factory)
        except AttributeError:  # it has not all of them
            values = None
        else:
            if self.values is not None and all(map(is_, values, self.values)):
                return
        same = values is not None
        for name, value in vars(factory).items():
            if name not in self.names:
                continue
            known = self.shared.get(name, MISSING)
            if known is MISSING:
                self.shared[name] = value
                # A function would be a method of the class.
                kept = staticmethod(value) if hasattr(value, "__get__") else value
                setattr(self.protocol, name, kept)
            elif known is not value:
                same = False
                if name not in vars(connection):
                    setattr(connection, name, value)
        if same and len(self.shared) == len(self.names):
            self.values = values

    def copy(self, connection):
        """As share(), but none becomes the class'."""
        for name, value in vars(connection.factory).items():
            if name in self.names:
                setattr(connection, name, value)


@functools.lru_cache(None)
def options_of(protocol):
    """The Options of a class."""
    return Options(protocol)


class Lazy(object):
    """An attribute that is made by a function of its object when it is first asked for."""

    __slots__ = ("name", "make")

    def __init__(self, name, make):
        self.name, self.make = name, make

    def __get__(self, one, owner=None):
        if one is None:
            return self
        value = vars(one)[self.name] = self.make(one)
        return value


def stored(function):
    """Names of the attributes that a function, below what is put around it, sets."""
    import dis
    from inspect import unwrap

    code = unwrap(function).__code__
    return {one.argval for one in dis.get_instructions(code) if one.opname == "STORE_ATTR"}


def lazies(websocket, adapter):
    """{name: function of a protocol} of what is made late; modules of autobahn's."""
    from twisted.internet.defer import Deferred

    def is_open(protocol):
        found = Deferred()
        if protocol.state in (protocol.STATE_OPEN, protocol.STATE_CLOSING):
            found.callback(None)
        return found

    def details(protocol):
        found = adapter.create_transport_details(protocol.transport, protocol.is_server)
        found.channel_framing = adapter.TransportDetails.CHANNEL_FRAMING_WEBSOCKET
        return found

    made = {
        "is_open": is_open,
        "is_closed": lambda protocol: Deferred(),
        "_results": lambda protocol: {"message": None},
        "send_queue": lambda protocol: deque(),
        "utf8validator": lambda protocol: websocket.Utf8Validator(),
        # What autobahn keeps of the handshake.
        "http_headers": lambda protocol: protocol.request.headers,
        "http_request_host": lambda protocol: protocol.request.host,
        "http_request_params": lambda protocol: protocol.request.params,
        "http_request_path": lambda protocol: protocol.request.path,
        "http_request_uri": lambda protocol: protocol.request.target(),
        "http_status_line": lambda protocol: "GET %s HTTP/1.1" % protocol.request.target(),
        "websocket_extensions_in_use": lambda protocol: [],
        "websocket_origin": lambda protocol: protocol.request.origin,
    }
    if hasattr(adapter, "create_transport_details"):
        made["_transport_details"] = details
    return made
