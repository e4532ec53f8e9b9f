"""How a daphne ends on a signal: what is in flight first, but never later than asked for."""

import _thread
import asyncio
import logging
import os
import signal
import sys
import time

from ...close_codes import RESTART

TICK = 0.05  # seconds between two looks at what is left
NAMED = 10  # how many requests a log line names


class Drain(object):
    """
    What a signal begins in a process with one `daphne.server.Server`.

    Listening ends at once. WebSockets are closed with 1012 within the first fifth of `limit`
    seconds, idle connections at once, others after the response that they wait for. The last
    second (fifth, if that is less) is for what had to be cancelled; then the process ends,
    whatever still runs.
    """

    def __init__(self, server, reactor, limit, logger):
        self.server = server
        self.reactor = reactor
        self.limit = limit
        # How long a client may leave a closing handshake or half a request, and an
        # application its cancellation.
        self.grace = min(1.0, limit / 5)
        self.logger = logger
        self.ports = []
        self.pid = os.getpid()
        self.stock = {}  # signal → Twisted's handler, which stops the reactor
        self.signum = self.began = None
        self.cancelled = None  # names of what was in flight when its time was over
        self.stalled = {}  # request that nobody works on → (bytes of its body, since when)
        self.told, self.told_again = locked(), locked()
        self.why, self.wanted, self.reported = "", locked(), locked()  # of the last report

    # Signals -----------------------------------------------------------------------------

    def install(self):
        """Put this in front of Twisted's handlers, where they are installed."""
        from twisted.internet import tcp

        self.accepted = tcp.Server  # unix.Server is one
        for signum, stock in (
            (signal.SIGTERM, self.reactor.sigTerm),
            (signal.SIGINT, self.reactor.sigInt),
        ):
            if signal.getsignal(signum) == stock:
                self.stock[signum] = stock
                signal.signal(signum, self.on_signal)
        if self.stock:
            # Now, because a handler must not start threads: it may have interrupted just that; and
            # from Python 3.12 on nobody may, once the interpreter waits for its threads to end.
            # It waits for none that are started so.
            _thread.start_new_thread(self.watch, ())
            _thread.start_new_thread(self.report, ())

    def on_signal(self, signum, frame):
        if os.getpid() != self.pid:
            self.stock[signum](signum, frame)  # a fork, which has no server of its own
        elif self.signum is None:
            self.signum = signum  # at once: another signal may interrupt this
            self.began = time.monotonic()
            self.told.release()
            self.reactor.callFromThread(self.begin)
        elif self.told_again.locked():
            self.told_again.release()

    def begin(self):
        asyncio.ensure_future(self.drain())

    # The watch, in a thread of its own: the event loop may be what is blocked. ------------

    def watch(self):
        self.told.acquire()
        margin = min(0.25, self.limit / 20)  # for the report
        if self.told_again.acquire(True, self.limit - margin):
            status, self.why = 128 + self.signum, "told twice to stop"
        else:
            status, self.why = 1, "not done within %g s" % self.limit
        try:
            self.wanted.release()
            self.reported.acquire(True, margin)  # whoever is stuck may hold a lock of logging
        finally:
            os._exit(status)

    def report(self):
        self.wanted.acquire()
        try:
            running = self.cancelled
            if running is None:
                running = self.in_flight()
            self.logger.warning("Ended by force, %s; still running: %s", self.why, listed(running))
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            self.reported.release()

    # Draining, on the event loop. ---------------------------------------------------------

    async def drain(self):
        name = signal.Signals(self.signum).name
        self.logger.info("%s: up to %g s for what is in flight", name, self.limit)
        try:
            for port in self.ports:
                port.stopListening()
            while self.step():
                if self.elapsed() > self.limit - self.grace:
                    self.cancelled = self.in_flight()
                    if self.cancelled:
                        self.logger.warning("Cancelled at stop: %s", listed(self.cancelled))
                    break
                await asyncio.sleep(TICK)
            self.server.application_checker()  # logs what has failed since it ran last
        except Exception:
            self.logger.exception("Not all could be drained")
        finally:
            self.stock[self.signum](self.signum, None)

    def elapsed(self):
        return time.monotonic() - self.began

    def step(self):
        """Close what can be closed by now; False when nothing is left."""
        sockets, streams = [], []
        transports = self.transports()
        for transport in transports:
            outer = transport.protocol
            protocol = getattr(outer, "wrappedProtocol", None) or outer  # in TLS
            if hasattr(protocol, "sendCloseFrame"):
                sockets.append(protocol)
                continue
            channel = getattr(protocol, "_channel", protocol)
            if self.is_busy(channel):
                close_after_response(channel)
                # One that goes on until somebody ends it: see compat.streams.over_http.
                for request in getattr(channel, "requests", ())[:1]:
                    if hasattr(request, "compat_restart"):
                        streams.append(request)
            else:
                # Not the transport's, where there is one: TLS would wait for its producer.
                getattr(channel, "loseConnection", transport.loseConnection)()
        self.restart([socket for socket in sockets if socket.state == socket.STATE_OPEN], streams)
        return bool(transports) or any(
            is_running(details) for details in self.server.connections.values()
        )

    def transports(self):
        """The connections that daphne's ports have accepted; reading may be paused, too."""
        found = self.reactor.getReaders() + self.reactor.getWriters()
        for protocol in self.server.connections:
            owner = getattr(protocol, "channel", None) or protocol
            transport = getattr(owner, "transport", None)
            found.append(getattr(transport, "transport", transport))  # under TLS
        return {
            transport
            for transport in found
            if isinstance(transport, self.accepted)
            and transport.connected
            and transport.server in self.ports
        }

    def is_busy(self, channel):
        """Whether an HTTP connection is owed a response, and its client waits for it or sends."""
        requests = getattr(channel, "requests", None)
        if not requests:
            return bool(getattr(channel, "streams", None))  # of HTTP/2
        details = self.server.connections.get(requests[0], {})
        if "application_instance" in details:
            return True
        content = requests[0].content
        size = 0 if content is None or content.closed else content.tell()
        seen, since = self.stalled.get(requests[0], (None, 0))
        if size != seen:
            self.stalled[requests[0]] = size, self.elapsed()
            return True
        return self.elapsed() - since < self.grace

    def restart(self, sockets, streams):
        """
        Close some WebSockets, so that all are closed in time and do not return at once.

        And some responses that do not end by themselves.
        """
        steps = max(1, (self.limit / 5 - self.elapsed()) / TICK)
        for request in streams[: max(5, int(len(streams) / steps) + 1)]:
            vars(request).pop("compat_restart")()
        for socket in sockets[: max(5, int(len(sockets) / steps) + 1)]:
            socket.closeHandshakeTimeout = self.grace
            socket.compat_restart = True
            socket.sendCloseFrame(code=RESTART, reasonUtf8=b"service restart")

    def in_flight(self):
        """Names of the requests and WebSockets that have not ended."""
        return [
            named(protocol)
            for protocol, details in list(self.server.connections.items())
            if is_running(details) or "disconnected" not in details
        ]


def locked():
    lock = _thread.allocate_lock()
    lock.acquire()
    return lock


def is_running(details):
    """Whether an entry of `Server.connections` has an application that has not ended."""
    application = details.get("application_instance")
    return application is not None and not application.done()


def close_after_response(channel):
    """Let an HTTP connection end with the response that is in flight, or on its way in."""

    def checkPersistence(request, version):
        request.responseHeaders.setRawHeaders(b"connection", [b"close"])
        return False

    if getattr(channel, "persistent", False):
        channel.persistent = False
        channel.checkPersistence = checkPersistence  # for the headers that are not complete
        if not channel.requests[0].startedWriting:
            checkPersistence(channel.requests[0], None)


def named(protocol):
    """GET /path, without the query, which may hold secrets."""
    path = getattr(protocol, "path", None)
    if not isinstance(path, bytes):
        return "an incomplete request"
    method = "WebSocket" if hasattr(protocol, "sendCloseFrame") else protocol.method.decode()
    return ascii("%s %s" % (method, path.decode("latin1")))[1:-1]


def listed(names):
    more = len(names) - NAMED
    shown = ", ".join(names[:NAMED]) or "a thread that no connection waits for"
    return "%s and %d more" % (shown, more) if more > 0 else shown
