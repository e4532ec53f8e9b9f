"""daphne's own protocols on a transport in memory, and an application that tells what it got."""

import asyncio
import logging
import time

from daphne.server import Server, reactor
from twisted.internet.testing import StringTransport

CALM = 6  # turns in which nothing was put off; applications need some for each other
SECONDS = 60  # for all that one piece brings about


class Complaints(logging.Handler):
    """What daphne says that no client should be able to make it say."""

    def __init__(self):
        super(Complaints, self).__init__(logging.ERROR)
        self.said = []

    def emit(self, record):
        self.said.append(record.getMessage())


class Application(object):
    """Accepts each WebSocket, and keeps (path, messages) of the last one, and the last scope."""

    told = asked = None

    def __init__(self, scope):
        self.scope = Application.asked = scope

    async def __call__(self, receive, send):
        told = Application.told = []
        if self.scope["type"] == "http":
            await receive()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        while True:
            message = await receive()
            if message["type"] == "websocket.connect":
                await send({"type": "websocket.accept"})
            elif message["type"] == "websocket.receive":
                told.append(message["text"] if "text" in message else message["bytes"])
            else:
                return


class Transport(StringTransport):
    """As a TCP connection: what is written after its end goes nowhere."""

    aborted = False

    def write(self, data):
        if not self.disconnecting:
            StringTransport.write(self, data)

    def abortConnection(self):
        self.aborted = self.disconnecting = True

    def loseConnection(self):
        self.disconnecting = True

    def resumeProducing(self):
        self.producerState = "producing"  # a real one may be resumed after its end

    def pauseProducing(self):
        self.producerState = "paused"

    def setTcpNoDelay(self, enabled):
        pass

    def setTcpKeepAlive(self, enabled):
        pass

    def getHandle(self):
        return None


class Daphne(object):
    """What daphne's run() sets up, without listening."""

    def __init__(self):
        from daphne.http_protocol import HTTPFactory
        from daphne.ws_protocol import WebSocketFactory

        self.loop = reactor._asyncioEventloop
        asyncio.set_event_loop(self.loop)
        self.server = Server(Application, endpoints=["unused"], signal_handlers=False)
        self.server.connections = {}
        self.server.http_factory = HTTPFactory(self.server)
        self.server.ws_factory = WebSocketFactory(self.server, server="Daphne")
        self.server.ws_factory.setProtocolOptions(autoPingTimeout=30, allowNullOrigin=True)
        self.complaints = Complaints()
        logging.getLogger().addHandler(self.complaints)

    def talk(self, pieces):
        """(bytes written, "open", "closed" or "aborted", the messages that the application got)."""
        Application.told = None
        transport = Transport()
        protocol = self.server.http_factory.buildProtocol(None)
        transport.protocol = protocol
        protocol.makeConnection(transport)
        for piece in pieces:
            if transport.disconnecting:
                break
            # After an upgrade the transport has another protocol.
            transport.protocol.dataReceived(piece)
            self.turn()
        self.turn()
        ended = "aborted" if transport.aborted else "closed" if transport.disconnecting else "open"
        written, told = transport.value(), Application.told
        self.forget(transport)
        return written, ended, told

    def turn(self):
        """Let applications and what daphne has put off run until nothing is left to do at once."""
        calm, until = 0, time.monotonic() + SECONDS
        while calm < CALM:
            # A large frame is parsed in as many turns as the machine needs for it.
            calm = 0 if is_due() else calm + 1
            assert time.monotonic() < until, "daphne finds no end"
            reactor.runUntilCurrent()
            self.loop.run_until_complete(asyncio.sleep(0))

    def forget(self, transport):
        from twisted.internet.error import ConnectionDone
        from twisted.python.failure import Failure

        transport.protocol.connectionLost(Failure(ConnectionDone()))
        self.turn()
        for details in list(self.server.connections.values()):
            application = details.get("application_instance")
            if application is not None and not application.done():
                application.cancel()
        self.turn()
        self.server.connections.clear()
        for call in reactor.getDelayedCalls():
            call.cancel()


def is_due():
    """Whether something was put off only to the next turn."""
    now = reactor.seconds()
    return any(call.getTime() <= now for call in reactor.getDelayedCalls())
