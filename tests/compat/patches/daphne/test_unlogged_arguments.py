"""What a new connection formats, with the patch and without it; and that a log says all of it."""

import re

import pytest

from tests.support.probe import probe, prove, source

NAME = "daphne.unlogged_arguments"
CONNECTION = """
import daphne.server
import autobahn.websocket.protocol as protocol
from autobahn import util
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.test.proto_helpers import StringTransport

def connect(log=None):
    factory = WebSocketServerFactory()
    factory.protocol = WebSocketServerProtocol
    connection = factory.buildProtocol(None)
    if log:
        connection.log = log
    connection.makeConnection(StringTransport())
    return connection
"""


@source(CONNECTION)
def formats(connect):
    import pprint

    found = []
    stock = pprint.PrettyPrinter.pformat
    pprint.PrettyPrinter.pformat = lambda self, value: found.append(value) or stock(self, value)
    connect()
    print(len(found))


def test_a_new_connection_lays_out_no_options():
    prove(NAME, formats, "0", "1")


@source(CONNECTION)
def logged(connect, protocol):
    class Log:
        def debug(self, text, **values):
            print(text.format(**values))

        def __getattr__(self, name):
            return lambda *args, **kwargs: None

    connection = connect(Log())
    connection.dataReceived(b"")
    connection.state = connection.STATE_OPEN
    connection.sendData(b"some bytes")
    timings = protocol.Timings()
    timings.track("known")
    print(str(timings)[:10], repr(protocol.hlval(5)), str(protocol.hltype(connect)))


def without_addresses(text):
    return re.sub("0x[0-9a-f]+", "0x", text)


def test_who_logs_it_sees_it_all():
    patched, stock = probe(logged, patch=NAME), probe(logged, disable=NAME, patch=NAME)
    if stock.returncode and "hlval" in stock.said:
        pytest.skip("this autobahn colours nothing")
    assert not stock.returncode, stock.error
    assert without_addresses(patched.said) == without_addresses(stock.said)
    assert "tcpNoDelay" in stock.said and "some bytes" not in stock.said
