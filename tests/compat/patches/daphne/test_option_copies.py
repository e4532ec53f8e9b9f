"""Where a connection has autobahn's options from, with the patch and without it."""

from tests.support.probe import prove, source

CONNECTIONS = """
import daphne.server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.test.proto_helpers import StringTransport

def factory(**options):
    found = WebSocketFactory(None, server="Daphne")
    found.setProtocolOptions(**options)
    return found

def connect(factory):
    connection = factory.buildProtocol(None)
    connection.makeConnection(StringTransport())
    return connection

def options(connection):
    return {name: getattr(connection, name) for name in connection.CONFIG_ATTRS}

def of(factory):
    return {name: getattr(factory, name) for name in WebSocketProtocol.CONFIG_ATTRS}
"""


@source(CONNECTIONS)
def copies(factory, connect):
    connection = connect(factory())
    print(len([name for name in connection.CONFIG_ATTRS if name in vars(connection)]) > 20)


def test_a_connection_copies_no_options():
    prove("daphne.option_copies", copies, "False", "True")


@source(CONNECTIONS)
def values(factory, connect, options, of):
    first, second = factory(), factory(autoPingInterval=7, failByDrop=False)
    a, b = connect(first), connect(second)
    assert options(a) == of(first) and options(b) == of(second) != of(first)
    # What one connection sets is its own, and what a factory is told is for those that come.
    a.autoPingSize = 99
    first.setProtocolOptions(openHandshakeTimeout=3)
    c = connect(first)
    assert options(c) == of(first) and c.autoPingSize != 99 and c.openHandshakeTimeout == 3
    assert a.openHandshakeTimeout == 5 and b.autoPingInterval == 7
    print("as told")


def test_each_connection_has_its_factorys():
    prove("daphne.option_copies", values, "as told", "as told")
